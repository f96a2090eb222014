//! What carriers bring, on threads of their own: frames become messages at once, and these wait in the queue.

use super::framed::refused;
use super::queue::{Message, Queue, Stashed};
use super::twins::{self, Copy};
use super::{Buffer, Details, Filter, waiting};
use crate::error::{Error, Result};
use crate::frame::{Accepted, Decoder, Tag, bundle};
use crate::mapping::Framing;
use crate::socket::{InterfaceCounters, MulticastSocket};
use crate::sys::handle::Bell;
use crate::sys::udp::{self, Origin};
use crate::technology::carrier::Arrived;
use crate::technology::ip::{Hears, LOOK_AROUND, Receiver};
use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// So many groups of a namespace one join of all of them takes in.
const GROUPS: usize = 4096;

/// Where frames of a joined group come in from a carrier.
pub(crate) struct Inlet {
    interface: u32,
    counters: Arc<InterfaceCounters>,
    what: What,
}

enum What {
    One { group: Arc<str>, decoder: usize },
    All(Mutex<All>),
}

/// All groups of a namespace.
struct All {
    framing: Framing,
    decoders: HashMap<Arc<str>, usize>,
    closed: bool,
}

impl Inlet {
    /// For one group.
    pub fn one(interface: u32, counters: &Arc<InterfaceCounters>, group: &Arc<str>, decoder: usize) -> Inlet {
        let what = What::One { group: group.clone(), decoder };
        Inlet { interface, counters: counters.clone(), what }
    }

    /// For all groups of a namespace.
    pub fn all(interface: u32, counters: &Arc<InterfaceCounters>, framing: &Framing) -> Inlet {
        let all = All { framing: framing.clone(), decoders: HashMap::new(), closed: false };
        Inlet { interface, counters: counters.clone(), what: What::All(Mutex::new(all)) }
    }

    /// Groups that come later are opened with another key. Gives the decoders of those that have come.
    pub fn set_framing(&self, framing: &Framing) -> Vec<usize> {
        let What::All(all) = &self.what else { return Vec::new() };
        let mut all = lock(all);
        all.framing = framing.clone();
        all.decoders.values().copied().collect()
    }
}

fn lock(all: &Mutex<All>) -> MutexGuard<'_, All> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those who wait for messages of one group, and are woken by a bell each beside what the kernel wakes them for.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Vec<Waiter>,
    /// The bells of those who wait no more.
    spare: Vec<Arc<Bell>>,
}

struct Waiter {
    bell: Arc<Bell>,
    /// `None`: of several groups.
    group: Option<Arc<str>>,
}

impl Waiters {
    /// There is news of the group.
    pub fn wake(&self, group: &str) {
        let wants = |waiter: &&Waiter| waiter.group.as_deref().is_none_or(|wanted| wanted == group);
        self.waiting.iter().filter(wants).for_each(|waiter| waiter.bell.ring());
    }

    /// There is news of everything.
    pub fn wake_all(&self) {
        self.waiting.iter().for_each(|waiter| waiter.bell.ring());
    }

    fn enter(&mut self, filter: &Filter) -> io::Result<Arc<Bell>> {
        let bell = self.spare.pop().map_or_else(|| Bell::new().map(Arc::new), Ok)?;
        let group = (!filter.all).then(|| filter.name.clone());
        self.waiting.push(Waiter { bell: bell.clone(), group });
        Ok(bell)
    }

    fn leave(&mut self, bell: Arc<Bell>) {
        self.waiting.retain(|waiter| !Arc::ptr_eq(&waiter.bell, &bell));
        bell.quiet();
        self.spare.push(bell);
    }
}

impl MulticastSocket {
    /// From now on carriers bring messages.
    pub(crate) fn set_carried(&self) {
        self.carried.store(true, Ordering::SeqCst);
        // What it remembers was true of receivers alone.
        self.last_filter.store(None);
    }

    /// Whether a group that travels raw in technology `ip` comes in by that and by a carrier.
    pub(crate) fn expect_twins(&self, group: &Arc<str>, both: bool) {
        let Some(mut queue) = self.lock_queue() else { return };
        if both {
            queue.twins.expect(group);
        } else {
            queue.twins.forget(group);
        }
    }

