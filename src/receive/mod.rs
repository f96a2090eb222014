//! Receiving: what waits in the library, else one read, and sleep only when that finds nothing.
//!
//! A socket with one receiver sleeps in the read itself, which saves an epoll call for each wait; one with several
//! sleeps in the handle's epoll set. When reads find messages at once several times in a row there is a backlog: then
//! the kernel is asked for many at a time and the rest waits in the queue, which keeps the handle readable.

mod all_groups;
mod carried;
mod decoders;
mod filter;
mod framed;
mod hunch;
mod inbound;
mod lock;
mod message;
mod queue;
mod stash;
pub(crate) mod twins;
mod wait;
mod waiters;
mod wake;

pub(crate) use carried::Inlet;
pub(crate) use filter::WantedGroup;
#[cfg(test)]
pub(crate) use inbound::panics;
pub(crate) use inbound::{Inbound, Inbox};
pub(crate) use lock::QueueGuard;
pub use message::Received;

use crate::error::{Error, Result, limit_error};
use crate::lend::lend;
use crate::technology::ip::Receiver;
use filter::GroupFilter;
use queue::Queue;
use stash::Arrival;
use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::batch::Batch;
use sys::handle::DOORBELL;
use sys::logging::Pace;
use sys::udp::{self, Origin};

type Buffer = [MaybeUninit<u8>];

/// After so many reads that found a message at once, the next one asks for many.
const BACKLOG: u32 = 16;

/// After a read that found nothing the next so many calls expect to wait and spare themselves that read.
const EXPECTED: u32 = 8;

/// Fewer than this in a batch are no backlog.
const FEW: usize = 8;

/// Messages above this length are read one at a time and straight into the application's buffer: to copy them would
/// cost more than it saves.
const BATCHED: usize = 2048;

/// After so many messages that were for others a read comes back, so that a flood of them does not hold it.
const OTHERS: u32 = 4096;

/// Room for any datagram.
const LONGEST: usize = 65536;

/// What a caller wants to know of a message besides its bytes.
type Details<'a> = Option<&'a mut Option<Received>>;

/// Who waits for a message: what it is to be of, where it goes, and what else is asked.
struct Waiting<'a> {
    filter: Option<&'a GroupFilter>,
    buf: &'a mut Buffer,
    details: Details<'a>,
}

thread_local! {
    /// Takes what is too long for the application's buffer, so that nothing is cut off.
    static REST: RefCell<Option<Box<Buffer>>> = const { RefCell::new(None) };
}

impl Inbound {
    /// Takes the next message of any joined group, or of the one that is `wanted`. Returns its length.
    #[inline]
    pub fn receive(&self, wanted: Option<WantedGroup>, buf: &mut Buffer) -> Result<usize> {
        self.receive_with(wanted, buf, None)
    }

    /// As [`Inbound::receive`], and says for which group and from whom.
    pub fn receive_from(&self, wanted: Option<WantedGroup>, buf: &mut Buffer) -> Result<Received> {
        self.wants_origins.store(true, Ordering::Relaxed);
        let mut details = None;
        self.receive_with(wanted, buf, Some(&mut details))?;
        details.ok_or(Error::NoSuchSocket)
    }

    #[inline]
    fn receive_with(
        &self,
        wanted: Option<WantedGroup>,
        buf: &mut Buffer,
        mut details: Details,
    ) -> Result<usize> {
        let (mut nonblocking, mut idle) = (None, false);
        let mut expects_to_wait = wanted.is_none() && self.expects_to_wait();
        loop {
            if self.core.is_deleted() {
                return Err(Error::NoSuchSocket);
            }
            let filter = wanted.as_ref().map(|wanted| self.filter(wanted)).transpose()?;
            let (filter, details) = (filter.as_deref(), details.as_deref_mut());
            let waiting = &mut Waiting { filter, buf, details };
            if self.inbox.queued.load(Ordering::Acquire) > 0 {
                if let Some(len) = self.take(waiting)? {
                    return Ok(len);
                }
            }
            expects_to_wait =
                expects_to_wait && !*nonblocking.get_or_insert_with(|| self.core.handle.nonblocking());
            if !std::mem::take(&mut expects_to_wait) {
                if let Some(len) = self.read_once(waiting)? {
                    return Ok(len);
                }
            }
            if *nonblocking.get_or_insert_with(|| self.core.handle.nonblocking()) {
                return self.look_around(waiting)?.ok_or(Error::WouldBlock);
            }
            if !idle {
                if let Some(len) = self.spin(waiting)? {
                    return Ok(len);
                }
            }
            if let Some(len) = self.sleep(idle, waiting)? {
                return Ok(len);
            }
            idle = true;
        }
    }

