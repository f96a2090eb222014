//! The state that this node announces: groups in slots. Each change of a slot takes the next version, so that any part of
//! the state can be asked for, and sent again, by versions. A slot that was emptied stands until it is used again.

use super::packet::{Announce, PlacedGroup, Record, Roles, Span};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Groups that one node announces at one link.
pub const GROUPS_MAX: usize = u16::MAX as usize;

#[derive(Default)]
pub struct Own {
    slots: Vec<Arc<Record>>,
    by_group: HashMap<(Arc<str>, IpAddr), u16>,
    empty: BTreeSet<u16>,
    by_version: BTreeMap<u64, u16>,
    version: u64,
    digest: u64,
    /// Of all records on the wire.
    bytes: usize,
}

impl Own {
    /// The version of the state: the number of changes so far.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Not one group.
    pub fn is_empty(&self) -> bool {
        self.by_group.is_empty()
    }

    /// Makes `groups`, each of name and address once, the state, and gives how many found no slot.
    pub fn set(&mut self, groups: &[PlacedGroup]) -> usize {
        let wanted: HashSet<(&str, IpAddr)> =
            groups.iter().map(|group| (&*group.name, group.address)).collect();
        let gone: Vec<_> = self
            .by_group
            .keys()
            .filter(|(name, address)| !wanted.contains(&(name, *address)))
            .cloned()
            .collect();
        for (name, address) in gone {
            self.put(&PlacedGroup { name, address, roles: Roles::NONE });
        }
        groups.iter().filter(|group| !self.put(group)).count()
    }

    /// Changes one group's roles; without one it is no longer in the state. False when there is no slot left.
    pub fn put(&mut self, group: &PlacedGroup) -> bool {
        let key = (group.name.clone(), group.address);
        match self.by_group.get(&key).copied() {
            Some(slot) if group.roles.is_none() => {
                self.by_group.remove(&key);
                self.write(slot, None);
                self.empty.insert(slot);
                self.shorten();
            }
            Some(slot) => {
                if self.slots[usize::from(slot)].group.as_ref() != Some(group) {
                    self.write(slot, Some(group.clone()));
                }
            }
            None if group.roles.is_none() => {}
            None => {
                let next =
                    u16::try_from(self.slots.len()).ok().filter(|next| usize::from(*next) < GROUPS_MAX);
                let Some(slot) = self.empty.pop_first().or(next) else { return false };
                self.by_group.insert(key, slot);
                self.write(slot, Some(group.clone()));
            }
        }
        true
    }

    /// As many of the records with versions in `span` as `room` bytes take, at least one where there is one.
    pub fn announce(&self, span: Span, room: usize) -> Announce {
        let span = Span { last: span.last.min(self.version), ..span };
        let (mut size, mut last) = (0, span.last.max(span.after));
        let mut records = Vec::new();
        if !span.is_empty() {
            for slot in self.by_version.range(span.after + 1..=span.last).map(|(_, slot)| *slot) {
                let record = &self.slots[usize::from(slot)];
                size += record.size();
                if size > room && !records.is_empty() {
                    break;
                }
                last = record.version;
                records.push(record.clone());
            }
            if size <= room {
                last = span.last;
            }
        }
        Announce {
            interval: super::INTERVAL,
            priority: 0,
            slots: self.slots.len() as u16,
            version: self.version,
            digest: self.digest,
            covers: Span { after: span.after.min(last), last },
            records,
        }
    }

    /// Bytes of all records.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn write(&mut self, slot: u16, group: Option<PlacedGroup>) {
        self.version += 1;
        let record = Arc::new(Record::new(slot, self.version, group));
        self.digest = self.digest.wrapping_add(record.hash);
        self.bytes += record.size();
        self.by_version.insert(self.version, slot);
        if let Some(old) = self.slots.get_mut(usize::from(slot)) {
            let old = std::mem::replace(old, record);
            self.digest = self.digest.wrapping_sub(old.hash);
            self.bytes -= old.size();
            self.by_version.remove(&old.version);
        } else {
            self.slots.push(record);
        }
    }

    /// Empty slots at the end are not announced: their number says it.
    fn shorten(&mut self) {
        while let Some(last) = self.slots.last().filter(|last| last.group.is_none()) {
            self.empty.remove(&last.slot);
            self.by_version.remove(&last.version);
            self.bytes -= last.size();
            self.slots.pop();
        }
    }
}