    /// Takes a frame in.
    pub(crate) fn take_in(&self, inlet: &Inlet, arrived: Arrived<'_>) {
        if self.is_deleted() || self.is_inherited() {
            return;
        }
        let Some(mut queue) = self.lock_queue() else { return };
        inlet.counters.received.fetch_add(1, Ordering::Relaxed);
        let Some((group, decoder)) = self.decoder_for(&mut queue, inlet, arrived.group) else { return };
        accept(&mut queue, inlet.interface, &group, decoder, arrived);
        self.show(&mut queue);
    }

    /// Where the frames of a group go; `None`: nowhere.
    fn decoder_for(&self, queue: &mut Queue, inlet: &Inlet, name: &str) -> Option<(Arc<str>, usize)> {
        let all = match &inlet.what {
            What::One { group, decoder } => return Some((group.clone(), *decoder)),
            What::All(all) => all,
        };
        // Who has joined it by its name too, has it already; and what it misses here meanwhile is not lost.
        if queue.named.contains_key(name) {
            if let Some(place) = lock(all).decoders.remove(name) {
                queue.remove_decoder(place);
            }
            return None;
        }
        let mut all = lock(all);
        if let Some((group, decoder)) = all.decoders.get_key_value(name) {
            return Some((group.clone(), *decoder));
        }
        if all.closed {
            return None;
        }
        if all.decoders.len() >= GROUPS {
            queue.counted.refused += 1;
            if queue.counted.refused.is_power_of_two() {
                log::warn!("{name}: {GROUPS} groups of its namespace come in already; it is left out");
            }
            return None;
        }
        let (group, tag): (Arc<str>, _) = (name.into(), Tag::of(name));
        let decoder = Decoder::new(tag, all.framing.key.clone(), self.config.reassembly_buffer);
        let place = queue.add_decoder(decoder);
        all.decoders.insert(group.clone(), place);
        Some((group, place))
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
            What::All(all) => {
                let mut all = lock(all);
                all.closed = true;
                all.decoders.drain().for_each(|(_, place)| queue.remove_decoder(place));
            }
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

    /// Sleeps until there may be a message of one group of a socket with carriers, or it is time to look around.
    pub(super) fn sleep_for_arrival(
        &self,
        filter: &Filter,
        buf: &mut Buffer,
        details: Details,
    ) -> Result<Option<usize>> {
        let Some(mut queue) = self.lock_queue() else { return Err(Error::NoSuchSocket) };
        if let Some(len) = self.take_locked(&mut queue, Some(filter), buf, details)? {
            return Ok(Some(len));
        }
        let bell = queue.waiters.enter(filter).map_err(waiting)?;
        drop(queue);
        let receivers = filter.receivers.iter().map(|r| r.fd.as_raw_fd());
        let fds: Vec<_> = receivers.chain([bell.as_raw_fd()]).collect();
        let woken = udp::wait_readable(&fds, LOOK_AROUND);
        if let Some(mut queue) = self.lock_queue() {
            queue.waiters.leave(bell);
        }
        woken.map(|_| None).map_err(waiting)
    }
}

fn accept(queue: &mut Queue, interface: u32, group: &Arc<str>, place: usize, arrived: Arrived<'_>) {
    let Arrived { mut frame, sources, .. } = arrived;
    let Some(Some(decoder)) = queue.decoders.get_mut(place) else { return };
    let origin = Origin::unknown();
    match decoder.accept(&mut frame) {
        Accepted::Nothing => {
            if let Some(refusal) = decoder.take_refusal() {
                refused(group, &refusal);
            }
        }
        Accepted::Message(range) => {
            let copy = Copy::Framed(twins::read(sources));
            let now = Instant::now();
            if !sources.is_empty() && queue.twins.is_second(group, &frame[range.clone()], &[], copy, now) {
                queue.counted.duplicates += 1;
                return;
            }
            queue.spill();
            let message = Message::part(frame, range);
            queue.stash(Stashed { message, group: group.clone(), interface, origin });
        }
        Accepted::Bundle(range) => {
            queue.spill();
            let entries = &frame[range];
            for range in bundle::messages(entries) {
                let message = Message::from(&entries[range]);
                queue.stash(Stashed { message, group: group.clone(), interface, origin });
            }
        }
        Accepted::Whole(message) => {
            queue.spill();
            let message = Message::from(message);
            queue.stash(Stashed { message, group: group.clone(), interface, origin });
        }
    }
}
