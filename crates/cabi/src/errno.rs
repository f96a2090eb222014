//! `errno`, of the calling thread.

use std::ffi::c_int;

/// What it is now.
pub fn get() -> c_int {
    // SAFETY: the C library gives each thread a valid place for its errno.
    unsafe { *libc::__errno_location() }
}

/// Sets it.
pub fn set(number: c_int) {
    // SAFETY: as in `get`.
    unsafe { *libc::__errno_location() = number }
}
