//! The Interfaces of a multicast socket whose technology knows groups by Group Name.

use super::attached::Attached;
use super::state::{Control, GroupState, Happened};
use crate::config::Config;
use crate::counters::InterfaceCounters;
use crate::error::{Error, Result};
use crate::frame::{FRAGMENT_HEADER, Framing, MAX_MESSAGE, seal};
use crate::group::{EventType, OwnGroup};
use crate::interfaces::carriers;
use crate::name::{Group, Name};
use crate::receive::{Inbound, Inlet, twins};
use crate::send::{CarrierWay, Target, Way};
use crate::technology::Carrier;
use crate::technology::ip::Sender;
use carrier::{Hearing, Reach};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use sys::udp;

/// No frame is longer: carriers take every message whole.
pub(super) const WHOLE: usize = MAX_MESSAGE + FRAGMENT_HEADER + seal::SEAL;

/// An Interface of the socket that is a carrier.
pub(super) struct Carried {
    pub id: u32,
    pub carrier: &'static Carrier,
    pub ttl: u8,
    pub counters: Arc<InterfaceCounters>,
}

/// A group that a carrier brings.
pub(super) struct Brought {
    pub id: u32,
    inlet: Arc<Inlet>,
    hearing: Hearing,
}

impl Brought {
    /// From now on all groups of the namespace are opened with another key. Gives the decoders that have the old one.
    pub(super) fn set_framing(&self, framing: &Framing) -> Vec<usize> {
        self.inlet.set_framing(framing)
    }
}

impl Control {
    /// Takes the carrier of this id; false when it is none.
    pub(super) fn attach_carrier(&mut self, id: u32) -> Result<bool> {
        let Some(carrier) = carriers::carrier(id)? else { return Ok(false) };
        if !self.carried.iter().any(|c| c.id == id) {
            self.carried.push(Carried { id, carrier, ttl: self.ttl, counters: Arc::default() });
        }
        Ok(true)
    }

    /// Gives the carrier of this id up; false when it is none of the socket's.
    pub(super) fn detach_carrier(&mut self, id: u32) -> bool {
        let before = self.carried.len();
        self.carried.retain(|c| c.id != id);
        for state in self.groups.values_mut() {
            state.announcements.retain(|(at, _)| *at != id);
        }
        self.carried.len() < before
    }

    /// Says by the socket's carriers that it is a source of the group.
    pub(super) fn announce_source(&mut self, name: &Arc<str>) {
        let Some(state) = self.groups.get_mut(name) else { return };
        for c in &self.carried {
            if state.announcements.iter().any(|(id, _)| *id == c.id) {
                continue;
            }
            match c.carrier.announce_sender(name) {
                Ok(announcement) => state.announcements.push((c.id, announcement)),
                Err(e) => log::warn!("{name} on {}: {e}: nobody is told of the source", c.carrier.label()),
            }
        }
    }

    /// Says so of all groups, at a carrier that is new to the socket.
    pub(super) fn announce_sources(&mut self) {
        let sources = self.groups.values().filter(|state| state.is_source());
        let names: Vec<_> = sources.map(|state| state.name.clone()).collect();
        names.iter().for_each(|name| self.announce_source(name));
    }

    /// The ways out to a group by carriers.
    pub(super) fn carrier_targets(
        &self,
        name: &Name,
        sources: &[u8],
        config: &Config,
        failed: &mut Vec<u32>,
        error: &mut Option<Error>,
    ) -> Vec<Target> {
        let mut targets = Vec::new();
        if *name.group() == Group::All {
            return targets;
        }
        for c in &self.carried {
            let reach = match (c.ttl, config.loopback) {
                (0, false) => None,
                (0, true) => Some(Reach::Local),
                (_, true) => Some(Reach::All),
                (_, false) => Some(Reach::NotLocal),
            };
            match c.carrier.way(name.normal()) {
                Ok(way) => targets.push(Target {
                    way: Way::Carrier(CarrierWay { way, ttl: c.ttl, reach, sources: sources.into() }),
                    interface: c.carrier.label(),
                    counters: c.counters.clone(),
                }),
                Err(e) => {
                    let e = Error::from_io(&e, format!("send to {name} on {}", c.carrier.label()));
                    log::warn!("{e}");
                    failed.push(c.id);
                    error.get_or_insert(e);
                }
            }
        }
        targets
    }

