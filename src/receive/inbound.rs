//! The half of a multicast socket that messages come in by: its receivers, and the queue of what waits in the library.

use super::filter::{GroupFilter, WantedGroup};
use super::hunch::Hunch;
use super::lock::{QueueGuard, QueueLock};
use super::queue::Queue;
use super::stash::{Arrival, Stash};
use super::{Buffer, LONGEST};
use crate::core::Core;
use crate::counters::Statistics;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::technology::ip::seats::Readers;
use crate::technology::ip::{Hears, Receiver};
use arc_swap::{ArcSwap, ArcSwapOption};
use carrier::Heard;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use sys::logging::Pace;
use sys::slots::BATCH;
use sys::udp::{self, Membership};

/// The queue of whichever multicast socket has a descriptor number now. Never freed.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(super) queue: QueueLock,
    /// How many messages wait in the queue.
    pub(super) queued: AtomicUsize,
}

impl Inbox {
    /// Takes a message that was read ahead, if there are several: the commonest case while a backlog is drained, and the
    /// one in which the socket itself is not needed.
    #[inline]
    pub fn take_ahead(&'static self, buf: &mut Buffer) -> Option<usize> {
        if self.queued.load(Ordering::Acquire) < 2 {
            return None;
        }
        self.queue.try_lock()?.take_ahead(&self.queued, buf)
    }
}

/// What `receive` reads.
pub(crate) struct Inbound {
    pub(super) core: Arc<Core>,
    pub(super) receivers: ArcSwap<Vec<Arc<Receiver>>>,
    /// The token of the receiver that was readable last.
    pub(super) hot: AtomicU64,
    pub(super) inbox: &'static Inbox,
    /// For so many calls more it is likely that they have to wait.
    pub(super) waits: AtomicU32,
    /// How many threads sleep in `receive`.
    pub(super) sleeping: AtomicUsize,
    /// Whether it pays to read busily before that.
    pub(super) hunch: Hunch,
    pub(super) last_filter: ArcSwapOption<GroupFilter>,
    /// `receive_from` was called: messages that are read ahead are read with their senders.
    pub(super) wants_origins: AtomicBool,
    /// Carriers bring messages too, or did: they come into the queue on other threads.
    pub(super) carried: AtomicBool,
}

impl Inbound {
    /// Without receivers, and with the queue for its own from now on.
    pub fn new(core: Arc<Core>, inbox: &'static Inbox) -> Inbound {
        let inbound = Inbound {
            core,
            receivers: ArcSwap::default(),
            hot: AtomicU64::new(0),
            inbox,
            waits: AtomicU32::new(0),
            sleeping: AtomicUsize::new(0),
            hunch: Hunch::default(),
            last_filter: ArcSwapOption::const_empty(),
            wants_origins: AtomicBool::new(false),
            carried: AtomicBool::new(false),
        };
        inbound.take_over_queue();
        inbound
    }

    /// The queue; `None` when it belongs to a later socket.
    pub(super) fn lock_queue(&self) -> Option<QueueGuard> {
        Some(self.inbox.queue.lock()).filter(|queue| queue.owner == self.core.id)
    }

    pub(super) fn try_lock_queue(&self) -> Option<QueueGuard> {
        self.inbox.queue.try_lock().filter(|queue| queue.owner == self.core.id)
    }

    /// What the core has counted, and the queue and its decoders.
    pub(crate) fn statistics(&self) -> Statistics {
        self.count_all_drops();
        let counted = self.core.counters.read();
        let Some(queue) = self.lock_queue() else { return counted };
        let frames = queue.counts();
        Statistics {
            received: counted.received + queue.taken,
            dropped_by_library: queue.dropped,
            duplicates: frames.duplicates,
            lost: frames.lost,
            refused: frames.refused,
            ..counted
        }
    }

    /// Asks the kernel how many messages it has dropped.
    pub(crate) fn count_all_drops(&self) {
        self.receivers.load().iter().for_each(|receiver| self.count_drops(receiver));
    }

    /// At the socket's creation: the queue is its own from now on.
    fn take_over_queue(&self) {
        let mut queue = self.inbox.queue.lock();
        // A batch that is put aside is a part of what the kernel's buffer held.
        let limit = self.core.config.receive_buffer + BATCH * LONGEST;
        *queue = Queue { owner: self.core.id, stash: Stash::new(limit), ..Queue::default() };
        self.inbox.queued.store(0, Ordering::SeqCst);
    }

    /// At the socket's end, when the core is deleted: who waits is woken, and what waits is dropped.
    pub(crate) fn end(&self) {
        if !self.core.is_inherited() {
            self.core.handle.ring();
            for receiver in self.receivers.load().iter() {
                self.count_drops(receiver);
                receiver.live.store(false, Ordering::Release);
                udp::shut(&receiver.fd);
            }
        }
        self.receivers.store(Arc::default());
        self.last_filter.store(None);
        self.give_up_queue();
    }

    fn give_up_queue(&self) {
        if let Some(mut queue) = self.lock_queue() {
            queue.waiters.wake_all();
            *queue = Queue::default();
            self.inbox.queued.store(0, Ordering::SeqCst);
        }
    }

    /// Keeps a message for a later call: the `next` one, or behind the others.
    pub(super) fn keep(&self, message: Vec<u8>, arrival: Arrival, next: bool) {
        let Some(mut queue) = self.lock_queue() else { return };
        if next {
            queue.stash.push_front(message, arrival);
        } else {
            queue.stash(&message, arrival);
        }
        self.show(&mut queue);
    }

