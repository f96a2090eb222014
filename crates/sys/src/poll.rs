//! Waiting for descriptors.

#![allow(unsafe_code)]

use crate::check;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Waits until the socket takes something to send, at most `timeout`.
pub fn wait_writable(fd: &OwnedFd, timeout: Duration) -> io::Result<bool> {
    wait(&[fd.as_raw_fd()], libc::POLLOUT, timeout)
}

/// Waits until one of `fds` is readable, at most `timeout`. False when the time is over.
pub fn wait_readable(fds: &[RawFd], timeout: Duration) -> io::Result<bool> {
    wait(fds, libc::POLLIN, timeout)
}

fn wait(fds: &[RawFd], events: libc::c_short, timeout: Duration) -> io::Result<bool> {
    let mut list: Vec<libc::pollfd> = fds.iter().map(|&fd| libc::pollfd { fd, events, revents: 0 }).collect();
    let mut timeout =
        libc::timespec { tv_sec: timeout.as_secs() as libc::time_t, tv_nsec: timeout.subsec_nanos() as _ };
    // SAFETY: the list and its length match, the time is live for the call, and there is no signal mask.
    let ready = unsafe {
        libc::syscall(
            libc::SYS_ppoll,
            list.as_mut_ptr(),
            list.len(),
            &raw mut timeout,
            std::ptr::null::<libc::sigset_t>(),
            0usize,
        )
    };
    let ready = check(ready as libc::c_int)?;
    Ok(ready > 0)
}

/// Waits until one of `fds` is readable, at most `timeout`. Says which ones are. Negative ones are left out.
pub fn which_readable(fds: &[RawFd], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let timeout = timeout.map_or(-1, |t| t.as_millis().min(i32::MAX as u128 - 1) as libc::c_int + 1);
    // SAFETY: the array is live for the call and the length is its own.
    check(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout) })?;
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}
