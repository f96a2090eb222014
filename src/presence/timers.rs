//! When which node has to be looked at again.

use super::packet::NodeId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A node may stand in it more than once: only the time that it has noted itself counts.
#[derive(Default)]
pub struct Timers(BinaryHeap<Reverse<(Instant, NodeId)>>);

impl Timers {
    pub fn set(&mut self, at: Instant, node: NodeId) {
        self.0.push(Reverse((at, node)));
    }

    pub fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, NodeId)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}
