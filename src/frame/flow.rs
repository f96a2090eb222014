//! What one multicast socket sends to one Group Name: messages and bundles become frames.

use super::header::{
    BUNDLE, FRAGMENT, FRAGMENT_SIZE_MIN, Fragment, PREFIX, SEALED, SenderId, VERSION, nonce,
};
use super::parity::{self, Encoder};
use super::seal::{GroupKey, SEAL, SenderKey};
use super::{FRAGMENT_HEADER, HEADER, MAX_MESSAGE, Tag};
use std::sync::atomic::{AtomicU64, Ordering};

/// At most this many messages are sealed with one sender key. Of at most 700 frames each, they stay below what AES-GCM bears well
/// (RFC 9001 §6.6: 2^28 packets).
const SEALED_MAX: u64 = 1 << 18;

/// The smallest limit of a frame, in bytes; a smaller one is taken as this.
const LIMIT_MIN: usize = 256;

/// A sender of one group: its random id, its key and its next sequence number. All threads may use it at once.
///
/// A forked child needs a new one, and so does a socket whose credentials change: an id with a sequence number
/// stands for one sequence of bytes, for ever.
pub struct Flow {
    prefix: [u8; PREFIX],
    key: Option<SenderKey>,
    fec_percent: u8,
    next: AtomicU64,
}

/// The frames of one message, one behind the other, and space to work in that is kept for the next message.
#[derive(Default)]
pub struct Packed {
    bytes: Vec<u8>,
    segment: usize,
    sequence: u64,
    parity: Vec<u8>,
    encoder: Encoder,
}

impl Flow {
    /// A new sender, of an id that is random and was never used, with `fec_percent` parity fragments for every hundred
    /// fragments of a message that takes more than one (0: none; at most 100).
    pub fn new(tag: Tag, key: Option<&GroupKey>, fec_percent: u8, sender: SenderId) -> Flow {
        if fec_percent > 0 {
            parity::prepare();
        }
        Flow::resume(tag, key, fec_percent, sender, 1)
    }

    /// A sender of this id whose next sequence number is `next`. Neither may ever have been used together.
    pub(super) fn resume(
        tag: Tag,
        key: Option<&GroupKey>,
        fec_percent: u8,
        sender: SenderId,
        next: u64,
    ) -> Flow {
        let mut prefix = [0; PREFIX];
        prefix[0] = VERSION;
        if let Some(key) = key {
            prefix[1] = SEALED;
            prefix[3] = key.algorithm().code();
        }
        prefix[4..20].copy_from_slice(tag.bytes());
        prefix[20..].copy_from_slice(&sender);
        let key = key.map(|key| key.sender_key(&tag, &sender));
        Flow { prefix, key, fec_percent: fec_percent.min(100), next: AtomicU64::new(next) }
    }

