//! What waits in the library: messages that were read ahead, and those that a later call is to have.

use super::decoders::Decoders;
use super::message::Received;
use super::stash::{Arrival, Stash};
use super::twins::Twins;
use super::waiters::Waiters;
use super::{Buffer, Waiting};
use crate::error::{Error, Result};
use crate::frame::{Decoder, FrameCounts};
use crate::technology::ip::Receiver;
use carrier::Frame;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use sys::batch::Batch;
use sys::slots::BATCH;
use sys::udp::{self, Origin};

/// Messages that the kernel has given and the application has not.
#[derive(Default)]
pub(crate) struct Queue {
    /// The id of the socket that has the queue now; 0 for none.
    pub(super) owner: u64,
    /// Older than what is in the batch.
    pub(super) stash: Stash,
    /// Messages that found it full.
    pub(super) dropped: u64,
    /// How many of them the log knows of.
    pub(super) told: u64,
    pub(super) batch: Option<Batch>,
    /// Whose messages are in the batch.
    pub(super) receiver: Option<Arc<Receiver>>,
    pub(super) next: usize,
    pub(super) end: usize,
    /// Which of them are surely for the application, a bit for each: seen when they were read.
    pub(super) ours: u64,
    /// Empty while there is something in the batch, and the other way round.
    pub(super) unpacked: Unpacked,
    /// Of the socket's framed groups, each at the place that its receivers know.
    pub(super) decoders: Decoders,
    /// Names that carriers bring because they were joined by name, and how many carriers.
    pub(super) named: HashMap<Arc<str>, usize>,
    /// Messages that come both raw and in frames.
    pub(super) twins: Twins,
    /// Who waits for messages of one group.
    pub(super) waiters: Waiters,
    /// What the decoders of groups that were left have counted.
    pub(super) counted: FrameCounts,
    /// The handle was made readable for this queue.
    pub(super) rung: bool,
    /// How many messages the application took from here.
    pub(super) taken: u64,
}

/// Messages of a framed group that wait in the buffer in which they came.
#[derive(Default)]
pub(super) struct Unpacked {
    pub(super) buffer: Box<[u8]>,
    /// Where they begin and end.
    pub(super) spans: Vec<(u32, u32)>,
    pub(super) next: usize,
    pub(super) group: Option<Arc<str>>,
    pub(super) interface: u32,
    pub(super) origin: Option<Origin>,
    /// Whom to ask for more when they are taken.
    pub(super) receiver: Option<Arc<Receiver>>,
}

impl Unpacked {
    pub(super) fn len(&self) -> usize {
        self.spans.len() - self.next
    }

