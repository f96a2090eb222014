//! What the control of one multicast socket knows: its Interfaces, its groups, and what has just happened to them.

use super::Halves;
use super::attached::{Attached, default_ids};
use super::carried::{Brought, Carried};
use crate::core::Core;
use crate::counters::InterfaceCounters;
use crate::error::Result;
use crate::group::{EventType, OwnGroup};
use crate::interfaces::{self, carriers};
use crate::mapping::{Mapped, MappedPlace};
use crate::name::Name;
use crate::receive::Inbound;
use crate::send::Outlet;
use crate::technology::Carrier;
use crate::technology::ip::Decoding;
use crate::technology::ip::seats::{Endpoint, SeatId, Seats};
use carrier::Announcement;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use sys::udp::Membership;

/// The control state of one multicast socket.
pub(crate) struct Control {
    pub(super) halves: Halves,
    /// The Interfaces are the default ones, also when these change.
    pub(super) follows_default: bool,
    /// The hop limit of Interfaces that come to the socket.
    pub(super) ttl: u8,
    pub(super) attached: Vec<Attached>,
    pub(super) carried: Vec<Carried>,
    pub(super) groups: HashMap<Arc<str>, GroupState>,
    pub(super) seats: Seats<Inbound>,
    pub(super) happened: Vec<Happened>,
    pub(super) outlets: HashMap<OutletKey, Arc<Outlet>>,
}

/// Frames of one Group Name sealed with one key, or with none, are one sender's.
pub(super) type OutletKey = (Arc<str>, Option<[u8; 16]>);

/// A Group Name at the socket.
pub(super) struct GroupState {
    pub name: Arc<str>,
    pub mapped: Mapped,
    pub listener: bool,
    pub registered: bool,
    pub sent: bool,
    /// While it is joined and comes in frames.
    pub decoding: Option<Decoding>,
    /// Where technology `ip` is to hear it; without a seat it could not be joined, and is tried again when the Interfaces
    /// change.
    pub endpoints: Vec<(Endpoint, Option<SeatId>)>,
    /// Where carriers bring it.
    pub brought: Vec<Brought>,
    /// Where carriers say that this node is a source.
    pub announcements: Vec<(u32, Announcement)>,
}

impl GroupState {
    pub fn is_source(&self) -> bool {
        self.registered || self.sent
    }

    /// Where its frames become messages.
    pub fn decode(&mut self, inbound: &Inbound) -> Decoding {
        let framing = &self.mapped.framing;
        let new = || Decoding { tag: framing.tag, decoder: inbound.add_decoder(framing) };
        *self.decoding.get_or_insert_with(new)
    }

    /// Of what receivers of technology `ip` hear.
    pub fn ip_decoding(&self) -> Option<Decoding> {
        self.decoding.filter(|_| !self.mapped.raw)
    }

    /// Where technology `ip` hears it now.
    pub fn seated(&self) -> impl Iterator<Item = &Membership> {
        self.endpoints.iter().filter(|(_, seat)| seat.is_some()).map(|(endpoint, _)| &endpoint.membership)
    }
}

/// A change of group state, to become a membership event.
pub(super) struct Happened {
    pub event: EventType,
    pub ifindex: u32,
    pub address: IpAddr,
    pub source: Option<IpAddr>,
    pub name: Arc<str>,
}

impl Happened {
    /// A membership came or went.
    pub fn at(event: EventType, membership: &Membership, name: &Arc<str>) -> Happened {
        let &Membership { ifindex, group: address, source } = membership;
        Happened { event, ifindex, address, source, name: name.clone() }
    }
}

impl Control {
    /// Over the Interfaces `ifs`, or the default ones when it is empty.
    pub fn new(halves: Halves, ifs: &[u32]) -> Result<Control> {
        // What is wrong with the configuration is said here, also what only a technology can tell.
        carriers::carriers()?;
        let devices = watch::devices()?;
        let config = halves.core.config;
        let seats = Seats::new(halves.inbound.clone(), config.ip());
        let mut control = Control {
            halves,
            follows_default: ifs.is_empty(),
            ttl: config.ttl,
            attached: Vec::new(),
            carried: Vec::new(),
            groups: HashMap::new(),
            seats,
            happened: Vec::new(),
            outlets: HashMap::new(),
        };
        let ids = if ifs.is_empty() {
            let ids = default_ids(config, &devices, || interfaces::default_among(&devices))?;
            ids.into_iter().chain(carriers::ids(Carrier::is_default)?).collect()
        } else {
            ifs.to_vec()
        };
        ids.iter().try_for_each(|&id| control.attach(id, &devices))?;
        Ok(control)
    }

    pub fn core(&self) -> &Core {
        &self.halves.core
    }

    pub fn forget_routes(&self) {
        self.halves.outbound.forget_routes();
    }

    pub(super) fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    pub(super) fn state(&mut self, name: &Name, mapped: Mapped) -> &mut GroupState {
        self.groups.entry(name.normal().clone()).or_insert_with(|| GroupState {
            name: name.normal().clone(),
            mapped,
            listener: false,
            registered: false,
            sent: false,
            decoding: None,
            endpoints: Vec::new(),
            brought: Vec::new(),
            announcements: Vec::new(),
        })
    }

