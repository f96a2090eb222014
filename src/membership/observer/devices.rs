//! The devices that are observed, and what a packet means at the one where it was heard.

use super::hosts::Hosts;
use super::packet::{self, Heard, Message};
use super::program::{Share, program};
use crate::membership::known::RemoteChange;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;
use sys::capture::{self, Capture, Packet, Scope};
use sys::logging::Pace;
use watch::Device;

/// What was there before the devices were read anew.
#[derive(Debug, Default)]
pub struct Gone {
    /// Devices that are not there any more, or down.
    pub devices: Vec<u32>,
    /// Ports, each with the bridge that it has left.
    pub ports: Vec<(u32, u32)>,
}

/// The captures, and what is to be known of the devices.
#[derive(Default)]
pub struct Devices {
    captures: BTreeMap<(Share, Scope), Capture>,
    /// Some could not be opened, or the devices not be read.
    incomplete: bool,
    /// Devices that are up.
    up: HashSet<u32>,
    bridge_of: HashMap<u32, u32>,
    own: HashSet<IpAddr>,
}

impl Devices {
    /// The captures, always in the same order while the devices are the same: refreshes before news.
    pub fn captures(&self) -> impl Iterator<Item = (Share, Scope, &Capture)> {
        self.captures.iter().map(|((part, scope), capture)| (*part, *scope, capture))
    }

    /// One of them.
    pub fn capture(&self, part: Share, scope: Scope) -> Option<&Capture> {
        self.captures.get(&(part, scope))
    }

    /// Closes one whose device went down or vanished; gives the device. Where one of that index is there again,
    /// [`Devices::follow`] opens it anew.
    pub fn close(&mut self, scope: Scope) -> u32 {
        let (Scope::V4(ifindex) | Scope::V6(ifindex) | Scope::All(ifindex)) = scope;
        self.captures.retain(|(_, of), _| *of != scope);
        self.up.remove(&ifindex);
        ifindex
    }

    /// What is observed is not all that should be: it is worth another try.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The ports of a bridge.
    pub fn ports(&self, bridge: u32) -> Vec<u32> {
        self.bridge_of.iter().filter(|(_, of)| **of == bridge).map(|(port, _)| *port).collect()
    }

    /// Reads the devices anew.
    pub fn follow(&mut self) -> Gone {
        let devices = match watch::devices() {
            Ok(devices) => devices,
            Err(e) => {
                log::warn!("observer: {e}");
                self.incomplete = true;
                return Gone::default();
            }
        };
        let v4 = devices.iter().flat_map(|d| d.v4.iter().map(|a| IpAddr::from(*a)));
        let v6 = devices.iter().flat_map(|d| d.v6.iter().map(|(a, _)| IpAddr::from(*a)));
        self.own = v4.chain(v6).collect();
        let bridges: HashSet<u32> = devices.iter().filter(|d| d.bridge.is_some()).map(|d| d.index).collect();
        let bridge = |d: &Device| d.master.filter(|master| bridges.contains(master));
        let bridge_of: HashMap<u32, u32> =
            devices.iter().filter_map(|d| Some((d.index, bridge(d)?))).collect();
        let old = std::mem::replace(&mut self.bridge_of, bridge_of);
        let ports =
            old.into_iter().filter(|(port, bridge)| self.bridge_of.get(port) != Some(bridge)).collect();

        let up: HashSet<u32> = devices.iter().filter(|d| d.real()).map(|d| d.index).collect();
        let gone = self.up.difference(&up).copied().collect();
        self.up = up;
        let scopes = devices.iter().filter(|d| d.real()).flat_map(|d| {
            // A bridge takes its ports' packets away, and as a router this host asks by itself.
            let all = self.bridge_of.contains_key(&d.index) || d.forwards_v4 || d.forwards_v6;
            let index = d.index;
            if all { vec![Scope::All(index)] } else { vec![Scope::V4(index), Scope::V6(index)] }
        });
        let all = scopes.flat_map(|scope| [Share::Refreshes, Share::News].map(|part| (part, scope)));
        let all: BTreeSet<(Share, Scope)> = all.collect();
        self.open(&all);
        Gone { devices: gone, ports }
    }

    fn open(&mut self, all: &BTreeSet<(Share, Scope)>) {
        static PACE: Pace = Pace::new();
        self.captures.retain(|key, _| all.contains(key));
        self.incomplete = false;
        let most = capture::most();
        let mut room = most.saturating_sub(self.captures.len());
        for &(part, scope) in all {
            let Entry::Vacant(place) = self.captures.entry((part, scope)) else { continue };
            if room == 0 {
                if PACE.due() {
                    log::warn!("observer: {most} captures are open, a quarter of RLIMIT_NOFILE; no more are");
                }
                self.incomplete = true;
                return;
            }
            match Capture::open(&mut program(part), scope) {
                Ok(capture) => {
                    if let (Share::News, Scope::V4(index) | Scope::All(index)) = (part, scope) {
                        // Hosts of IGMPv2 and MLDv1 report to the group itself.
                        let _ = capture.all_multicast(index);
                    }
                    place.insert(capture);
                    room -= 1;
                }
                // Else it has just vanished.
                Err(e) if e.raw_os_error() != Some(libc::ENODEV) => {
                    self.incomplete = true;
                    if PACE.due() {
                        log::warn!("observer: {scope:?}: {e}; {} captures are open", self.captures.len());
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Takes in a packet: at the device where it was heard, and at the bridge whose port that is.
    pub fn take(&self, now: Instant, packet: &Packet, hosts: &mut Hosts, out: &mut Vec<RemoteChange>) {
        if !self.up.contains(&packet.ifindex) {
            return;
        }
        let Some(mut heard) = packet::read(packet.bytes) else { return };
        let own = self.own.contains(&heard.from);
        let matters = match &heard.message {
            // What comes in with an own address is somebody else's, or an own packet that comes back.
            Message::Query(_) => packet.outgoing || !own,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::observer::packet::tests::{QUERY_2, bytes};

    #[test]
    fn nobody_else_queries_in_an_own_name() {
        let now = Instant::now();
        let querier = |own: &str, outgoing| {
            let own = [own.parse().unwrap()].into();
            let devices = Devices { up: [2].into(), own, ..Devices::default() };
            let (mut hosts, bytes) = (Hosts::default(), bytes(QUERY_2));
            devices.take(now, &Packet { ifindex: 2, outgoing, bytes: &bytes }, &mut hosts, &mut Vec::new());
            hosts.querier(now, 2, true)
        };
        assert!(querier("10.0.0.9", false).is_some());
        assert_eq!(querier("10.0.0.2", false), None);
        assert!(querier("10.0.0.2", true).is_some());
    }
}
