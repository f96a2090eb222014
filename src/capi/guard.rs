//! What every shim runs in: no panic leaves the library, `errno` is set on failure and untouched on success.

use crate::error::{Error, Result};
use libc::c_int;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// The error of this thread's last failed call; its sentence is made only when somebody asks for it.
    static LAST: Cell<Option<Error>> = const { Cell::new(None) };
}

/// Runs a shim's body and turns its result into what a C caller reads.
pub fn guard<T: From<i8>>(body: impl FnOnce() -> Result<T>) -> T {
    let errno = errno();
    // A body's state is never seen again after a panic but through the core, which keeps itself consistent.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => {
            set_errno(errno);
            value
        }
        Ok(Err(error)) => {
            fail(error);
            T::from(-1)
        }
        Err(_) => {
            log::error!("a defect in libham: a call ended in a panic");
            fail(Error::System { errno: libc::ENOTRECOVERABLE, doing: "a defect in libham".to_string() });
            T::from(-1)
        }
    }
}

/// Keeps `error` as the last one of this thread and sets `errno`.
fn fail(error: Error) {
    let number = error.errno();
    match number {
        // Nothing is wrong, only not now.
        libc::EAGAIN | libc::EINTR => {}
        _ => log::error!("{error}"),
    }
    // At the exit of a thread the place may be gone already.
    let _ = LAST.try_with(|last| last.set(Some(error)));
    set_errno(number);
}

/// The sentence on the last failed call of this thread.
#[cfg(feature = "hamx")]
pub fn last_error() -> Option<String> {
    LAST.try_with(|last| {
        let error = last.take();
        let sentence = error.as_ref().map(Error::to_string);
        last.set(error);
        sentence
    })
    .ok()
    .flatten()
}

fn errno() -> c_int {
    // SAFETY: the C library gives each thread a valid place for its errno.
    unsafe { *libc::__errno_location() }
}

fn set_errno(number: c_int) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__errno_location() = number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_leaves_errno_alone() {
        set_errno(libc::EXDEV);
        let value = guard(|| {
            set_errno(libc::ENOENT);
            Ok(7)
        });
        assert_eq!((value, errno()), (7, libc::EXDEV));
    }

    #[test]
    fn failure_sets_it() {
        set_errno(0);
        assert_eq!(guard(|| Err::<c_int, _>(Error::NoSuchInterface(4))), -1);
        assert_eq!(errno(), libc::ENODEV);
    }

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(guard(|| -> Result<c_int> { panic!("met on purpose by a test") }), -1);
        assert_eq!(errno(), libc::ENOTRECOVERABLE);
    }
}