    /// True when its key has sealed enough: the next messages are to be another flow's.
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.key.is_some() && self.next.load(Ordering::Relaxed) > SEALED_MAX
    }

    /// Bytes that a frame has more than the unfragmented message in it.
    pub fn overhead(&self) -> usize {
        HEADER + self.seal()
    }

    /// Makes the frames of `message`, none longer than `limit` bytes (at least 256). It takes one sequence number, so
    /// all Interfaces send these same bytes; a message that must be cut anew is packed anew. There are no frames for a
    /// message of more than 65507 bytes.
    #[inline]
    pub fn pack(&self, message: &[u8], limit: usize, out: &mut Packed) {
        out.bytes.clear();
        out.segment = 0;
        out.sequence = 0;
        if message.len() > MAX_MESSAGE {
            return;
        }
        let limit = limit.max(LIMIT_MIN);
        if message.len() + self.overhead() <= limit {
            self.whole(0, message, out);
        } else {
            self.cut(message, limit, out);
        }
    }

    /// Gives back the sequence number of a message of which not one frame has left the host, unless another message has
    /// taken the next number since. Not that of a sealed one: no receiver is worth a nonce used twice.
    pub fn take_back(&self, packed: &Packed) {
        if self.key.is_some() {
            return;
        }
        if let Some(next) = packed.sequence.checked_add(1).filter(|next| *next > 1) {
            let _ = self.next.compare_exchange(next, packed.sequence, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Makes the one frame of a bundle whose `entries` were made with [`bundle::push`](super::bundle::push). There is
    /// no frame when there are no entries. It takes one sequence number.
    pub fn pack_bundle(&self, entries: &[u8], out: &mut Packed) {
        out.bytes.clear();
        out.segment = 0;
        out.sequence = 0;
        if !entries.is_empty() {
            self.whole(BUNDLE, entries, out);
        }
    }

    #[inline]
    fn whole(&self, flag: u8, payload: &[u8], out: &mut Packed) {
        out.bytes.reserve(self.overhead() + payload.len());
        let sequence = self.take_sequence();
        out.sequence = sequence;
        self.head(flag, sequence, &mut out.bytes);
        out.bytes.extend_from_slice(payload);
        self.seal_from(0, HEADER, &nonce(0, sequence), &mut out.bytes);
        out.segment = out.bytes.len();
    }

    /// Fragments, in the order of their index.
    fn cut(&self, message: &[u8], limit: usize, out: &mut Packed) {
        let room = (limit - FRAGMENT_HEADER - self.seal()).min(MAX_MESSAGE);
        let mut fragment = self.division(message.len(), room);
        let size = usize::from(fragment.size);
        out.parity.clear();
        if fragment.parity > 0 {
            let parity = usize::from(fragment.parity);
            if out.encoder.encode(message, size, parity, &mut out.parity).is_err() {
                // The code has room for any division that can be; without parity the message still travels.
                out.parity.clear();
                fragment.parity = 0;
            }
        }
        let data = fragment.data();
        let frame = FRAGMENT_HEADER + size + self.seal();
        out.bytes.reserve(frame * (data + usize::from(fragment.parity)));
        let sequence = self.take_sequence();
        out.sequence = sequence;
        for (index, payload) in message.chunks(size).chain(out.parity.chunks(size)).enumerate() {
            fragment.index = index as u16;
            let start = out.bytes.len();
            self.head(FRAGMENT, sequence, &mut out.bytes);
            fragment.write(&mut out.bytes);
            out.bytes.extend_from_slice(payload);
            out.bytes.resize(start + FRAGMENT_HEADER + fragment.payload(), 0);
            self.seal_from(start, FRAGMENT_HEADER, &nonce(fragment.index, sequence), &mut out.bytes);
        }
        out.segment = frame;
    }

    /// How a message of `length` bytes is cut when a fragment has `room` bytes for it.
    fn division(&self, length: usize, room: usize) -> Fragment {
        let (mut size, mut parity) = (room, 0);
        if self.fec_percent > 0 {
            // Fragments of nearly the same size: the last one is padded, and each parity fragment is as long.
            let even = room & !1;
            let data = length.div_ceil(even);
            size = length.div_ceil(data).next_multiple_of(2).clamp(FRAGMENT_SIZE_MIN, even);
            parity = (length.div_ceil(size) * usize::from(self.fec_percent)).div_ceil(100);
        }
        Fragment { length: length as u32, size: size as u16, index: 0, parity: parity as u16 }
    }

    #[inline]
    fn head(&self, flag: u8, sequence: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.prefix);
        out[start + 1] |= flag;
        out.extend_from_slice(&sequence.to_be_bytes());
    }

    /// Seals what follows the header of `header` bytes at `start`.
    #[inline]
    fn seal_from(&self, start: usize, header: usize, nonce: &[u8; 12], out: &mut Vec<u8>) {
        if let Some(key) = &self.key {
            let (head, text) = out[start..].split_at_mut(header);
            let seal = key.seal(nonce, head, text);
            out.extend_from_slice(&seal);
        }
    }

    fn seal(&self) -> usize {
        if self.key.is_some() { SEAL } else { 0 }
    }

    /// At a thousand million messages in a second, these last 584 years.
    fn take_sequence(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Packed {
    /// All frames, one behind the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// To be changed where a frame may be.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Gives all frames away.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The length of every frame but the last, in bytes; the last one may be shorter.
    pub fn segment(&self) -> usize {
        self.segment
    }

    /// The frames, in the order in which they are to be sent.
    pub fn frames(&self) -> impl Iterator<Item = &[u8]> + use<'_> {
        self.bytes.chunks(self.segment.max(1))
    }
}
