//! What carriers bring, on threads of their own: frames become messages at once, and these wait in the queue.

use super::all_groups::AllGroups;
use super::decoders::take;
use super::framed::refused;
use super::inbound::Inbound;
use super::queue::Queue;
use super::stash::Arrival;
use super::twins::{self, Copy};
use crate::counters::InterfaceCounters;
use crate::frame::{Accepted, Framing, bundle};
use crate::technology::ip::{Hears, Receiver};
use carrier::{Arrived, Frame};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use sys::udp::Origin;

/// Where frames of a joined group come in from a carrier.
pub(crate) struct Inlet {
    interface: u32,
    counters: Arc<InterfaceCounters>,
    what: What,
}

enum What {
    One {
        group: Arc<str>,
        decoder: usize,
    },
    /// All groups of a namespace.
    All(Mutex<AllGroups>),
}

impl Inlet {
    /// For one group.
    pub fn one(interface: u32, counters: &Arc<InterfaceCounters>, group: &Arc<str>, decoder: usize) -> Inlet {
        let what = What::One { group: group.clone(), decoder };
        Inlet { interface, counters: counters.clone(), what }
    }

    /// For all groups of a namespace.
    fn all(interface: u32, counters: &Arc<InterfaceCounters>, namespace: AllGroups) -> Inlet {
        Inlet { interface, counters: counters.clone(), what: What::All(Mutex::new(namespace)) }
    }

    /// Groups that come later are opened with another key. Gives the decoders of those that have come.
    pub fn set_framing(&self, framing: &Framing) -> Vec<usize> {
        match &self.what {
            What::One { .. } => Vec::new(),
            What::All(all) => lock(all).set_framing(framing),
        }
    }
}

fn lock(all: &Mutex<AllGroups>) -> MutexGuard<'_, AllGroups> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbound {
    /// From now on carriers bring messages.
    pub(crate) fn set_carried(&self) {
        self.carried.store(true, Ordering::SeqCst);
        // What it remembers was true of receivers alone.
        self.last_filter.store(None);
    }

    /// A group that travels raw in technology `ip` comes in by a carrier, and by that too or not.
    pub(crate) fn expect_twins(&self, group: &Arc<str>, by_ip: bool) {
        let Some(mut queue) = self.lock_queue() else { return };
        if by_ip {
            queue.twins.expect(group);
        } else {
            queue.twins.expect_no_raw(group);
        }
    }

    /// Takes a frame in.
    pub(crate) fn take_in(&self, inlet: &Inlet, arrived: Arrived<'_>) {
        if self.core.is_deleted() || self.core.is_inherited() {
            return;
        }
        let Some(mut queue) = self.lock_queue() else { return };
        inlet.counters.received.fetch_add(1, Ordering::Relaxed);
        deliver(&mut queue, inlet, arrived);
        self.show(&mut queue);
    }

    /// For all groups of a namespace.
    pub(crate) fn namespace_inlet(
        &self,
        interface: u32,
        counters: &Arc<InterfaceCounters>,
        framing: &Framing,
    ) -> Inlet {
        Inlet::all(interface, counters, AllGroups::new(framing, self.core.config.reassembly_buffer))
    }

    /// For `control`, under its lock: the group is joined by its name.
    pub(crate) fn open_inlet(&self, inlet: &Inlet) {
        if let (What::One { group, .. }, Some(mut queue)) = (&inlet.what, self.lock_queue()) {
            *queue.named.entry(group.clone()).or_default() += 1;
        }
    }

    /// For `control`, under its lock: nothing comes in there any more.
    pub(crate) fn close_inlet(&self, inlet: &Inlet) {
        let Some(mut queue) = self.lock_queue() else { return };
        match &inlet.what {
            What::One { group, .. } => {
                let left = queue.named.get_mut(group).map(|count| {
                    *count -= 1;
                    *count
                });
                if left == Some(0) {
                    queue.named.remove(group);
                }
            }
            What::All(all) => lock(all).close(&mut queue),
        }
    }

    /// Nothing waits in this receiver of messages that travel raw.
    pub(super) fn is_dry(&self, receiver: &Receiver) {
        let group = match &receiver.hears {
            Hears::One { group, .. } => Some(&**group),
            Hears::Shared { .. } => None,
        };
        if let Some(mut queue) = self.lock_queue() {
            queue.twins.dry(group, Instant::now());
        }
    }

    /// True for a message by technology `ip` that has come by a carrier already.
    pub(super) fn has_come(&self, group: &str, (head, tail): (&[u8], &[u8]), origin: &Origin) -> bool {
        let Some(mut queue) = self.lock_queue() else { return false };
        let second = queue.twins.is_second(group, head, tail, Copy::Raw(origin.from), Instant::now());
        queue.counted.duplicates += u64::from(second);
        second
    }
}

fn deliver(queue: &mut Queue, inlet: &Inlet, arrived: Arrived<'_>) {
    let Arrived { group, mut frame, sources } = arrived;
    let Some((group, accepted)) = accept(queue, inlet, group, &mut frame) else { return };
    let arrival = Arrival { group, interface: inlet.interface, from: Origin::unknown().from };
    match accepted {
        Accepted::Nothing => {}
        Accepted::Message(range) => {
            if !sources.is_empty() && has_come(queue, &arrival.group, &frame[range.clone()], sources) {
                return;
            }
            queue.spill();
            queue.stash_part(frame, range, arrival);
        }
        Accepted::Bundle(range) => {
            queue.spill();
            let entries = &frame[range];
            for range in bundle::messages(entries) {
                queue.stash(&entries[range], arrival.clone());
            }
        }
        Accepted::Whole(message) => {
            queue.spill();
            let all = 0..message.len();
            queue.stash_part(Frame::Own(message), all, arrival);
        }
    }
}

/// True for a message that has come by technology `ip` already.
fn has_come(queue: &mut Queue, group: &str, message: &[u8], sources: &[u8]) -> bool {
    let copy = Copy::Framed(twins::read(sources));
    let second = queue.twins.is_second(group, message, &[], copy, Instant::now());
    queue.counted.duplicates += u64::from(second);
    second
}

/// What a frame gives, and for which group; `None`: it is for nobody.
fn accept(
    queue: &mut Queue,
    inlet: &Inlet,
    name: &str,
    frame: &mut Frame<'_>,
) -> Option<(Arc<str>, Accepted)> {
    match &inlet.what {
        What::One { group, decoder } => {
            let decoder = queue.decoders.get_mut(*decoder)?;
            let accepted = take(decoder, frame);
            if let Some(refusal) = decoder.take_refusal() {
                refused(group, &refusal);
            }
            Some((group.clone(), accepted))
        }
        // Who has joined it by its name too, has it already; and what it misses here meanwhile is not lost.
        What::All(all) if queue.named.contains_key(name) => {
            lock(all).forget(queue, name);
            None
        }
        What::All(all) => lock(all).accept(queue, name, frame),
    }
}
