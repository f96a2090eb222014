//! The HAM frame, version 1: how messages of Group Names that have no address of their own travel, so that each
//! arrives whole, once, under the right name, and sealed when asked. `docs/wire-format.md` specifies it.
//! A [`Flow`] makes the frames of one sender; a [`Decoder`] takes the frames of one group from all senders.

pub mod bundle;
pub mod seal;
pub mod secret;

mod decoder;
mod flow;
mod framing;
mod header;
mod parity;
mod reassembly;
mod recent;
mod refusal;
mod senders;
mod window;

#[cfg(test)]
mod tests;

pub use decoder::{Accepted, Decoder, FrameCounts};
pub use flow::{Flow, Packed};
pub use framing::Framing;
pub use header::HOP_LIMIT;
pub(crate) use reassembly::LIMIT_MIN as REASSEMBLY_MIN;
pub(crate) use recent::Recent;
pub use refusal::Refusal;
pub use seal::GroupKey;

use sha2::{Digest, Sha256};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Bytes of header before the payload of a frame that is no fragment.
pub const HEADER: usize = 44;
/// Bytes of header before the payload of a fragment.
pub const FRAGMENT_HEADER: usize = 56;
/// The longest message, in bytes.
pub const MAX_MESSAGE: usize = 65507;

/// What tells the frames of one Group Name from those of any other at the same address and port.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag([u8; 16]);

impl Tag {
    /// The tag of the Group Name with this normal form.
    pub fn of(normal: &str) -> Tag {
        let mut tag = [0; 16];
        // The first half of the digest makes the Group Address.
        tag.copy_from_slice(&Sha256::digest(normal)[16..]);
        Tag(tag)
    }

    /// The tag that a frame carries, if it is long enough for one.
    pub fn of_frame(frame: &[u8]) -> Option<Tag> {
        frame.get(header::TAG..)?.first_chunk().copied().map(Tag)
    }

    /// The tag in the place of a Group Address, where there is none.
    pub fn address(&self) -> IpAddr {
        Ipv6Addr::from(self.0).into()
    }

    /// The bytes as they stand in a frame.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
