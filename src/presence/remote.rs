//! What is known of one other node: its state as far as it was heard, and what is missing of it.
//!
//! Records may come in any order and more than once, and some are lost; what is told to the outside are the roles that
//! came and went. A group can stand in two slots here for a while, when its way from one to the other was heard in part.

use super::packet::{Announce, PlacedGroup, Record, Roles, Span};
use super::spans::Spans;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Bytes that a record takes here, without its name.
const RECORD_COST: usize = 128;

/// Roles in a group that came or went.
pub type Tell<'a> = &'a mut dyn FnMut(PlacedGroup, bool);

#[derive(Default)]
pub struct State {
    /// The newest word: version, slots, digest.
    version: u64,
    slots: u16,
    digest: u64,
    known: Spans,
    /// In the order of their slots; empty ones too, for their versions.
    records: Vec<Arc<Record>>,
    sum: u64,
    /// How many records say that the node listens, and how many that it sends, by a hash of name and address that nobody
    /// can aim at.
    index: HashMap<u64, [u32; 2]>,
    cost: usize,
    /// The digest did not fit once: it is not begun anew again before it has fitted.
    suspect: bool,
}

/// What an announcement changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Something was learned.
    pub progress: bool,
    /// It did not fit.
    pub full: bool,
}

impl State {
    /// Nothing is missing, as far as is known.
    pub fn is_complete(&self) -> bool {
        self.known.reach(self.version)
    }

    /// The versions that are missing, at most `count` pieces.
    pub fn gaps(&self, count: usize) -> Vec<Span> {
        self.known.gaps(self.version, count)
    }

    /// Bytes that it takes.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// The groups known.
    #[cfg(test)]
    pub fn groups(&self) -> impl Iterator<Item = &PlacedGroup> {
        self.records.iter().filter_map(|record| record.group.as_ref())
    }

    #[cfg(test)]
    pub fn is_level(&self, own: &super::own::Own) -> bool {
        let all = own.announce(Span { after: u64::MAX, last: u64::MAX }, 0);
        (self.version, self.sum) == (all.version, all.digest) && self.is_complete()
    }

    /// Takes an announcement. With `room` bytes left no more is taken in than fits.
    pub fn take(&mut self, announce: &Announce, room: usize, tell: Tell) -> Taken {
        let limit = self.cost.saturating_add(room);
        let mut full = false;
        if announce.version >= self.version {
            (self.version, self.slots, self.digest) = (announce.version, announce.slots, announce.digest);
        }
        for record in &announce.records {
            full = self.cost + cost(record) > limit;
            if full {
                break;
            }
            self.write(record, tell);
        }
        let progress = !full && self.known.add(announce.covers);
        if !full && self.is_complete() {
            self.settle(tell);
        }
        Taken { progress, full }
    }

    /// Forgets all, and tells that it went.
    pub fn end(&mut self, tell: Tell) {
        let suspect = self.suspect;
        while let Some(last) = self.records.pop() {
            self.forget(&last);
            self.went(&last, tell);
        }
        *self = State { suspect, ..State::default() };
    }

    /// Slots beyond the last one in use, and the digest, mean something only when nothing is missing: now.
    fn settle(&mut self, tell: Tell) {
        while self.records.last().is_some_and(|last| last.slot >= self.slots) {
            if let Some(last) = self.records.pop() {
                self.forget(&last);
                self.went(&last, tell);
            }
        }
        if self.sum == self.digest {
            self.suspect = false;
        } else if !self.suspect {
            // Somebody else spoke in its name, or a packet was changed on its way.
            self.suspect = true;
            self.end(tell);
        }
    }

    fn write(&mut self, record: &Arc<Record>, tell: Tell) {
        let old = match self.records.binary_search_by_key(&record.slot, |known| known.slot) {
            Ok(at) if self.records[at].version >= record.version => return,
            Ok(at) => {
                let old = std::mem::replace(&mut self.records[at], record.clone());
                self.forget(&old);
                Some(old)
            }
            Err(at) => {
                self.records.insert(at, record.clone());
                None
            }
        };
        let old_group = old.as_ref().and_then(|old| old.group.as_ref());
        let news = record.group.as_ref().map(|group| {
            let same = old_group.filter(|old| (&old.name, old.address) == (&group.name, group.address));
            let had = same.map_or(Roles::NONE, |old| old.roles).or(self.roles_of(group));
            PlacedGroup { roles: group.roles.without(had), ..group.clone() }
        });
        self.remember(record);
        if let Some(old) = &old {
            self.went(old, tell);
        }
        if let Some(group) = news.filter(|group| !group.roles.is_none()) {
            tell(group, true);
        }
    }

    /// Tells what a record that is no longer there said, but for what others say of the same group.
    fn went(&self, old: &Record, tell: Tell) {
        let Some(group) = &old.group else { return };
        let roles = group.roles.without(self.roles_of(group));
        if !roles.is_none() {
            tell(PlacedGroup { roles, ..group.clone() }, false);
        }
    }

    /// What the records that are counted say of a group.
    fn roles_of(&self, group: &PlacedGroup) -> Roles {
        let [listens, sends] = self.index.get(&self.key(group)).copied().unwrap_or_default();
        Roles { listener: listens > 0, sender: sends > 0 }
    }

    fn key(&self, group: &PlacedGroup) -> u64 {
        self.index.hasher().hash_one((&group.name, group.address))
    }

    fn remember(&mut self, record: &Record) {
        self.sum = self.sum.wrapping_add(record.hash);
        self.cost += cost(record);
        if let Some(group) = &record.group {
            let key = self.key(group);
            let [listens, sends] = self.index.entry(key).or_default();
            *listens += u32::from(group.roles.listener);
            *sends += u32::from(group.roles.sender);
        }
    }

    fn forget(&mut self, record: &Record) {
        self.sum = self.sum.wrapping_sub(record.hash);
        self.cost = self.cost.saturating_sub(cost(record));
        let Some(group) = &record.group else { return };
        let key = self.key(group);
        let Some([listens, sends]) = self.index.get_mut(&key) else { return };
        *listens -= u32::from(group.roles.listener);
        *sends -= u32::from(group.roles.sender);
        if (*listens, *sends) == (0, 0) {
            self.index.remove(&key);
        }
    }
}

fn cost(record: &Record) -> usize {
    RECORD_COST + record.group.as_ref().map_or(0, |group| group.name.len())
}