    /// One read that does not wait, where a message is most likely.
    #[inline]
    fn read_once(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        if let Some(filter) = waiting.filter {
            for receiver in &filter.receivers {
                if let Some(len) = self.read(receiver, false, waiting)? {
                    return Ok(Some(len));
                }
            }
            return Ok(None);
        }
        let receivers = self.receivers.load();
        match receivers.as_slice() {
            [] => Ok(None),
            [receiver] => self.read(receiver, false, waiting),
            many => match by_token(many, self.hot.load(Ordering::Relaxed)) {
                Some(receiver) => {
                    let read = self.read(receiver, false, waiting);
                    // The others may have something.
                    self.waits.store(0, Ordering::Relaxed);
                    read
                }
                None => Ok(None),
            },
        }
    }

    /// True when a read that gave no bytes gave no message either. In a forked child the parent may have given the
    /// receiver up; when it was the last one, the socket is at its end there too.
    #[cold]
    fn is_given_up(&self, receiver: &Receiver) -> bool {
        if receiver.live.load(Ordering::Acquire) && !(self.core.is_inherited() && udp::is_shut(&receiver.fd))
        {
            return false;
        }
        if self.core.is_inherited() {
            receiver.live.store(false, Ordering::Release);
            self.receivers.rcu(|list| -> Vec<_> {
                list.iter().filter(|r| r.token != receiver.token).cloned().collect()
            });
            if self.receivers.load().is_empty() {
                self.core.delete();
            }
        }
        true
    }

    /// Reads one receiver. `None`: nothing is there (or, after a wait, it is time to look around).
    #[inline]
    fn read(&self, receiver: &Arc<Receiver>, wait: bool, waiting: &mut Waiting) -> Result<Option<usize>> {
        if receiver.framed {
            return self.read_framed(receiver, wait, waiting);
        }
        let carried = self.carried.load(Ordering::Relaxed);
        let backlog = receiver.hits.load(Ordering::Relaxed) >= BACKLOG && !carried;
        if backlog && !wait && waiting.filter.is_none() && self.sleeping.load(Ordering::Relaxed) == 0 {
            return self.read_many(receiver, waiting);
        }
        let asked = receiver.asks(waiting.details.is_some() || carried);
        let mut elsewhere = 0;
        loop {
            let Waiting { filter, buf, details } = waiting;
            let room = buf.len();
            let mut sort = |parts: (&[u8], &[u8]), origin| {
                self.sort(receiver, *filter, parts, origin, details.as_deref_mut())
            };
            let sorted = if room >= receiver.longest {
                udp::receive_whole(&receiver.fd, buf, !wait, asked)
                    .map(|(message, origin)| sort((message, &[]), origin))
            } else if receiver.long.load(Ordering::Relaxed) {
                lend_rest(|rest| {
                    let (head, tail, origin) = udp::receive(&receiver.fd, buf, rest, !wait, asked)?;
                    Ok(sort((head, tail), origin))
                })
            } else {
                lend_rest(|rest| {
                    let (message, origin) = udp::receive_whole(&receiver.fd, rest, !wait, asked)?;
                    let parts = message.split_at(message.len().min(room));
                    udp::copy(parts.0, &mut buf[..parts.0.len()]);
                    Ok(sort(parts, origin))
                })
            };
            match sorted {
                Ok(Sorted::Delivered(len)) => {
                    self.core.counters.received.fetch_add(1, Ordering::Relaxed);
                    receiver.counters.received.fetch_add(1, Ordering::Relaxed);
                    if (len > BATCHED) != receiver.long.load(Ordering::Relaxed) {
                        receiver.long.store(len > BATCHED, Ordering::Relaxed);
                    }
                    if len > BATCHED {
                        receiver.hits.store(0, Ordering::Relaxed);
                        self.hot.store(DOORBELL, Ordering::Relaxed);
                    } else if !wait {
                        receiver.hits.fetch_add(1, Ordering::Relaxed);
                    }
                    return Ok(Some(len));
                }
                read => {
                    if matches!(read, Ok(Sorted::Second)) {
                        if let Some(len) = self.take(waiting)? {
                            return Ok(Some(len));
                        }
                    }
                    if let Some(result) = self.conclude(receiver, read, wait, room, &mut elsewhere) {
                        return result;
                    }
                }
            }
        }
    }

