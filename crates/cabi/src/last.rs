//! The error of a thread's last failed call, and its sentence for whoever asks.

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::LocalKey;

/// The place of it. A library has one for each thread:
///
/// ```ignore
/// thread_local! {
///     static LAST: Last<Error> = const { Last::new() };
/// }
/// ```
pub struct Last<E> {
    /// Its sentence is made only when somebody asks for it.
    error: Cell<Option<E>>,
    sentence: RefCell<Option<CString>>,
}

impl<E> Default for Last<E> {
    fn default() -> Last<E> {
        Last::new()
    }
}

impl<E> Last<E> {
    /// No error yet.
    pub const fn new() -> Last<E> {
        Last { error: Cell::new(None), sentence: RefCell::new(None) }
    }
}

impl<E: Display + 'static> Last<E> {
    /// Keeps `error` as the last one of this thread; at the thread's exit it may be nobody's any more.
    pub fn keep(place: &'static LocalKey<Last<E>>, error: E) {
        let _ = place.try_with(|last| last.error.set(Some(error)));
    }

    /// The sentence on the last error of this thread, "" when there was none; cut at a NUL, which no C string can hold.
    /// It is valid until this thread asks again, or ends. Safe in an exported function: no panic leaves it.
    pub fn sentence(place: &'static LocalKey<Last<E>>) -> *const c_char {
        let find = || {
            let made = place.try_with(|last| {
                let error = last.error.take()?;
                let text = error.to_string();
                last.error.set(Some(error));
                let sentence = CString::new(text.split('\0').next()?).ok()?;
                // The pointer is of the sentence where it stays.
                Some(last.sentence.borrow_mut().insert(sentence).as_ptr())
            });
            made.ok().flatten()
        };
        catch_unwind(AssertUnwindSafe(find)).ok().flatten().unwrap_or(c"".as_ptr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use std::thread;

    thread_local! {
        static LAST: Last<&'static str> = const { Last::new() };
    }

    fn sentence() -> String {
        // SAFETY: the sentence is live until this thread asks again.
        unsafe { CStr::from_ptr(Last::sentence(&LAST)) }.to_str().unwrap().to_string()
    }

    #[test]
    fn each_thread_has_its_own() {
        assert_eq!(sentence(), "");
        Last::keep(&LAST, "the first");
        Last::keep(&LAST, "the second\0 and what C does not see");
        assert_eq!([sentence(), sentence()], ["the second", "the second"]);
        assert_eq!(thread::spawn(sentence).join().unwrap(), "");
    }

    #[test]
    fn a_sentence_that_cannot_be_made_is_empty() {
        struct Wild;
        impl Display for Wild {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("met on purpose by a test")
            }
        }
        thread_local! {
            static WILD: Last<Wild> = const { Last::new() };
        }
        Last::keep(&WILD, Wild);
        // SAFETY: a C string in any case.
        assert!(unsafe { CStr::from_ptr(Last::sentence(&WILD)) }.is_empty());
    }
}
