//! Every system call that the standard library and socket2 do not make for us, and the memory that keys are wiped from.
//!
//! Shared by all libraries of the house; it knows none of them.

pub mod batch;
pub mod bell;
pub mod capture;
pub mod clock;
pub mod exit;
pub mod failure;
pub mod fork;
pub mod handle;
pub mod logging;
mod memory;
pub mod namespace;
pub mod netlink;
pub mod poll;
pub mod random;
mod ring;
pub mod slots;
pub mod thread;
pub mod udp;
pub mod wipe;

use std::io;

/// The result of a system call, with `errno` when it is negative.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Writes to standard error, past the lock of [`std::io::stderr`], which a thread that a forked child does not have may
/// hold.
#[allow(unsafe_code)]
pub fn write_error(line: &[u8]) {
    // SAFETY: the bytes are live for the call and the length is theirs.
    let _ = unsafe { libc::syscall(libc::SYS_write, libc::STDERR_FILENO, line.as_ptr(), line.len()) };
}
