//! The devices that are observed, and what a packet means at the one where it was heard.

use super::hosts::Hosts;
use super::packet::{self, Heard, Message};
use crate::interfaces::{self, Device};
use crate::logging::Pace;
use crate::membership::known::Change;
use crate::sys::capture::{Capture, Packet, Scope};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

/// The captures, and what is to be known of the devices.
#[derive(Default)]
pub struct Devices {
    captures: BTreeMap<Scope, Capture>,
    /// Devices that are up.
    up: HashSet<u32>,
    bridge_of: HashMap<u32, u32>,
    own: HashSet<IpAddr>,
}

impl Devices {
    /// The captures, always in the same order while the devices are the same.
    pub fn captures(&self) -> impl Iterator<Item = (Scope, &Capture)> {
        self.captures.iter().map(|(scope, capture)| (*scope, capture))
    }

    /// Closes one whose device went down or vanished; gives the device. Where one of that index is there again,
    /// [`Devices::follow`] opens it anew.
    pub fn close(&mut self, scope: Scope) -> u32 {
        let (Scope::V4(ifindex) | Scope::V6(ifindex) | Scope::All(ifindex)) = scope;
        self.captures.remove(&scope);
        self.up.remove(&ifindex);
        ifindex
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
        let scopes = devices.iter().filter(|d| d.real()).flat_map(|d| {
            // A bridge takes its ports' packets away, and as a router this host asks by itself.
            let all = self.bridge_of.contains_key(&d.index) || d.forwards_v4 || d.forwards_v6;
            let index = d.index;
            if all { vec![Scope::All(index)] } else { vec![Scope::V4(index), Scope::V6(index)] }
        });
        let scopes: BTreeSet<Scope> = scopes.collect();
        self.open(&scopes);
        gone
    }

    fn open(&mut self, scopes: &BTreeSet<Scope>) {
        static PACE: Pace = Pace::new();
        self.captures.retain(|scope, _| scopes.contains(scope));
        for scope in scopes {
            let Entry::Vacant(place) = self.captures.entry(*scope) else { continue };
            match Capture::open(*scope) {
                Ok(capture) => {
                    if let Scope::V4(index) | Scope::All(index) = scope {
                        // Hosts of IGMPv2 and MLDv1 report to the group itself.
                        let _ = capture.all_multicast(*index);
                    }
                    place.insert(capture);
                }
                // Else it has just vanished.
                Err(e) if e.raw_os_error() != Some(libc::ENODEV) && PACE.due() => {
                    log::warn!("observer: {scope:?}: {e}; {} captures are open", self.captures.len());
                }
                Err(_) => {}
            }
        }
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
