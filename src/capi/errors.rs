//! libham's errors as C reads them: -1, `errno`, and a sentence for `ham_last_error()`.

use crate::error::{Error, Result};
use cabi::last::Last;
use cabi::{Fault, ToC, errno};

thread_local! {
    /// The error of this thread's last failed call.
    pub static LAST: Last<Error> = const { Last::new() };
}

/// Runs a shim's body, and turns its result into what a C caller reads.
#[inline]
pub fn guard<T: From<i8>>(body: impl FnOnce() -> Result<T>) -> T {
    cabi::guard(body)
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        let number = match fault {
            Fault::Argument(sentence) => return Error::Invalid(sentence),
            Fault::Memory(_) => libc::ENOMEM,
            Fault::Panic => libc::ENOTRECOVERABLE,
        };
        let defect = if fault == Fault::Panic { "a defect in libham: " } else { "" };
        Error::System { errno: number, doing: format!("{defect}{fault}") }
    }
}

impl<T: From<i8>> ToC<T> for Error {
    fn to_c(self) -> T {
        let number = self.errno();
        match number {
            // Nothing is wrong, only not now.
            libc::EAGAIN | libc::EINTR => {}
            _ => log::error!("{self}"),
        }
        Last::keep(&LAST, self);
        errno::set(number);
        T::from(-1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::c_int;
    use std::ffi::CStr;

    fn last() -> String {
        // SAFETY: the sentence is live until this thread asks again.
        unsafe { CStr::from_ptr(Last::sentence(&LAST)) }.to_str().unwrap().to_string()
    }

    #[test]
    fn an_error_is_minus_one_errno_and_a_sentence() {
        assert_eq!(guard(|| Err::<c_int, _>(Error::NoSuchInterface(4))), -1);
        assert_eq!((errno::get(), last()), (libc::ENODEV, Error::NoSuchInterface(4).to_string()));
        assert_eq!(guard(|| Err::<isize, Error>(Fault::Argument("it is NULL".to_string()).into())), -1);
        assert_eq!((errno::get(), last()), (libc::EINVAL, "it is NULL".to_string()));
        assert_eq!(guard(|| Err::<c_int, Error>(Fault::Memory(7).into())), -1);
        assert_eq!(errno::get(), libc::ENOMEM);
    }

    #[test]
    fn a_panic_is_a_defect() {
        assert_eq!(guard(|| -> Result<c_int> { panic!("met on purpose by a test") }), -1);
        assert_eq!(errno::get(), libc::ENOTRECOVERABLE);
        assert!(last().starts_with("a defect in libham: a call ended in a panic"), "{}", last());
    }
}
