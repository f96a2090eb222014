//! The decoders of a multicast socket, each at the place that its receivers know, and what they make of a carrier's frame.

use crate::frame::{Accepted, Decoder};
use carrier::Frame;

#[derive(Default)]
pub(super) struct Decoders {
    places: Vec<Option<Decoder>>,
    free: Vec<usize>,
}

impl Decoders {
    /// Gives the place, which it has until it is removed.
    pub fn add(&mut self, decoder: Decoder) -> usize {
        match self.free.pop() {
            Some(place) => {
                self.places[place] = Some(decoder);
                place
            }
            None => {
                self.places.push(Some(decoder));
                self.places.len() - 1
            }
        }
    }

    #[inline]
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Decoder> {
        self.places.get_mut(place)?.as_mut()
    }

    pub fn remove(&mut self, place: usize) -> Option<Decoder> {
        let decoder = self.places.get_mut(place)?.take()?;
        self.free.push(place);
        Some(decoder)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Decoder> {
        self.places.iter().flatten()
    }
}

/// What a decoder makes of a frame.
pub(super) fn take(decoder: &mut Decoder, frame: &mut Frame<'_>) -> Accepted {
    match decoder.accept_shared(frame) {
        Some(accepted) => accepted,
        None => decoder.accept(frame.to_mut()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Tag;

    #[test]
    fn places_are_used_again() {
        let mut decoders = Decoders::default();
        let add = |decoders: &mut Decoders| decoders.add(Decoder::new(Tag::of("a"), None, 0));
        assert_eq!([0; 3].map(|_| add(&mut decoders)), [0, 1, 2]);
        assert!(decoders.remove(1).is_some() && decoders.get_mut(1).is_none());
        assert!(decoders.remove(1).is_none() && decoders.remove(3).is_none());
        assert_eq!([0; 2].map(|_| add(&mut decoders)), [1, 3]);
        assert_eq!(decoders.iter().count(), 4);
    }
}
