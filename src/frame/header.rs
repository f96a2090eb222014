//! The bytes before the payload: written by `flow`, checked here.

use super::seal::{Algorithm, SEAL};
use super::{FRAGMENT_HEADER, HEADER, MAX_MESSAGE, Refusal, Tag};
use std::ops::Range;

pub const VERSION: u8 = 1;
pub const FRAGMENT: u8 = 0x01;
pub const BUNDLE: u8 = 0x02;
pub const SEALED: u8 = 0x04;

/// Where the hop limit stands, which is not authenticated.
pub const HOP_LIMIT: usize = 2;
/// Where the group tag stands.
pub const TAG: usize = 4;
/// Version to sender id: what all frames of one flow have in common, but for the flags.
pub const PREFIX: usize = 36;
/// Smaller fragments would cost a receiver more to keep account of than they carry.
pub const FRAGMENT_SIZE_MIN: usize = 64;
/// Data fragments of one message, and parity fragments of one message.
pub const FRAGMENTS_MAX: usize = MAX_MESSAGE.div_ceil(FRAGMENT_SIZE_MIN);

pub type SenderId = [u8; 16];

/// What a well-formed frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub bundle: bool,
    pub algorithm: Option<Algorithm>,
    pub sender: SenderId,
    pub sequence: u64,
    pub fragment: Option<Fragment>,
}

/// A message's division into fragments, and which of them this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Bytes of the message.
    pub length: u32,
    /// Bytes of message in a data fragment.
    pub size: u16,
    /// Data fragments first, then parity fragments.
    pub index: u16,
    /// The number of parity fragments.
    pub parity: u16,
}

impl Header {
    /// The header of a well-formed frame; None for a frame of another group.
    #[inline]
    pub fn parse(frame: &[u8], tag: &Tag) -> Result<Option<Header>, Refusal> {
        let Some(head) = frame.first_chunk::<HEADER>() else {
            return Err(Refusal::Short);
        };
        let [version, flags, _, algorithm, ..] = *head;
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        if field::<4, 16>(head) != tag.0 {
            return Ok(None);
        }
        let unknown = flags & !(FRAGMENT | BUNDLE | SEALED) != 0;
        if unknown || flags & (FRAGMENT | BUNDLE) == FRAGMENT | BUNDLE {
            return Err(Refusal::Flags(flags));
        }
        let algorithm = match (flags & SEALED != 0, algorithm) {
            (false, 0) => None,
            (true, code) if code != 0 => Some(Algorithm::from_code(code).ok_or(Refusal::Algorithm(code))?),
            _ => return Err(Refusal::Malformed("flag SEALED and algorithm differ")),
        };
        let sequence = u64::from_be_bytes(field::<PREFIX, 8>(head));
        if sequence == 0 {
            return Err(Refusal::Malformed("sequence number 0"));
        }
        let seal = if algorithm.is_some() { SEAL } else { 0 };
        let fragment = match flags & FRAGMENT {
            0 if frame.len() < HEADER + seal => return Err(Refusal::Short),
            0 => None,
            _ => Some(Fragment::parse(frame, seal)?),
        };
        let bundle = flags & BUNDLE != 0;
        Ok(Some(Header { bundle, algorithm, sender: field::<20, 16>(head), sequence, fragment }))
    }

    /// Where the payload begins.
    #[inline]
    pub fn len(&self) -> usize {
        if self.fragment.is_some() { FRAGMENT_HEADER } else { HEADER }
    }

    /// Whether it is what stands for its message in the count of duplicates.
    #[inline]
    pub fn is_first(&self) -> bool {
        self.fragment.is_none_or(|fragment| fragment.index == 0)
    }

    /// The nonce of a sealed frame.
    pub fn nonce(&self) -> [u8; 12] {
        nonce(self.fragment.map_or(0, |fragment| fragment.index), self.sequence)
    }
}

impl Fragment {
    fn parse(frame: &[u8], seal: usize) -> Result<Fragment, Refusal> {
        let Some(head) = frame.first_chunk::<FRAGMENT_HEADER>() else {
            return Err(Refusal::Short);
        };
        let short = |bytes: [u8; 2]| u16::from_be_bytes(bytes);
        let fragment = Fragment {
            length: u32::from_be_bytes(field::<44, 4>(head)),
            size: short(field::<48, 2>(head)),
            index: short(field::<50, 2>(head)),
            parity: short(field::<52, 2>(head)),
        };
        if field::<54, 2>(head) != [0; 2] {
            return Err(Refusal::Malformed("the reserved field is not 0"));
        }
        let (length, size) = (fragment.length as usize, usize::from(fragment.size));
        if length > MAX_MESSAGE {
            return Err(Refusal::Malformed("message length"));
        }
        if size < FRAGMENT_SIZE_MIN || size >= length || (fragment.parity > 0 && size % 2 == 1) {
            return Err(Refusal::Malformed("fragment size"));
        }
        if usize::from(fragment.parity) > fragment.data() {
            return Err(Refusal::Malformed("more parity than data"));
        }
        if usize::from(fragment.index) >= fragment.data() + usize::from(fragment.parity) {
            return Err(Refusal::Malformed("index"));
        }
        if frame.len() != FRAGMENT_HEADER + fragment.payload() + seal {
            return Err(Refusal::Malformed("payload length"));
        }
        Ok(fragment)
    }

    /// The number of data fragments.
    pub fn data(&self) -> usize {
        (self.length as usize).div_ceil(usize::from(self.size).max(1))
    }

    /// The bytes of the message in this fragment; None for a parity fragment.
    pub fn span(&self) -> Option<Range<usize>> {
        let size = usize::from(self.size);
        let start = usize::from(self.index) * size;
        let length = self.length as usize;
        (start < length).then(|| start..length.min(start + size))
    }

    /// Whether `other` is a fragment of the same division.
    pub fn agrees(&self, other: &Fragment) -> bool {
        (self.length, self.size, self.parity) == (other.length, other.size, other.parity)
    }

    /// Bytes of payload, before sealing: with parity, the last data fragment is padded.
    pub fn payload(&self) -> usize {
        match self.span() {
            Some(span) if self.parity == 0 => span.len(),
            _ => usize::from(self.size),
        }
    }

    /// Appends the fields.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.length.to_be_bytes());
        for field in [self.size, self.index, self.parity, 0] {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }
}

/// The nonce of a sealed frame. `index` is 0 for one that is no fragment.
pub fn nonce(index: u16, sequence: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&u32::from(index).to_be_bytes());
    nonce[4..].copy_from_slice(&sequence.to_be_bytes());
    nonce
}

/// `LENGTH` bytes at `START`, which are inside.
#[inline(always)]
fn field<const START: usize, const LENGTH: usize>(head: &[u8]) -> [u8; LENGTH] {
    head.get(START..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; LENGTH])
}