    /// What comes of a read that gave the application no message; `None`: read on.
    fn conclude(
        &self,
        receiver: &Receiver,
        read: io::Result<Sorted>,
        wait: bool,
        room: usize,
        elsewhere: &mut u32,
    ) -> Option<Result<Option<usize>>> {
        match read {
            Ok(Sorted::Delivered(len)) => Some(Ok(Some(len))),
            Ok(Sorted::TooLong) => Some(Err(Error::MessageSize(room))),
            Ok(Sorted::GivenUp) => Some(Ok(None)),
            Ok(Sorted::Elsewhere | Sorted::Second) if self.core.is_deleted() => {
                Some(Err(Error::NoSuchSocket))
            }
            // A wait ends with any message: what others send must not hide what else there may be by now.
            Ok(Sorted::Elsewhere | Sorted::Second) if wait || *elsewhere == OTHERS => Some(Ok(None)),
            Ok(Sorted::Elsewhere | Sorted::Second) => {
                *elsewhere += 1;
                None
            }
            Err(e) => match e.raw_os_error() {
                Some(libc::EAGAIN) => {
                    receiver.hits.store(0, Ordering::Relaxed);
                    self.waits.store(if wait { 0 } else { EXPECTED }, Ordering::Relaxed);
                    if self.carried.load(Ordering::Relaxed) && !receiver.framed {
                        self.is_dry(receiver);
                    }
                    Some(Ok(None))
                }
                Some(libc::EINTR) if !wait => None,
                _ => Some(Err(failed(e))),
            },
        }
    }

    /// Says what is to be done with a message that was just read.
    #[inline]
    fn sort(
        &self,
        receiver: &Receiver,
        filter: Option<&GroupFilter>,
        (head, tail): (&[u8], &[u8]),
        origin: Origin,
        details: Details,
    ) -> Sorted {
        let len = head.len() + tail.len();
        if len == 0 && self.is_given_up(receiver) {
            return Sorted::GivenUp;
        }
        let carried = self.carried.load(Ordering::Relaxed);
        if tail.is_empty() && details.is_none() && filter.is_none() && !carried {
            return if receiver.wants(&origin) { Sorted::Delivered(len) } else { Sorted::Elsewhere };
        }
        let Some((group, interface)) = receiver.group_of(&origin) else {
            return Sorted::Elsewhere;
        };
        if carried && self.has_come(&group, (head, tail), &origin) {
            return Sorted::Second;
        }
        let wanted = filter.is_none_or(|filter| filter.wants(&group));
        if wanted && tail.is_empty() {
            if let Some(details) = details {
                let from = origin.from;
                *details = Some(Received { len, group: group.clone(), interface, from });
            }
            return Sorted::Delivered(len);
        }
        self.keep([head, tail].concat(), Arrival { group, interface, from: origin.from }, wanted);
        if wanted { Sorted::TooLong } else { Sorted::Elsewhere }
    }

