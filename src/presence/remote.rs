//! What is known of one other node: its state as far as it was heard, and what is missing of it.
//!
//! Records may come in any order and more than once, and some are lost; what is told to the outside are the roles that
//! came and went. A group can stand in two slots here for a while, when its way from one to the other was heard in part.

use super::packet::{Announce, Group, Record, Roles, Span};
use super::spans::Spans;
use std::collections::HashMap;
use std::sync::Arc;

/// From so many records on, groups are found by an index.
const INDEXED: usize = 32;
/// Bytes that a record takes here, without its name.
const RECORD_COST: usize = 128;

/// Roles in a group that came or went.
pub type Tell<'a> = &'a mut dyn FnMut(Group, bool);

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
    /// How many records have this key.
    index: Option<HashMap<u64, u32>>,
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
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
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
            let had = same.map_or(Roles::NONE, |old| old.roles).or(self.roles_of(record, Some(record.slot)));
            Group { roles: group.roles.without(had), ..group.clone() }
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
        let roles = group.roles.without(self.roles_of(old, None));
        if !roles.is_none() {
            tell(Group { roles, ..group.clone() }, false);
        }
    }

    /// What the slots, but for one, say of the record's group.
    fn roles_of(&self, record: &Record, but: Option<u16>) -> Roles {
        let Some(group) = &record.group else { return Roles::NONE };
        if self.index.as_ref().is_some_and(|index| !index.contains_key(&record.key())) {
            return Roles::NONE;
        }
        let others = self.records.iter().filter(|known| Some(known.slot) != but);
        let alike = others.filter_map(|known| known.group.as_ref());
        let alike = alike.filter(|known| (&known.name, known.address) == (&group.name, group.address));
        alike.fold(Roles::NONE, |roles, known| roles.or(known.roles))
    }

    fn remember(&mut self, record: &Record) {
        self.sum = self.sum.wrapping_add(record.hash);
        self.cost += cost(record);
        match &mut self.index {
            Some(index) if record.group.is_some() => *index.entry(record.key()).or_default() += 1,
            Some(_) => {}
            None if self.records.len() <= INDEXED => {}
            None => {
                let mut index = HashMap::new();
                for record in self.records.iter().filter(|record| record.group.is_some()) {
                    *index.entry(record.key()).or_default() += 1;
                }
                self.index = Some(index);
            }
        }
    }

    fn forget(&mut self, record: &Record) {
        self.sum = self.sum.wrapping_sub(record.hash);
        self.cost = self.cost.saturating_sub(cost(record));
        if let Some(index) = self.index.as_mut().filter(|_| record.group.is_some()) {
            let key = record.key();
            let count = index.get(&key).copied().unwrap_or_default();
            match count {
                0 | 1 => index.remove(&key),
                _ => index.insert(key, count - 1),
            };
        }
    }
}

fn cost(record: &Record) -> usize {
    RECORD_COST + record.group.as_ref().map_or(0, |group| group.name.len())
}