    pub(super) fn mapped(&self, name: &str) -> Option<Mapped> {
        self.groups.get(name).map(|state| state.mapped.clone())
    }

    pub(super) fn technologies(&self) -> (bool, Vec<&'static Carrier>) {
        (!self.attached.is_empty(), self.carried.iter().map(|c| c.carrier).collect())
    }

    /// The ids of the socket's carriers.
    pub(super) fn carriers(&self) -> impl Iterator<Item = u32> {
        self.carried.iter().map(|c| c.id)
    }

    pub(super) fn outlets(&self) -> Vec<Arc<Outlet>> {
        self.outlets.values().cloned().collect()
    }

    pub(super) fn joined(&self, name: &str) -> Option<bool> {
        let state = self.groups.get(name).filter(|state| state.listener)?;
        let mut seats = state.endpoints.iter().filter_map(|(_, seat)| *seat);
        Some(seats.any(|seat| self.seats.is_shared(seat)))
    }

    /// The Interfaces that groups go out by, each with its families (true: IPv4).
    pub(super) fn reach(&self) -> BTreeSet<(u32, bool)> {
        let present = self.attached.iter().filter(|a| a.device.is_some());
        let present = present.flat_map(|a| {
            let families = [(true, a.families.v4()), (false, a.families.v6())];
            families.into_iter().filter(|(_, has)| *has).map(|(v4, _)| (a.ifindex, v4))
        });
        let carried = self.carriers().flat_map(|id| [(id, true), (id, false)]);
        present.chain(carried).collect()
    }

    /// Notes a new source at every Interface that carries the group, but for those that were reached before.
    pub(super) fn note_source(&mut self, name: &Arc<str>, before: &BTreeSet<(u32, bool)>) {
        let new: Vec<_> = self.reach().difference(before).copied().collect();
        let Some(state) = self.groups.get(name) else { return };
        let tag = state.mapped.framing.tag.address();
        let mut note = |ifindex, address, source| {
            let event = EventType::NewSource;
            self.happened.push(Happened { event, ifindex, address, source, name: name.clone() });
        };
        for (ifindex, v4) in new {
            if self.carried.iter().any(|c| c.id == ifindex) {
                if tag.is_ipv4() == v4 {
                    note(ifindex, tag, None);
                }
                continue;
            }
            for place in state.mapped.places.iter().filter(|place| place.group.is_ipv4() == v4) {
                note(ifindex, place.group, place.source);
            }
        }
    }

    /// The counters at one Interface of the socket.
    pub fn counters(&self, id: u32) -> Result<Arc<InterfaceCounters>> {
        if let Some(c) = self.carried.iter().find(|c| c.id == id) {
            return Ok(c.counters.clone());
        }
        Ok(self.attached[self.find(id)?].counters.clone())
    }

    /// True when the socket has the Interface, and this carries the Group Address.
    fn has(&self, id: u32, address: IpAddr) -> bool {
        let holds = |a: &Attached| a.ifindex == id && a.device.is_some() && a.families.hold(address);
        self.attached.iter().any(holds) || self.carriers().any(|carrier| carrier == id)
    }

    /// True when the socket hears the group at the Interface now.
    fn listens(&self, state: &GroupState, id: u32, address: IpAddr) -> bool {
        let there = |m: &Membership| (m.ifindex, m.group) == (id, address);
        let brought = state.brought.iter().any(|brought| brought.id == id);
        brought || (self.has(id, address) && state.seated().any(there))
    }

    /// True when what has happened at another socket of the process is the case, or still is, here.
    pub(super) fn has_too(&self, happened: &Happened) -> bool {
        let &Happened { event, ifindex, address, ref name, .. } = happened;
        self.groups.get(name).is_some_and(|state| match event {
            EventType::NewSource => state.is_source() && self.has(ifindex, address),
            _ => self.listens(state, ifindex, address),
        })
    }

    pub(super) fn own_groups(&self) -> Vec<OwnGroup> {
        let mut list = Vec::new();
        for state in self.groups.values() {
            for a in self.attached.iter().filter(|a| a.device.is_some()) {
                for place in state.mapped.places.iter().filter(|place| a.families.hold(place.group)) {
                    let endpoint = endpoint(place, a.ifindex);
                    let Membership { group: address, source, .. } = endpoint.membership;
                    let seated = |(e, seat): &(Endpoint, _)| *e == endpoint && Option::is_some(seat);
                    let listener = state.listener && state.endpoints.iter().any(seated);
                    if listener || state.is_source() {
                        list.push(OwnGroup {
                            ifindex: a.ifindex,
                            name: state.name.clone(),
                            address,
                            source,
                            listener,
                            sender: state.is_source(),
                        });
                    }
                }
            }
            self.own_at_carriers(state, &mut list);
        }
        list
    }
}

/// Where a mapped group is heard at a device.
pub(super) fn endpoint(place: &MappedPlace, ifindex: u32) -> Endpoint {
    let &MappedPlace { group, source, port } = place;
    Endpoint { membership: Membership { group, source, ifindex }, port }
}
