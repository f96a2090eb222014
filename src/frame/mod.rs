//! The HAM frame: how messages of framed groups travel.

pub mod seal;

use sha2::{Digest, Sha256};
use std::fmt;

/// The group tag: tells on the wire which Group Name a frame is for. It is a hash of the name, no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag([u8; 16]);

impl Tag {
    /// The tag of the Group Name with this normal form: bytes 16 to 31 of its SHA-256.
    pub fn of(normal: &str) -> Tag {
        let digest: [u8; 32] = Sha256::digest(normal).into();
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest[16..]);
        Tag(tag)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({:032x})", u128::from_be_bytes(self.0))
    }
}
