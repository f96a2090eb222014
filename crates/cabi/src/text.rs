//! Texts in places of a fixed size, such as a member of a structure.

use std::ffi::c_char;
use std::fmt::{self, Display, Write};

/// Stores a text with its NUL, without an allocation; one that is too long is cut.
pub fn store<const N: usize>(place: &mut [c_char; N], text: impl Display) {
    const { assert!(N > 0, "a place holds a NUL at least") };
    struct Place<'a>(&'a mut [c_char], usize);
    impl Write for Place<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for byte in text.bytes().take(self.0.len() - 1 - self.1) {
                self.0[self.1] = byte as c_char;
                self.1 += 1;
            }
            Ok(())
        }
    }
    let mut place = Place(place, 0);
    // It fails only where a Display does.
    let _ = write!(place, "{text}");
    place.0[place.1] = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_to_their_place() {
        let mut place = [9; 4];
        store(&mut place, "ab");
        assert_eq!(place, [97, 98, 0, 9]);
        store(&mut place, "");
        assert_eq!(place, [0, 98, 0, 9]);
        store(&mut place, format_args!("{}{}", "ab", "cdef"));
        assert_eq!(place, [97, 98, 99, 0]);
    }
}
