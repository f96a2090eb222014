//! Under which names the application knows who listens.
//!
//! Several who say that a name is listened to are told once: the first one as a join, the last one as a leave. A Group
//! Address that others listen to goes by the names that they say themselves, which may come a little later; else by the own
//! Group Name that is there, if there is just one; else by `ham:ip:`.

use super::{Event, EventType};
use crate::name::ip_name;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Whoever leaves a name has so long to leave its Group Address, before that is told by itself; and the tables to forget who
/// has left.
pub const LEAVING: Duration = Duration::from_secs(5);

/// A Group Address at a device, and its source where it is source-specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    pub ifindex: u32,
    pub address: IpAddr,
    pub source: Option<IpAddr>,
}

/// Who says that a spot is listened to, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// How long others have to say the name of what they listen to.
    pub patience: Duration,
    /// What others listen to.
    others: HashMap<Spot, Other>,
    /// The names that others say.
    said: HashMap<Spot, BTreeSet<String>>,
    /// What waits for a name, and until when.
    waiting: BTreeSet<(Instant, Spot)>,
    /// What other nodes have just left, and when the tables know it too.
    left: VecDeque<(Instant, Spot)>,
}

#[derive(Debug)]
struct Other {
    /// Of those who say so.
    bits: u8,
    /// The name that it goes by; none while others say their own, or may.
    told: Option<String>,
    until: Option<Instant>,
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
        let told = self.others.get_mut(&spot).and_then(|other| other.told.as_mut());
        if let Some(old) = told.filter(|old| **old != name) {
            let old = std::mem::replace(old, name.clone());
            self.release(spot.ifindex, &old);
            self.hold(spot.ifindex, &name);
        }
    }

    /// Somebody else listens.
    pub fn others_listen(&mut self, at: Instant, spot: Spot, by: By) {
        let other = self.others.entry(spot).or_insert(Other { bits: 0, told: None, until: None });
        let waits = other.until.is_some() && by == By::Remote && other.bits & by as u8 == 0;
        let new = other.bits == 0 || waits;
        other.bits |= by as u8;
        if !new || self.said.contains_key(&spot) {
            return;
        }
        // A bridge keeps who has left until nobody has answered its query.
        let late = by == By::Tables && self.left.iter().any(|(until, left)| *left == spot && *until > at);
        let patience = if late { LEAVING } else { self.patience };
        self.stop_waiting(spot);
        if patience.is_zero() {
            self.tell_other(spot);
        } else {
            self.wait(spot, at + patience);
        }
    }

    /// Nobody else listens, by this word.
    pub fn others_left(&mut self, at: Instant, spot: Spot, by: By) {
        let Some(other) = self.others.get_mut(&spot) else { return };
        other.bits &= !(by as u8);
        if other.bits == 0 {
            if by == By::Remote {
                while self.left.front().is_some_and(|(until, _)| *until <= at) {
                    self.left.pop_front();
                }
                self.left.push_back((at + LEAVING, spot));
            }
            self.stop_waiting(spot);
            if let Some(told) = self.others.remove(&spot).and_then(|other| other.told) {
                self.release(spot.ifindex, &told);
            }
        }
    }

    /// Others listen, and say the name.
    pub fn said(&mut self, spot: Spot, name: &str) {
        if !self.said.entry(spot).or_default().insert(name.into()) {
            return;
        }
        self.hold(spot.ifindex, name);
        self.stop_waiting(spot);
        if let Some(told) = self.others.get_mut(&spot).and_then(|other| other.told.take()) {
            self.release(spot.ifindex, &told);
        }
    }

    /// They say it no more.
    pub fn unsaid(&mut self, at: Instant, spot: Spot, name: &str) {
        let Some(names) = self.said.get_mut(&spot) else { return };
        if !names.remove(name) {
            return;
        }
        if names.is_empty() {
            self.said.remove(&spot);
            self.wait(spot, at + LEAVING);
        }
        self.release(spot.ifindex, name);
    }

    /// When [`Names::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// What has waited long enough for a name is told without.
    pub fn due(&mut self, now: Instant) {
        while let Some((_, spot)) = self.waiting.first().copied().filter(|(at, _)| *at <= now) {
            self.stop_waiting(spot);
            self.tell_other(spot);
        }
    }

    fn tell_other(&mut self, spot: Spot) {
        let name = self.of(spot);
        if let Some(other) = self.others.get_mut(&spot) {
            other.told = Some(name.clone());
            self.hold(spot.ifindex, &name);
        }
    }

    fn wait(&mut self, spot: Spot, until: Instant) {
        if let Some(other) = self.others.get_mut(&spot) {
            other.until = Some(until);
            self.waiting.insert((until, spot));
        }
    }

    fn stop_waiting(&mut self, spot: Spot) {
        if let Some(until) = self.others.get_mut(&spot).and_then(|other| other.until.take()) {
            self.waiting.remove(&(until, spot));
        }
    }
}
