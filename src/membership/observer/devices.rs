//! The devices that are observed, and what a packet means at the one where it was heard.

use super::hosts::Hosts;
use super::packet::{self, Heard, Message};
use crate::interfaces::{self, Device};
use crate::membership::known::Change;
use crate::sys::capture::{Capture, Packet, Scope};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

/// The captures, and what is to be known of the devices.
pub struct Devices {
    v4: Capture,
    v6: Capture,
    /// Bridge ports, whose packets the bridge takes away, and devices where this host is a router and asks by itself.
    special: HashMap<u32, Capture>,
    /// Devices that take all multicast frames for us.
    open: HashSet<u32>,
    /// Devices that are up.
    up: HashSet<u32>,
    bridge_of: HashMap<u32, u32>,
    own: HashSet<IpAddr>,
}

impl Devices {
    /// Opens the captures that hear all devices.
    pub fn open() -> io::Result<Devices> {
        Ok(Devices {
            v4: Capture::open(Scope::V4)?,
            v6: Capture::open(Scope::V6)?,
            special: HashMap::new(),
            open: HashSet::new(),
            up: HashSet::new(),
            bridge_of: HashMap::new(),
            own: HashSet::new(),
        })
    }

    /// The captures, always in the same order while the devices are the same.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        [&self.v4, &self.v6].into_iter().chain(self.special.values())
    }

    /// Reads the devices anew; gives those that are not there any more, or down.
    pub fn follow(&mut self) -> Vec<u32> {
        let devices = match interfaces::devices() {
            Ok(devices) => devices,
            Err(e) => {
                log::warn!("observer: {e}");
                return Vec::new();
            }
        };
        let v4 = devices.iter().flat_map(|d| d.v4.iter().map(|a| IpAddr::from(*a)));
        let v6 = devices.iter().flat_map(|d| d.v6.iter().map(|(a, _)| IpAddr::from(*a)));
        self.own = v4.chain(v6).collect();
        let bridges: HashSet<u32> = devices.iter().filter(|d| d.bridge.is_some()).map(|d| d.index).collect();
        let bridge = |d: &Device| d.master.filter(|master| bridges.contains(master));
        self.bridge_of = devices.iter().filter_map(|d| Some((d.index, bridge(d)?))).collect();

        let up: HashSet<u32> = devices.iter().filter(|d| d.real()).map(|d| d.index).collect();
        let gone = self.up.difference(&up).copied().collect();
        self.up = up;
        self.open.retain(|index| devices.iter().any(|d| d.index == *index));
        for index in &self.up {
            if !self.open.contains(index) && self.v4.all_multicast(*index).is_ok() {
                self.open.insert(*index);
            }
        }
        let special = |d: &&Device| {
            d.real() && (self.bridge_of.contains_key(&d.index) || d.forwards_v4 || d.forwards_v6)
        };
        let special: HashSet<u32> = devices.iter().filter(special).map(|d| d.index).collect();
        self.special.retain(|index, _| special.contains(index));
        for index in special {
            if let Entry::Vacant(place) = self.special.entry(index) {
                match Capture::open(Scope::Device(index)) {
                    Ok(capture) => drop(place.insert(capture)),
                    Err(e) => log::debug!("observer: device {index}: {e}"),
                }
            }
        }
        gone
    }

    /// Takes in a packet: at the device where it was heard, and at the bridge whose port that is.
    pub fn take(&self, now: Instant, packet: &Packet, hosts: &mut Hosts, out: &mut Vec<Change>) {
        if !self.up.contains(&packet.ifindex) {
            return;
        }
        let Some(mut heard) = packet::read(packet.bytes) else { return };
        let own = self.own.contains(&heard.from);
        let matters = match &heard.message {
            Message::Query(_) => true,
            // This host's own Hello counts in the election of the designated router.
            Message::Hello { .. } => packet.outgoing == own,
            _ => !packet.outgoing && !own,
        };
        if !matters {
            return;
        }
        let bridge = self
            .bridge_of
            .get(&packet.ifindex)
            .filter(|_| !packet.outgoing || own || heard.from.is_unspecified());
        if let Some(bridge) = bridge {
            hosts.heard(now, *bridge, &heard, out);
        }
        if packet.outgoing && !own {
            // Somebody behind another port asks: the times count here, but the querier is not here.
            heard = Heard { from: unspecified(heard.from), ..heard };
        }
        hosts.heard(now, packet.ifindex, &heard, out);
    }
}

fn unspecified(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}