    pub(super) fn own_at_carriers(&self, state: &GroupState, list: &mut Vec<OwnGroup>) {
        for c in &self.carried {
            let listener = state.brought.iter().any(|brought| brought.id == c.id);
            if listener || state.is_source() {
                list.push(OwnGroup {
                    ifindex: c.id,
                    name: state.name.clone(),
                    address: state.mapped.framing.tag.address(),
                    source: None,
                    listener,
                    sender: state.is_source(),
                });
            }
        }
    }
}

impl GroupState {
    /// Hears the group by these carriers, and by no other any more. Returns by how many.
    pub fn settle_carriers(
        &mut self,
        inbound: &Arc<Inbound>,
        carried: &[Carried],
        happened: &mut Vec<Happened>,
        failures: &mut Vec<Error>,
    ) -> usize {
        while let Some(i) = self.brought.iter().position(|b| !carried.iter().any(|c| c.id == b.id)) {
            self.stop_hearing(inbound, i, happened);
        }
        for c in carried {
            if self.brought.iter().any(|brought| brought.id == c.id) {
                continue;
            }
            match self.listen(inbound, c) {
                Ok(brought) => {
                    self.brought.push(brought);
                    happened.push(self.happened_at(EventType::Join, c.id));
                }
                Err(e) => {
                    let doing = format!("join {} on {}", self.name, c.carrier.label());
                    failures.push(Error::from_io(&e, doing));
                }
            }
        }
        self.brought.len()
    }

    fn listen(&mut self, inbound: &Arc<Inbound>, c: &Carried) -> std::io::Result<Brought> {
        let &Carried { id, carrier, ref counters, .. } = c;
        inbound.set_carried();
        let name = self.name.clone();
        let heard = carrier::Heard::of(&name);
        let inlet = if let carrier::Heard::All { .. } = heard {
            inbound.namespace_inlet(id, counters, &self.mapped.framing)
        } else {
            let decoder = self.decode(inbound).decoder;
            Inlet::one(id, counters, &name, decoder)
        };
        let (inlet, weak) = (Arc::new(inlet), Arc::downgrade(inbound));
        inbound.open_inlet(&inlet);
        let inside = inlet.clone();
        let hearing = carrier.hear(heard, move |arrived| {
            if let Some(inbound) = weak.upgrade() {
                inbound.take_in(&inside, arrived);
            }
        });
        let hearing = hearing.inspect_err(|_| inbound.close_inlet(&inlet))?;
        Ok(Brought { id, inlet, hearing })
    }

    /// Hears it no more by one of its carriers.
    pub fn stop_hearing(&mut self, inbound: &Inbound, i: usize, happened: &mut Vec<Happened>) {
        let Brought { id, inlet, hearing } = self.brought.remove(i);
        happened.push(self.happened_at(EventType::Leave, id));
        drop(hearing);
        inbound.close_inlet(&inlet);
    }

    fn happened_at(&self, event: EventType, ifindex: u32) -> Happened {
        let (address, name) = (self.mapped.framing.tag.address(), self.name.clone());
        Happened { event, ifindex, address, source: None, name }
    }

    /// Which ways the group comes in now.
    pub fn settle_twins(&self, inbound: &Inbound, by_ip: bool, by_carriers: bool) {
        if self.mapped.raw && (by_carriers || !by_ip) {
            inbound.expect_twins(&self.name, by_ip);
        }
    }
}

/// At most so many addresses of its own a sender tells.
const SOURCES: usize = 32;

/// Adds where the messages of a sender come from in technology `ip`; `receive::twins` reads it.
pub(super) fn tell_sources(list: &mut Vec<u8>, sender: &Sender, attached: &Attached) {
    let Some((device, port)) =
        attached.device.as_ref().zip(udp::port(&sender.fd).ok().filter(|port| *port != 0))
    else {
        return;
    };
    let own = device.v4.iter().copied().map(IpAddr::V4);
    let own = own.chain(device.v6.iter().map(|(address, _)| IpAddr::V6(*address)));
    let fits = |address: &IpAddr| match sender.source {
        Some(source) => *address == source,
        None => address.is_ipv6() == sender.v6,
    };
    for address in own.filter(fits).take(SOURCES) {
        twins::write(list, SocketAddr::new(address, port));
    }
}
