//! What has to happen around `fork`.

#![allow(unsafe_code)]

use std::io;

/// Registers the three functions with `pthread_atfork`.
pub fn at_fork(prepare: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) -> io::Result<()> {
    // SAFETY: the functions live as long as the library, which is linked `nodelete`.
    let error = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
