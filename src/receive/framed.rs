//! Receiving of framed groups: a read gives a datagram or a train of them, each a frame, which a decoder makes messages
//! of. The first message goes to the application, the others wait in the buffer in which they came.
//!
//! The decoders are in the queue and share its lock, so that a message that comes by several receivers meets the same one.

use super::inbound::Inbound;
use super::message::Received;
use super::queue::{Queue, give};
use super::stash::Arrival;
use super::wait::TURN;
use super::{BACKLOG, LONGEST, Sorted, Waiting};
use crate::error::Result;
use crate::frame::{Accepted, Decoder, Framing, Refusal, Tag, bundle};
use crate::lend::lend;
use crate::technology::ip::{FramedGroup, Receiver};
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::handle::DOORBELL;
use sys::udp::{self, Origin};

/// A receiver that is replaced is read so often at most.
const RESCUED: u32 = 1 << 14;

thread_local! {
    /// Where datagrams come in. When messages are left in it, the queue takes it and gives its own.
    static ROOM: RefCell<Box<[u8]>> = RefCell::default();
}

/// A read that found something.
struct Train<'a> {
    receiver: &'a Arc<Receiver>,
    len: usize,
    /// The length of each datagram but the last.
    segment: usize,
    origin: Origin,
}

impl Inbound {
    /// Reads one receiver of framed groups. `None`: nothing is there (or, after a wait, it is time to look around).
    pub(super) fn read_framed(
        &self,
        receiver: &Arc<Receiver>,
        wait: bool,
        waiting: &mut Waiting,
    ) -> Result<Option<usize>> {
        let room = waiting.buf.len();
        let mut elsewhere = 0;
        loop {
            let read = lend_room(|bytes| -> io::Result<_> {
                let train = self.read_train(receiver, bytes, !wait)?;
                if train.len == 0 && self.is_given_up(receiver) {
                    return Ok(Sorted::GivenUp);
                }
                let Some(mut queue) = self.lock_queue() else { return Ok(Sorted::GivenUp) };
                // What a carrier has brought meanwhile is older.
                let ahead = self.carried.load(Ordering::Relaxed) && !queue.stash.is_empty();
                let sorted = self.unpack(&mut queue, bytes, &train, (!ahead).then_some(&mut *waiting));
                self.show(&mut queue);
                Ok(if ahead { Sorted::Second } else { sorted })
            });
            match read {
                Ok(Sorted::Delivered(len)) => {
                    self.core.counters.received.fetch_add(1, Ordering::Relaxed);
                    let hits = if wait { 0 } else { receiver.hits.fetch_add(1, Ordering::Relaxed) };
                    if hits % TURN == TURN - 1 {
                        self.hot.store(DOORBELL, Ordering::Relaxed);
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

    fn read_train<'a>(
        &self,
        receiver: &'a Arc<Receiver>,
        bytes: &mut [u8],
        dont_wait: bool,
    ) -> io::Result<Train<'a>> {
        let asked = receiver.asks(self.wants_origins.load(Ordering::Relaxed));
        let (len, segment, origin) = udp::receive_train(&receiver.fd, bytes, dont_wait, asked)?;
        receiver.counters.received.fetch_add(len.div_ceil(segment.max(1)).max(1) as u64, Ordering::Relaxed);
        Ok(Train { receiver, len, segment: segment.max(1), origin })
    }

    /// Decodes a train. The first message for whoever waits goes there; what else there is, to the queue.
    fn unpack(
        &self,
        queue: &mut Queue,
        bytes: &mut Box<[u8]>,
        train: &Train,
        waiting: Option<&mut Waiting>,
    ) -> Sorted {
        let mut intake = Intake { train, waiting, sorted: Sorted::Elsewhere, group: None, spans: Vec::new() };
        // An empty datagram is a datagram, too.
        for start in (0..train.len.max(1)).step_by(train.segment) {
            let frame = start..train.len.min(start + train.segment);
            let tag = || Tag::of_frame(&bytes[frame.clone()]);
            let Some(group) = train.receiver.decoder_of(&train.origin, tag) else { continue };
            let Some(decoder) = queue.decoders.get_mut(group.decoder) else { continue };
            match decoder.accept(&mut bytes[frame.clone()]) {
                Accepted::Nothing => {
                    if let Some(refusal) = decoder.take_refusal() {
                        tell_of(&refusal, &group, train);
                    }
                }
                Accepted::Message(range) => {
                    intake.take(queue, bytes, &group, start + range.start..start + range.end);
                }
                Accepted::Bundle(range) => {
                    let base = start + range.start;
                    for range in bundle::messages(&bytes[base..start + range.end]) {
                        intake.take(queue, bytes, &group, base + range.start..base + range.end);
                    }
                }
                Accepted::Whole(message) => {
                    if !intake.deliver(&group, &message) {
                        intake.set_aside(queue, bytes);
                        let (group, interface) = intake.place(&group);
                        queue.stash(&message, Arrival { group, interface, from: train.origin.from });
                    }
                    if let Some(decoder) = queue.decoders.get_mut(group.decoder) {
                        decoder.recycle(message);
                    }
                }
            }
        }
        intake.leave(queue, bytes)
    }

    /// After the last message of a bundle or train: when the next ones have come meanwhile, they are read at once, which
    /// spares the handle two system calls.
    pub(super) fn unpack_more(&self, queue: &mut Queue) {
        if queue.len() > 0 || self.core.is_inherited() {
            return;
        }
        let Some(receiver) = queue.unpacked.receiver.clone() else { return };
        if receiver.hits.load(Ordering::Relaxed) < BACKLOG
            || !receiver.live.load(Ordering::Acquire)
            || self.sleeping.load(Ordering::Relaxed) > 0
            || self.receivers.load().len() != 1
        {
            return;
        }
        let read = lend_room(|bytes| -> io::Result<_> {
            let train = self.read_train(&receiver, bytes, true)?;
            let gone = train.len == 0 && self.is_given_up(&receiver);
            if !gone {
                self.unpack(queue, bytes, &train, None);
            }
            Ok(gone)
        });
        if !matches!(read, Ok(false)) {
            receiver.hits.store(0, Ordering::Relaxed);
        }
    }

    /// Decodes what a receiver of framed groups holds, before it is replaced.
    pub(super) fn rescue_framed(&self, receiver: &Arc<Receiver>) {
        // At most so many: a flood must not hold the caller, who has the control lock.
        for _ in 0..RESCUED {
            let read = lend_room(|bytes| -> io::Result<_> {
                let train = self.read_train(receiver, bytes, true)?;
                let gone = train.len == 0 && self.is_given_up(receiver);
                let Some(mut queue) = self.lock_queue().filter(|_| !gone) else { return Ok(false) };
                self.unpack(&mut queue, bytes, &train, None);
                self.show(&mut queue);
                Ok(true)
            });
            if !matches!(read, Ok(true)) {
                break;
            }
        }
    }

    // For `control`, under its lock.

    /// A decoder for a framed group that is joined; gives its place.
    pub(crate) fn add_decoder(&self, framing: &Framing) -> usize {
        let decoder = Decoder::new(framing.tag, framing.key.clone(), self.core.config.reassembly_buffer);
        self.lock_queue().map_or(usize::MAX, |mut queue| queue.decoders.add(decoder))
    }

    pub(crate) fn remove_decoder(&self, place: usize) {
        if let Some(mut queue) = self.lock_queue() {
            queue.remove_decoder(place);
        }
    }

    /// From now on the group's frames are opened with another key.
    pub(crate) fn set_key(&self, place: usize, framing: &Framing) {
        if let Some(mut queue) = self.lock_queue() {
            if let Some(decoder) = queue.decoders.get_mut(place) {
                decoder.set_key(framing.key.clone());
            }
        }
    }
}

/// One train on its way to the application.
struct Intake<'a, 'w> {
    train: &'a Train<'a>,
    waiting: Option<&'a mut Waiting<'w>>,
    sorted: Sorted,
    /// Of the messages that wait in the bytes of the train: their group and Interface, and where they are.
    group: Option<(Arc<str>, u32)>,
    spans: Vec<(u32, u32)>,
}

impl Intake<'_, '_> {
    fn take(&mut self, queue: &mut Queue, bytes: &[u8], group: &FramedGroup, range: Range<usize>) {
        if self.deliver(group, &bytes[range.clone()]) {
            return;
        }
        let new = match (&self.group, &group.name) {
            (None, _) => true,
            (Some((known, _)), Some(name)) => known != name,
            (Some(_), None) => false,
        };
        if new {
            if self.group.is_some() {
                self.set_aside(queue, bytes);
            } else {
                // What is there already is older.
                queue.spill();
                self.spans = std::mem::take(&mut queue.unpacked.spans);
            }
            self.group = Some(self.place(group));
        }
        self.spans.push((range.start as u32, range.end as u32));
    }

    /// Gives the message to whoever waits. False when nobody does, or not for this one, or it is too long.
    #[inline]
    fn deliver(&mut self, group: &FramedGroup, message: &[u8]) -> bool {
        let Some(waiting) = &mut self.waiting else { return false };
        let wanted = match (waiting.filter, &group.name) {
            (Some(filter), Some(name)) => filter.name == *name,
            _ => true,
        };
        if !wanted || !matches!(self.sorted, Sorted::Elsewhere) {
            return false;
        }
        let Ok(len) = give(message, waiting.buf) else {
            self.sorted = Sorted::TooLong;
            return false;
        };
        self.sorted = Sorted::Delivered(len);
        if waiting.details.is_some() {
            let (group, interface) = self.place(group);
            let from = self.train.origin.from;
            if let Some(details) = self.waiting.as_mut().and_then(|w| w.details.as_deref_mut()) {
                *details = Some(Received { len, group, interface, from });
            }
        }
        true
    }

    fn place(&self, group: &FramedGroup) -> (Arc<str>, u32) {
        let (name, interface) = self.train.receiver.place();
        (group.name.clone().or(name).unwrap_or_default(), interface)
    }

    /// Copies the messages that wait in the bytes of the train, since others come behind them.
    fn set_aside(&mut self, queue: &mut Queue, bytes: &[u8]) {
        let Some((group, interface)) = self.group.clone() else {
            queue.spill();
            return;
        };
        let from = self.train.origin.from;
        for (start, end) in self.spans.drain(..) {
            let arrival = Arrival { group: group.clone(), interface, from };
            queue.stash(&bytes[start as usize..end as usize], arrival);
        }
    }

    /// Leaves the bytes of the train to the queue when messages wait in them.
    fn leave(mut self, queue: &mut Queue, bytes: &mut Box<[u8]>) -> Sorted {
        if let Some((group, interface)) = self.group.take() {
            let unpacked = &mut queue.unpacked;
            if !self.spans.is_empty() {
                self.train.receiver.several.store(true, Ordering::Relaxed);
                std::mem::swap(&mut unpacked.buffer, bytes);
                unpacked.next = 0;
                unpacked.group = Some(group);
                unpacked.interface = interface;
                unpacked.origin = Some(self.train.origin);
                if !unpacked.receiver.as_ref().is_some_and(|known| Arc::ptr_eq(known, self.train.receiver)) {
                    unpacked.receiver = Some(self.train.receiver.clone());
                }
            }
            unpacked.spans = self.spans;
        }
        self.sorted
    }
}

/// The decoder says when it is time.
#[cold]
fn tell_of(refusal: &Refusal, group: &FramedGroup, train: &Train) {
    refused(&group.name.clone().or_else(|| train.receiver.place().0).unwrap_or_default(), refusal);
}

#[cold]
pub(super) fn refused(name: &str, refusal: &Refusal) {
    log::warn!("{name}: frames are refused: {refusal}");
}

/// Lends the thread's room for a read.
fn lend_room<R>(read: impl FnOnce(&mut Box<[u8]>) -> R) -> R {
    lend(&ROOM, |room| {
        if room.is_empty() {
            *room = vec![0; LONGEST].into();
        }
        read(room)
    })
}
