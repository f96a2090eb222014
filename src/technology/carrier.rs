//! What carriers have in common: the Interfaces of technologies that know groups by Group Name, not by address, and that
//! carry HAM frames.

use crate::group::Role;
use std::ops::Deref;
use std::sync::Arc;

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The group of this Group Name, in normal form.
    Group(&'a str),
    /// Every group whose Group Name begins and ends so.
    All {
        /// The namespace, as `ham:opaque:`.
        prefix: &'a str,
        /// The instantiation and port, as `@cnn.com`; mostly empty.
        suffix: &'a str,
    },
}

impl<'a> Heard<'a> {
    /// What a Group Name in normal form asks for: `*` stands there alone, and only for all groups.
    pub fn of(name: &'a str) -> Heard<'a> {
        match name.split_once('*') {
            Some((prefix, suffix)) => Heard::All { prefix, suffix },
            None => Heard::Group(name),
        }
    }

    /// True when the group of this name is among what is heard.
    pub fn covers(&self, group: &str) -> bool {
        match *self {
            Heard::Group(name) => name == group,
            Heard::All { prefix, suffix } => {
                group.len() > prefix.len() + suffix.len()
                    && group.starts_with(prefix)
                    && group.ends_with(suffix)
            }
        }
    }
}

/// A frame that has come in.
pub struct Arrived<'a> {
    /// The Group Name in normal form.
    pub group: &'a str,
    /// The frame.
    pub frame: Frame<'a>,
    /// What its sender has said of itself besides; see `receive::twins`.
    pub sources: &'a [u8],
}

/// From this length on, in bytes, a frame is worth more care than a copy.
pub const LONG: usize = 32 << 10;

/// The bytes of a frame.
pub enum Frame<'a> {
    /// In memory of the technology, for the moment.
    Borrowed(&'a [u8]),
    /// In memory of their own.
    Own(Vec<u8>),
    /// In memory of the technology, of which they hold no more than twice their length.
    #[cfg_attr(not(feature = "overlay"), allow(dead_code, reason = "only an overlay lends"))]
    Lent(Box<dyn AsRef<[u8]> + Send>),
}

impl Frame<'_> {
    /// To be written, in memory of their own.
    pub fn to_mut(&mut self) -> &mut [u8] {
        if !matches!(self, Frame::Own(_)) {
            *self = Frame::Own(self.to_vec());
        }
        match self {
            Frame::Own(bytes) => bytes,
            _ => &mut [],
        }
    }

    /// For longer than the moment.
    pub fn into_kept(self) -> Frame<'static> {
        match self {
            Frame::Borrowed(bytes) => Frame::Own(bytes.to_vec()),
            Frame::Own(bytes) => Frame::Own(bytes),
            Frame::Lent(bytes) => Frame::Lent(bytes),
        }
    }

    /// The memory that is held when it is kept, at most.
    pub fn memory(&self) -> usize {
        match self {
            Frame::Borrowed(bytes) => bytes.len(),
            Frame::Own(bytes) => bytes.capacity(),
            Frame::Lent(bytes) => 2 * (**bytes).as_ref().len(),
        }
    }
}

impl Deref for Frame<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Frame::Borrowed(bytes) => bytes,
            Frame::Own(bytes) => bytes,
            Frame::Lent(bytes) => (**bytes).as_ref(),
        }
    }
}

/// How far a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This process alone.
    Local,
    /// Everybody else.
    NotLocal,
    /// Everybody.
    All,
}

/// What has become of all other nodes in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The Group Name in normal form.
    pub group: Arc<str>,
    /// What they do there.
    pub role: Role,
    /// The first one does it now, or the last one no more.
    pub present: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_its_own_is_written_in_a_copy() {
        let borrowed = b"lent";
        let mut frame = Frame::Borrowed(borrowed);
        frame.to_mut()[0] = b'b';
        assert_eq!((&*frame, borrowed), (&b"bent"[..], b"lent"));
        let lent: Arc<[u8]> = b"lent"[..].into();
        let mut frame = Frame::Lent(Box::new(lent.clone()));
        assert_eq!((&*frame, frame.memory(), Arc::strong_count(&lent)), (&b"lent"[..], 8, 2));
        frame.to_mut()[0] = b'b';
        assert_eq!((&*frame, &*lent, Arc::strong_count(&lent)), (&b"bent"[..], &b"lent"[..], 1));
        frame.to_mut()[0] = b's';
        assert_eq!(*frame, b"sent"[..]);
    }

    #[test]
    fn all_of_a_namespace_is_not_all() {
        let all = Heard::of("ham:sip:*@cnn.com");
        assert_eq!(all, Heard::All { prefix: "ham:sip:", suffix: "@cnn.com" });
        assert_eq!(Heard::of("ham:sip:%2A"), Heard::Group("ham:sip:%2A"));
        assert!(all.covers("ham:sip:news@cnn.com"));
        assert!(!all.covers("ham:sip:news@bbc.co.uk"));
        assert!(!all.covers("ham:opaque:news@cnn.com"));
        assert!(!all.covers("ham:sip:@cnn.com"));
        assert!(Heard::Group("ham:sip:news").covers("ham:sip:news"));
        assert!(!Heard::Group("ham:sip:news").covers("ham:sip:newsreel"));
    }
}