    /// For the group that is wanted, which must be joined.
    pub(super) fn filter(&self, wanted: &WantedGroup) -> Result<Arc<GroupFilter>> {
        let &WantedGroup { uri, joined } = wanted;
        let receivers = self.receivers.load();
        if let Some(filter) = self.last_filter.load().as_ref().filter(|filter| filter.serves(uri, &receivers))
        {
            return Ok(filter.clone());
        }
        let name = Name::parse(uri)?;
        let shared =
            joined(name.normal()).ok_or_else(|| Error::NotAvailable(format!("{name}: not joined")))?;
        let filter = Arc::new(GroupFilter::new(uri, &name, shared, &receivers));
        self.last_filter.store(Some(filter.clone()));
        Ok(filter)
    }

    /// Drops what waits for a group that was left.
    pub(crate) fn forget_queued(&self, group: &str) {
        self.last_filter.store(None);
        let Some(mut queue) = self.lock_queue() else { return };
        queue.spill();
        let heard = Heard::of(group);
        queue.stash.retain(|group| !heard.covers(group));
        queue.twins.forget(group);
        // They are to learn that it is not joined.
        queue.waiters.wake(group);
        self.show(&mut queue);
    }

    /// Before a fork: no thread is in the middle of the queue.
    pub(crate) fn hold_queue(&self) -> QueueGuard {
        self.inbox.queue.lock()
    }

    /// In a forked child, with the queue held: its messages are the parent's.
    pub(crate) fn start_in_child(&self, queue: &mut Queue) {
        let Queue { owner, mut stash, decoders, .. } = std::mem::take(queue);
        stash.abandon();
        *queue = Queue { owner, stash, decoders, ..Queue::default() };
        self.inbox.queued.store(0, Ordering::SeqCst);
        self.sleeping.store(0, Ordering::SeqCst);
    }

    /// Adds to the statistics what the kernel has dropped at this receiver, and tells of it.
    pub(super) fn count_drops(&self, receiver: &Receiver) {
        let drops = receiver.new_drops();
        if drops == 0 {
            return;
        }
        let total = self.core.counters.dropped_by_kernel.fetch_add(drops.into(), Ordering::Relaxed)
            + u64::from(drops);
        receiver.counters.dropped_by_kernel.fetch_add(drops.into(), Ordering::Relaxed);
        static PACE: Pace = Pace::new();
        if PACE.due() {
            let what = match &receiver.hears {
                Hears::One { group, .. } => &**group,
                Hears::Shared { .. } => "a shared receiver",
            };
            log::warn!(
                "{what}: {drops} messages were dropped because the receive buffer was full ({total} so far on this \
                 socket): receive faster, or raise receive_buffer (HAM_RECEIVE_BUFFER) and sysctl net.core.rmem_max"
            );
        }
    }
}

impl Readers for Inbound {
    fn add(&self, receiver: &Arc<Receiver>) -> io::Result<()> {
        #[cfg(test)]
        panics::here();
        self.core.handle.add(&receiver.fd, receiver.token)?;
        // Tokens only grow, so the list stays sorted by them.
        let mut list = Vec::clone(&self.receivers.load());
        list.push(receiver.clone());
        self.receivers.store(Arc::new(list));
        Ok(())
    }

    // `membership` is left explicitly, since to close the socket is not to leave when something else still has it.
    fn remove(&self, receiver: &Arc<Receiver>, membership: Option<&Membership>) {
        if let Some(membership) = membership {
            let _ = udp::leave(&receiver.fd, membership);
        }
        self.last_filter.store(None);
        if let Some(mut queue) = self.lock_queue() {
            if queue.receiver.as_ref().is_some_and(|r| r.token == receiver.token) {
                queue.spill();
                queue.receiver = None;
                self.show(&mut queue);
            }
        }
        self.count_drops(receiver);
        if let Some(mut queue) = self.lock_queue() {
            queue.unpacked.receiver.take_if(|known| known.token == receiver.token);
        }
        receiver.live.store(false, Ordering::Release);
        self.core.handle.remove(&receiver.fd);
        let list = self.receivers.load().iter().filter(|r| r.token != receiver.token).cloned().collect();
        self.receivers.store(Arc::new(list));
        udp::shut(&receiver.fd);
    }

    fn rescue(&self, receiver: &Arc<Receiver>) {
        // What was read ahead is older.
        if let Some(mut queue) = self.lock_queue() {
            queue.spill();
            self.show(&mut queue);
        }
        if receiver.framed {
            return self.rescue_framed(receiver);
        }
        let mut buf = vec![MaybeUninit::uninit(); LONGEST];
        while let Ok((message, origin)) =
            udp::receive_whole(&receiver.fd, &mut buf, true, receiver.asks(true))
        {
            let gone = message.is_empty() && self.is_given_up(receiver);
            let Some((group, interface)) = receiver.group_of(&origin).filter(|_| !gone) else {
                if gone {
                    return;
                }
                continue;
            };
            let Some(mut queue) = self.lock_queue() else { return };
            queue.spill();
            queue.stash(message, Arrival { group, interface, from: origin.from });
            self.show(&mut queue);
        }
    }
}

/// A fault on purpose, for the tests of what survives it.
#[cfg(test)]
pub(crate) mod panics {
    use std::cell::Cell;

    thread_local! {
        static AFTER: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// The thread panics when so many receivers more have been added.
    pub fn after(receivers: u32) {
        AFTER.set(Some(receivers));
    }

    pub(super) fn here() {
        match AFTER.take() {
            Some(0) => panic!("on purpose"),
            left => AFTER.set(left.map(|left| left - 1)),
        }
    }
}
