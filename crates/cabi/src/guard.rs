//! What every exported function runs in: no panic leaves the library, and success leaves `errno` untouched.

use crate::{Fault, errno};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The error of a library whose calls return a `T` to C.
pub trait ToC<T>: From<Fault> {
    /// The value that a failed call returns: -1, say, or the error's own code. What else the library's callers are promised
    /// on failure is done here, such as to set `errno`, which is what it was before the call.
    fn to_c(self) -> T;
}

/// Runs the body of an exported function, and makes of its result what the C caller reads.
///
/// A panic becomes [`Fault::Panic`]. `errno` is put back to what it was before the body ran; a failure may set it after that.
#[inline]
pub fn guard<T, E: ToC<T>>(body: impl FnOnce() -> Result<T, E>) -> T {
    let before = errno::get();
    // A body's state is never seen again after a panic but through the library, which keeps itself consistent.
    let result = catch_unwind(AssertUnwindSafe(body));
    errno::set(before);
    match result {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => error.to_c(),
        Err(_) => E::from(Fault::Panic).to_c(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::c_int;

    /// Of a library that says -1 and sets errno.
    #[derive(Debug)]
    struct Number(c_int);

    impl From<Fault> for Number {
        fn from(fault: Fault) -> Number {
            Number(if fault == Fault::Panic { libc::ENOTRECOVERABLE } else { libc::EINVAL })
        }
    }

    impl<T: From<i8>> ToC<T> for Number {
        fn to_c(self) -> T {
            errno::set(self.0);
            T::from(-1)
        }
    }

    /// Of a library that returns codes.
    struct Code(u16);

    impl From<Fault> for Code {
        fn from(_: Fault) -> Code {
            Code(500)
        }
    }

    impl ToC<u16> for Code {
        fn to_c(self) -> u16 {
            self.0
        }
    }

    fn disturbed<T>(result: T) -> T {
        errno::set(libc::ENOENT);
        result
    }

    #[test]
    fn success_leaves_errno_alone() {
        errno::set(libc::EXDEV);
        assert_eq!(guard(|| Ok::<c_int, Number>(disturbed(7))), 7);
        assert_eq!(errno::get(), libc::EXDEV);
    }

    #[test]
    fn failure_sets_it() {
        errno::set(0);
        assert_eq!(guard(|| Err::<isize, _>(disturbed(Number(libc::ENODEV)))), -1);
        assert_eq!(errno::get(), libc::ENODEV);
    }

    #[test]
    fn codes_leave_it_alone_in_success_and_failure() {
        errno::set(libc::EXDEV);
        assert_eq!(guard(|| Ok::<_, Code>(disturbed(0))), 0);
        assert_eq!(guard(|| Err(disturbed(Code(4)))), 4);
        assert_eq!(errno::get(), libc::EXDEV);
    }

    #[test]
    fn a_panic_stays_inside() {
        let panics = || -> Result<c_int, Number> { panic!("met on purpose by a test") };
        assert_eq!((guard(panics), errno::get()), (-1, libc::ENOTRECOVERABLE));
        assert_eq!(guard(|| -> Result<u16, Code> { panic!("met on purpose by a test") }), 500);
    }
}
