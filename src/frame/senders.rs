//! The senders that were heard in one group: what was delivered of each, its key, its unfinished messages.

use super::header::SenderId;
use super::recent::Recent;
use super::seal::SenderKey;
use super::window::{WINDOW, Window};
use std::collections::HashMap;

/// Senders that are remembered; the one that was not heard for the longest time goes first.
pub const SENDERS_MAX: usize = 4096;

/// The memory that one takes, about: it may have a window of its own, and two tables know it.
pub const SENDER: usize = size_of::<RemoteSender>() + WINDOW as usize / 8 + 64;

pub struct RemoteSender {
    pub id: SenderId,
    pub window: Window,
    pub key: Option<SenderKey>,
    /// Slots of its unfinished messages, the stalest first.
    pub unfinished: Vec<u32>,
    /// The first and the highest sequence number heard.
    first: u64,
    heard: u64,
}

impl RemoteSender {
    pub fn new(id: SenderId, sequence: u64, key: Option<SenderKey>) -> RemoteSender {
        // `first` itself is not heard yet.
        let heard = sequence.saturating_sub(1);
        RemoteSender { id, window: Window::new(), key, unfinished: Vec::new(), first: sequence, heard }
    }

    /// Notes that a frame of this number came. Returns by how many the messages that should have come are more.
    #[inline]
    pub fn hear(&mut self, sequence: u64) -> u64 {
        let more = sequence.saturating_sub(self.heard);
        self.heard = self.heard.max(sequence);
        more
    }

    /// Notes that the message of this new number is delivered. Returns whether it was among those that should come.
    #[inline]
    pub fn deliver(&mut self, sequence: u64) -> bool {
        self.window.deliver(sequence);
        sequence >= self.first
    }
}

pub struct Senders {
    slots: HashMap<SenderId, u32>,
    table: Recent<RemoteSender>,
    /// Who was heard last will most often be heard next.
    last: (SenderId, u32),
}

impl Senders {
    pub fn new() -> Senders {
        Senders { slots: HashMap::new(), table: Recent::new(), last: ([0; 16], u32::MAX) }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The slot of a sender, which is now the one heard last.
    #[inline]
    pub fn find(&mut self, id: &SenderId) -> Option<u32> {
        if self.last.0 == *id && self.last.1 != u32::MAX {
            return Some(self.last.1);
        }
        let slot = *self.slots.get(id)?;
        self.table.touch(slot);
        self.last = (*id, slot);
        Some(slot)
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut RemoteSender> {
        self.table.get_mut(slot)
    }

    /// Adds a sender that `find` did not find. Returns its slot, and the sender that had to go for it.
    pub fn insert(&mut self, sender: RemoteSender) -> (u32, Option<RemoteSender>) {
        let gone = (self.table.len() >= SENDERS_MAX)
            .then(|| self.table.oldest())
            .flatten()
            .and_then(|oldest| self.table.remove(oldest));
        if let Some(gone) = &gone {
            self.slots.remove(&gone.id);
        }
        let id = sender.id;
        let slot = self.table.insert(sender);
        self.slots.insert(id, slot);
        self.last = (id, slot);
        (slot, gone)
    }
}
