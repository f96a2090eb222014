//! The unfinished messages of one group: fragments until a message is whole, in bounded memory.

use super::header::{FRAGMENTS_MAX, Fragment};
use super::parity;
use super::recent::Recent;

/// The least memory in which any message can be reassembled, in bytes.
pub const LIMIT_MIN: usize = 128 * 1024;
/// Buffers that are kept for the next messages.
const SPARES: usize = 2;
/// What an unfinished message takes besides its bytes, and a parity fragment besides its own.
const FIXED: usize = size_of::<Unfinished>() + 16;
const FIXED_PARITY: usize = 2 * size_of::<(u16, Box<[u8]>)>();
const WORDS: usize = (2 * FRAGMENTS_MAX).div_ceil(64);

pub struct Reassembly {
    table: Recent<Unfinished>,
    spares: Vec<Vec<u8>>,
    /// Bytes, at most `limit`.
    held: usize,
    limit: usize,
}

/// A message of which not all fragments are here.
pub struct Unfinished {
    /// The slot of its sender.
    sender: u32,
    pub sequence: u64,
    division: Fragment,
    /// Data fragments that are not here.
    missing: usize,
    /// By index: which fragments are here.
    here: [u64; WORDS],
    message: Vec<u8>,
    /// Parity fragments with their numbers from 0: fewer than data fragments are missing, else it were finished.
    parity: Vec<(u16, Box<[u8]>)>,
}

/// What became of a fragment.
pub enum Added {
    /// The message is whole, or at least over.
    Done(Option<Vec<u8>>),
    /// More fragments are needed.
    More,
    /// It was here already.
    Again,
    /// It contradicts those before it.
    Contradiction,
}

impl Reassembly {
    /// Holds at most `limit` bytes, but never less than [`LIMIT_MIN`].
    pub fn new(limit: usize) -> Reassembly {
        Reassembly { table: Recent::new(), spares: Vec::new(), held: 0, limit: limit.max(LIMIT_MIN) }
    }

    /// How many messages are unfinished.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes held now.
    pub fn memory(&self) -> usize {
        self.held
    }

    /// Whether there is room to begin a message so divided. When not, discard the stalest first.
    pub fn has_room(&mut self, division: &Fragment) -> bool {
        self.fits(FIXED + division.length as usize)
    }

    /// Begins a message for which there is room.
    pub fn begin(&mut self, sender: u32, sequence: u64, division: Fragment) -> u32 {
        let length = division.length as usize;
        let message = match self.spares.pop() {
            Some(mut spare) => {
                self.held -= spare.capacity();
                if spare.capacity() >= length {
                    spare.resize(length, 0);
                    spare
                } else {
                    vec![0; length]
                }
            }
            None => vec![0; length],
        };
        let missing = division.data();
        let new =
            Unfinished { sender, sequence, division, missing, here: [0; WORDS], message, parity: Vec::new() };
        self.held += new.bytes();
        self.table.insert(new)
    }

    pub fn get(&self, slot: u32) -> Option<&Unfinished> {
        self.table.get(slot)
    }

    /// Makes a message the freshest.
    pub fn touch(&mut self, slot: u32) {
        self.table.touch(slot);
    }

    /// The message that got no fragment for the longest time.
    pub fn stalest(&self) -> Option<u32> {
        self.table.oldest()
    }

    /// Whether a parity fragment has to be kept, for which there is no room. When so, discard the stalest first, unless
    /// it is this message itself.
    pub fn wants_room(&mut self, slot: u32, fragment: &Fragment) -> bool {
        let wanted = self.table.get(slot).is_some_and(|one| one.wants(fragment));
        wanted && !self.fits(FIXED_PARITY + usize::from(fragment.size))
    }

    /// Adds a fragment; `payload` is as long as the fragment says. A parity fragment without room is left out.
    pub fn add(&mut self, slot: u32, fragment: &Fragment, payload: &[u8]) -> Added {
        let room = !self.wants_room(slot, fragment);
        let Some(one) = self.table.get_mut(slot) else { return Added::More };
        if !one.division.agrees(fragment) {
            return Added::Contradiction;
        }
        if one.is_here(fragment.index) {
            return Added::Again;
        }
        if let Some(span) = fragment.span() {
            let length = span.len();
            if let (Some(to), Some(from)) = (one.message.get_mut(span), payload.get(..length)) {
                to.copy_from_slice(from);
            }
            one.missing -= 1;
            one.mark(fragment.index);
        } else if room && one.wants(fragment) {
            let number = fragment.index - one.division.data() as u16;
            one.parity.push((number, payload.into()));
            one.mark(fragment.index);
            self.held += FIXED_PARITY + payload.len();
        }
        if one.missing > one.parity.len() {
            return Added::More;
        }
        let Some(mut one) = self.table.remove(slot) else { return Added::More };
        self.held -= one.bytes();
        if one.missing == 0 || one.restore() {
            return Added::Done(Some(one.message));
        }
        self.recycle(one.message);
        Added::Done(None)
    }

    /// Forgets a message. Returns the slot of its sender.
    pub fn discard(&mut self, slot: u32) -> Option<u32> {
        let one = self.table.remove(slot)?;
        self.held -= one.bytes();
        self.recycle(one.message);
        Some(one.sender)
    }

    /// Keeps a buffer for a later message, if there is room.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        let bytes = buffer.capacity();
        if self.spares.len() < SPARES && bytes > 0 && bytes < LIMIT_MIN && self.held + bytes <= self.limit {
            self.held += bytes;
            self.spares.push(buffer);
        }
    }

    /// Bytes held now, counted anew.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        let messages: usize = self.table.iter().map(Unfinished::bytes).sum();
        let spares: usize = self.spares.iter().map(Vec::capacity).sum();
        assert_eq!(self.held, messages + spares);
        self.held
    }

    /// Whether so many bytes more fit. Spare buffers make way.
    fn fits(&mut self, bytes: usize) -> bool {
        while self.held + bytes > self.limit {
            let Some(spare) = self.spares.pop() else { return false };
            self.held -= spare.capacity();
        }
        true
    }
}

impl Unfinished {
    fn bytes(&self) -> usize {
        let parity = self.parity.iter().map(|(_, payload)| FIXED_PARITY + payload.len()).sum::<usize>();
        FIXED + self.message.capacity() + parity
    }

    fn is_here(&self, index: u16) -> bool {
        self.here[usize::from(index) / 64 % WORDS] & 1 << (index % 64) != 0
    }

    fn mark(&mut self, index: u16) {
        self.here[usize::from(index) / 64 % WORDS] |= 1 << (index % 64);
    }

    /// Whether it is a parity fragment that is not here.
    fn wants(&self, fragment: &Fragment) -> bool {
        fragment.span().is_none() && !self.is_here(fragment.index)
    }

    fn restore(&mut self) -> bool {
        let here = &self.here;
        let (size, parity) = (usize::from(self.division.size), usize::from(self.division.parity));
        let is_here = |index: usize| here[index / 64 % WORDS] & 1 << (index % 64) != 0;
        parity::restore(&mut self.message, size, parity, is_here, &self.parity)
    }
}
