//! How the messages of one group are framed.

use super::seal::SEAL;
use super::{GroupKey, HEADER, Tag};

/// How the messages of a framed group travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    /// The name's tag.
    pub tag: Tag,
    /// The key that seals them.
    pub key: Option<GroupKey>,
}

impl Framing {
    /// The bytes by which a frame is longer than the message in it.
    pub fn overhead(&self) -> usize {
        HEADER + self.key.as_ref().map_or(0, |_| SEAL)
    }
}
