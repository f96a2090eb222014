//! Memory that is overwritten when what it holds is dropped: for the keys of a crate that does not wipe them itself.
//!
//! This reaches the value's own bytes, not what it points to, nor what its making left on the stack.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Deref;
use std::slice;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A value whose bytes are overwritten with zeros once it is dropped.
pub struct Wiped<T>(MaybeUninit<T>);

impl<T> Wiped<T> {
    /// Boxed, because every move would leave a copy of the bytes where they were.
    pub fn boxed(value: T) -> Box<Wiped<T>> {
        Box::new(Wiped(MaybeUninit::new(value)))
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: every Wiped is made of a value, which nothing but `drop` takes away.
        unsafe { self.0.assume_init_ref() }
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        // SAFETY: the value is there (see `deref`), and is never looked at again.
        unsafe { self.0.assume_init_drop() };
        // As a slice it is wiped byte by byte, with its padding, which may hold what was there before.
        slice::from_mut(&mut self.0).zeroize();
    }
}

impl<T> ZeroizeOnDrop for Wiped<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::mem::ManuallyDrop;

    /// Dropped in a place that stays, whose bytes can be looked at afterwards.
    #[test]
    fn every_byte_is_zero_after_the_drop() {
        #[repr(C, align(16))]
        struct Key {
            kind: u8,
            words: [u64; 3],
        }
        let mut place = ManuallyDrop::new(Wiped(MaybeUninit::new(Key { kind: 7, words: [u64::MAX; 3] })));
        assert_eq!((place.kind, place.words), (7, [u64::MAX; 3]));
        // SAFETY: this is its only drop.
        unsafe { ManuallyDrop::drop(&mut place) };
        // SAFETY: the place lives on, as long as a Key, and any bytes are an array of them: the drop wrote all of them.
        let bytes = unsafe { (&raw const place).cast::<[u8; size_of::<Key>()]>().read() };
        assert_eq!(bytes, [0; size_of::<Key>()]);
    }

    #[test]
    fn the_value_is_dropped_once_and_before_it_is_wiped() {
        struct Witness<'a> {
            value: u64,
            seen: &'a Cell<u64>,
        }
        impl Drop for Witness<'_> {
            fn drop(&mut self) {
                self.seen.set(self.seen.get() + self.value);
            }
        }
        let seen = Cell::new(0);
        let boxed = Wiped::boxed(Witness { value: 5, seen: &seen });
        assert_eq!((boxed.value, seen.get()), (5, 0));
        drop(boxed);
        assert_eq!(seen.get(), 5);
    }
}
