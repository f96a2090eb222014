//! Under which names the application knows who listens.
//!
//! Several who say that a name is listened to are told once: the first one as a join, the last one as a leave. A Group
//! Address that others listen to goes by the own Group Name that is there, if there is just one, else by `ham:ip:`.

use super::{Event, EventType};
use crate::name::ip_name;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

/// A Group Address at a device, and its source where it is source-specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    pub ifindex: u32,
    pub address: IpAddr,
    pub source: Option<IpAddr>,
}

/// Who says that a spot is listened to, as bits.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The forwarding caches and bridges.
    Tables = 1,
    /// Other nodes.
    Remote = 2,
}

/// The names, and the events that wait to be passed on.
#[derive(Debug, Default)]
pub struct Names {
    pub events: VecDeque<Event>,
    /// How many say so of each name.
    listened: HashMap<(u32, String), u32>,
    /// Own names, and how often each is there.
    own: HashMap<Spot, BTreeMap<String, u32>>,
    /// What others listen to: the name it goes by, and the bits of those who say so.
    others: HashMap<Spot, (String, u8)>,
}

impl Names {
    /// One more says that the name is listened to.
    pub fn hold(&mut self, ifindex: u32, name: &str) {
        let count = self.listened.entry((ifindex, name.into())).or_insert(0);
        *count += 1;
        if *count == 1 {
            self.tell(EventType::Join, ifindex, name);
        }
    }

    /// One who said so says it no more.
    pub fn release(&mut self, ifindex: u32, name: &str) {
        let key = (ifindex, name.to_string());
        if let Some(count) = self.listened.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.listened.remove(&key);
                self.tell(EventType::Leave, ifindex, name);
            }
        }
    }

    /// An event that is one whoever else said the same.
    pub fn tell(&mut self, event: EventType, ifindex: u32, name: &str) {
        self.events.push_back(Event { event, ifindex, name: name.into() });
    }

    /// What a Group Address goes by here.
    pub fn of(&self, spot: Spot) -> String {
        match self.own.get(&spot) {
            Some(names) if names.len() == 1 => names.keys().next().cloned().unwrap_or_default(),
            _ => ip_name(spot.address, spot.source, None),
        }
    }

    /// An own name is there.
    pub fn own_came(&mut self, spot: Spot, name: &str) {
        *self.own.entry(spot).or_default().entry(name.into()).or_insert(0) += 1;
        self.renamed(spot);
    }

    /// It is there no more.
    pub fn own_went(&mut self, spot: Spot, name: &str) {
        if let Some(names) = self.own.get_mut(&spot) {
            if let Some(count) = names.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    names.remove(name);
                }
            }
            if names.is_empty() {
                self.own.remove(&spot);
            }
        }
        self.renamed(spot);
    }

    fn renamed(&mut self, spot: Spot) {
        let name = self.of(spot);
        if let Some((old, _)) = self.others.get_mut(&spot).filter(|(old, _)| *old != name) {
            let old = std::mem::replace(old, name.clone());
            self.release(spot.ifindex, &old);
            self.hold(spot.ifindex, &name);
        }
    }

    /// Somebody else listens.
    pub fn others_listen(&mut self, spot: Spot, by: By) {
        if let Some((_, bits)) = self.others.get_mut(&spot) {
            *bits |= by as u8;
            return;
        }
        let name = self.of(spot);
        self.hold(spot.ifindex, &name);
        self.others.insert(spot, (name, by as u8));
    }

    /// Nobody else listens, by this word.
    pub fn others_left(&mut self, spot: Spot, by: By) {
        let Some((name, bits)) = self.others.get_mut(&spot) else { return };
        *bits &= !(by as u8);
        if *bits == 0 {
            let name = std::mem::take(name);
            self.others.remove(&spot);
            self.release(spot.ifindex, &name);
        }
    }
}
