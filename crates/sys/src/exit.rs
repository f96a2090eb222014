//! What has to happen at the end of the process.

#![allow(unsafe_code)]

use std::sync::Once;

/// Calls `function` when the process ends by `exit` or by the return of `main`. Only the first one counts.
pub fn at_exit(function: extern "C" fn()) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function lives as long as the library, which is linked `nodelete`. Without room for it, it is not called.
        unsafe { libc::atexit(function) };
    });
}