    /// Asks the kernel for many messages, gives the first and keeps the rest.
    fn read_many(&self, receiver: &Arc<Receiver>, waiting: &mut Waiting) -> Result<Option<usize>> {
        receiver.hits.store(0, Ordering::Relaxed);
        // A forked child must not take more than it hands out: what is left would be lost to its parent.
        if self.core.is_inherited() {
            return self.read(receiver, false, waiting);
        }
        let Some(mut queue) = self.try_lock_queue() else {
            return self.read(receiver, false, waiting);
        };
        if queue.len() > 0 {
            return self.take_locked(&mut queue, waiting);
        }
        if queue.batch.is_none() {
            queue.batch = Some(Batch::new().map_err(|e| limit_error(&e, "receive: memory for a batch"))?);
        }
        match self.refill(&mut queue, receiver) {
            Ok(()) => {}
            Err(e) if matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::EINTR)) => return Ok(None),
            Err(e) => return Err(failed(e)),
        }
        let taken = self.take_locked(&mut queue, waiting)?;
        if taken.is_none() {
            // All were for others; there may be one of ours behind them.
            drop(queue);
            receiver.hits.store(0, Ordering::Relaxed);
            return self.read(receiver, false, waiting);
        }
        Ok(taken)
    }

    /// Fills the empty queue, without waiting.
    fn refill(&self, queue: &mut Queue, receiver: &Arc<Receiver>) -> io::Result<()> {
        receiver.hits.store(0, Ordering::Relaxed);
        let Some(batch) = &mut queue.batch else { return Ok(()) };
        let asked = receiver.asks_now(self.wants_origins.load(Ordering::Relaxed));
        let count = batch.fill(&receiver.fd, asked)?;
        receiver.counters.received.fetch_add(count as u64, Ordering::Relaxed);
        // Others get their turn after this batch.
        self.hot.store(DOORBELL, Ordering::Relaxed);
        if count >= FEW {
            receiver.hits.store(BACKLOG, Ordering::Relaxed);
            static PACE: Pace = Pace::new();
            if PACE.due() {
                self.count_drops(receiver);
            }
        }
        (queue.next, queue.end) = (0, count);
        if !queue.receiver.as_ref().is_some_and(|known| Arc::ptr_eq(known, receiver)) {
            queue.receiver = Some(receiver.clone());
        }
        queue.look_whose();
        Ok(())
    }

    /// After the last message of a batch: when there is a backlog and nobody else's turn, the next batch comes at once,
    /// which spares the handle two system calls.
    fn refill_backlog(&self, queue: &mut Queue) {
        self.unpack_more(queue);
        let Some(receiver) = queue.receiver.clone() else { return };
        let backlog = receiver.hits.load(Ordering::Relaxed) >= BACKLOG;
        if queue.len() == 0
            && backlog
            && receiver.live.load(Ordering::Acquire)
            && !self.core.is_inherited()
            && self.sleeping.load(Ordering::Relaxed) == 0
            && self.receivers.load().len() == 1
        {
            // What is wrong with the socket, the next read meets too.
            let _ = self.refill(queue, &receiver);
            queue.skip_others();
        }
    }

    /// Takes from the queue.
    fn take(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        // Without a filter: whoever holds the lock is copying a message; meanwhile there may be one in the kernel. But not
        // where a carrier may just be bringing the one that has made the handle readable.
        let surely = waiting.filter.is_some() || self.carried.load(Ordering::Relaxed);
        let queue = if surely { self.lock_queue() } else { self.try_lock_queue() };
        match queue {
            Some(mut queue) => self.take_locked(&mut queue, waiting),
            None => Ok(None),
        }
    }

    fn take_locked(&self, queue: &mut Queue, waiting: &mut Waiting) -> Result<Option<usize>> {
        let taken = queue.pick(waiting);
        if waiting.filter.is_none() && matches!(taken, Ok(Some(_))) {
            self.refill_backlog(queue);
        }
        self.show(queue);
        if let Ok(Some(_)) = taken {
            queue.taken += 1;
        }
        taken
    }
}

/// What became of a message.
enum Sorted {
    /// It is in the application's buffer.
    Delivered(usize),
    /// It is kept for a larger buffer.
    TooLong,
    /// It is for nobody here, or kept for another call.
    Elsewhere,
    /// A carrier has brought it, and what it has brought goes before what comes now.
    Second,
    /// There is none: the receiver was given up.
    GivenUp,
}

fn lend_rest<R>(read: impl FnOnce(&mut Buffer) -> R) -> R {
    lend(&REST, |rest| read(rest.get_or_insert_with(|| vec![MaybeUninit::uninit(); LONGEST].into())))
}

fn by_token(receivers: &[Arc<Receiver>], token: u64) -> Option<&Arc<Receiver>> {
    receivers.binary_search_by_key(&token, |r| r.token).ok().map(|i| &receivers[i])
}

#[cold]
fn failed(error: io::Error) -> Error {
    Error::from_io(&error, "receive")
}