    #[inline]
    fn message(&self, i: usize) -> &[u8] {
        let (start, end) = self.spans[i];
        &self.buffer[start as usize..end as usize]
    }
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.stash.len() + (self.end - self.next) + self.unpacked.len()
    }

    /// Keeps a message behind the others. When there are too many it is dropped and counted.
    #[inline]
    pub(super) fn stash(&mut self, message: &[u8], arrival: Arrival) {
        self.stash_part(Frame::Borrowed(message), 0..message.len(), arrival);
    }

    /// The same of the message at `range` of a frame.
    #[inline]
    pub(super) fn stash_part(&mut self, frame: Frame<'_>, range: Range<usize>, arrival: Arrival) {
        if !self.stash.push(frame, range, arrival) {
            self.dropped += 1;
        } else if let Some(group) = self.stash.back() {
            self.waiters.wake(group);
        }
    }

    /// Takes the oldest message when that leaves others, and so nothing to be done for the handle. `None`: look the long
    /// way, which also tells of a message that is too long.
    #[inline]
    pub fn take_ahead(&mut self, queued: &AtomicUsize, buf: &mut Buffer) -> Option<usize> {
        if self.unpacked.len() > 1 && self.stash.is_empty() {
            let message = self.unpacked.message(self.unpacked.next);
            udp::copy(message, buf.get_mut(..message.len())?);
            let len = message.len();
            self.unpacked.next += 1;
            self.taken += 1;
            queued.store(self.unpacked.len(), Ordering::Release);
            return Some(len);
        }
        let (Some(batch), Some(receiver)) = (&self.batch, &self.receiver) else { return None };
        let left = self.end.checked_sub(self.next + 1)?;
        if left == 0
            || !self.is_ours(self.next)
            || !self.stash.is_empty()
            || !receiver.live.load(Ordering::Acquire)
        {
            return None;
        }
        let message = batch.message(self.next);
        udp::copy(message, buf.get_mut(..message.len())?);
        self.next += 1;
        self.taken += 1;
        queued.store(left, Ordering::Release);
        Some(message.len())
    }

    /// Takes the oldest message, or the oldest of one group.
    pub(super) fn pick(&mut self, waiting: &mut Waiting) -> Result<Option<usize>> {
        let (filter, buf, details) = (waiting.filter, &mut *waiting.buf, waiting.details.as_deref_mut());
        if filter.is_some() {
            self.spill();
        }
        let position = filter.map_or(Some(0), |filter| self.stash.position(|group| filter.wants(group)));
        if let Some((position, message)) = position.and_then(|at| Some((at, self.stash.get(at)?))) {
            let len = give(message, buf)?;
            let arrival = self.stash.remove(position);
            if let (Some(details), Some(Arrival { group, interface, from })) = (details, arrival) {
                *details = Some(Received { len, group, interface, from });
            }
            return Ok(Some(len));
        }
        if self.unpacked.len() > 0 {
            let unpacked = &mut self.unpacked;
            let len = give(unpacked.message(unpacked.next), buf)?;
            unpacked.next += 1;
            if let (Some(details), Some(group)) = (details, &unpacked.group) {
                let from = unpacked.origin.unwrap_or_else(Origin::unknown).from;
                *details = Some(Received { len, group: group.clone(), interface: unpacked.interface, from });
            }
            return Ok(Some(len));
        }
        let (Some(batch), Some(receiver)) = (&self.batch, &self.receiver) else {
            return Ok(None);
        };
        let live = receiver.live.load(Ordering::Acquire);
        // It does not ask whose it is.
        let plain = details.is_none();
        while self.next < self.end {
            let i = self.next;
            if !live {
                self.next = self.end;
                break;
            }
            let message = batch.message(i);
            let len = message.len();
            let origin = (!(plain && self.is_ours(i))).then(|| batch.origin(i));
            if origin.as_ref().is_some_and(|origin| !receiver.wants(origin)) {
                self.next += 1;
                continue;
            }
            give(message, buf)?;
            if let Some(details) = details {
                let origin = origin.unwrap_or_else(Origin::unknown);
                let from = origin.from;
                let received = |(group, interface)| Received { len, group, interface, from };
                *details = receiver.group_of(&origin).map(received);
            }
            self.next += 1;
            return Ok(Some(len));
        }
        Ok(None)
    }

    #[inline]
    fn is_ours(&self, i: usize) -> bool {
        self.ours >> i & 1 == 1
    }

    /// Looks up all at once whose the messages in the batch are: one after the other each would wait for the memory.
    pub(super) fn look_whose(&mut self) {
        const { assert!(BATCH <= 64) };
        let (Some(batch), Some(receiver)) = (&self.batch, &self.receiver) else { return };
        self.ours = if receiver.hears_one() {
            u64::MAX
        } else {
            let ours = |i| u64::from(receiver.surely_wants(batch.destination(i))) << i;
            (self.next..self.end).map(ours).fold(0, |all, one| all | one)
        };
    }

    /// Passes over messages that are for others, up to the next that is not.
    pub(super) fn skip_others(&mut self) {
        let (Some(batch), Some(receiver)) = (&self.batch, &self.receiver) else { return };
        let ours = |i: &usize| self.is_ours(*i) || receiver.wants(&batch.origin(*i));
        self.next = (self.next..self.end).find(ours).unwrap_or(self.end);
    }

    /// Moves what was read ahead to the stash.
    #[inline]
    pub(super) fn spill(&mut self) {
        if self.next < self.end || !self.unpacked.spans.is_empty() {
            self.spill_all();
        }
    }

    fn spill_all(&mut self) {
        self.spill_unpacked();
        let (Some(batch), Some(receiver)) = (self.batch.take(), self.receiver.take()) else {
            return;
        };
        for i in self.next..self.end {
            let origin = batch.origin(i);
            if let Some((group, interface)) = receiver.group_of(&origin) {
                self.stash(batch.message(i), Arrival { group, interface, from: origin.from });
            }
        }
        (self.next, self.end) = (0, 0);
        self.batch = Some(batch);
    }

    fn spill_unpacked(&mut self) {
        let mut unpacked = std::mem::take(&mut self.unpacked);
        if let Some(group) = &unpacked.group {
            for i in unpacked.next..unpacked.spans.len() {
                let from = unpacked.origin.unwrap_or_else(Origin::unknown).from;
                let arrival = Arrival { group: group.clone(), interface: unpacked.interface, from };
                self.stash(unpacked.message(i), arrival);
            }
        }
        unpacked.spans.clear();
        unpacked.next = 0;
        self.unpacked = unpacked;
    }

    /// Gives what it has counted.
    pub(super) fn remove_decoder(&mut self, place: usize) -> FrameCounts {
        let counts = self.decoders.remove(place).map(Decoder::finish).unwrap_or_default();
        self.counted += counts;
        counts
    }

    pub(super) fn counts(&self) -> FrameCounts {
        let mut counts = self.counted;
        self.decoders.iter().for_each(|decoder| counts += decoder.counts());
        counts
    }
}

/// Copies a message to the application, or says that it does not fit. Returns its length.
#[inline]
pub(super) fn give(message: &[u8], buf: &mut Buffer) -> Result<usize> {
    let room = buf.len();
    let place = buf.get_mut(..message.len()).ok_or(Error::MessageSize(room))?;
    udp::copy(message, place);
    Ok(message.len())
}
