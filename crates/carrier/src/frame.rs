//! A frame that comes in, and whose memory it is in.

use std::ops::Deref;

/// A frame that has come in.
pub struct Arrived<'a> {
    /// The Group Name in normal form.
    pub group: &'a str,
    /// The frame.
    pub frame: Frame<'a>,
    /// What its sender has said of itself besides; the carrier passes it on as it is.
    pub sources: &'a [u8],
}

/// From this length on, in bytes, a frame is worth more care than a copy.
pub const LONG: usize = 32 << 10;

/// From this length on, in bytes, a frame of its own is sooner kept than copied when it passes to another library.
pub const KEPT: usize = 4096;

/// The bytes of a frame.
pub enum Frame<'a> {
    /// In memory of the technology, for the moment.
    Borrowed(&'a [u8]),
    /// In memory of their own.
    Own(Vec<u8>),
    /// In memory of the technology, of which they hold no more than twice their length.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

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
}
