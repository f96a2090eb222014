//! Waiting for sockets, and ending that.

use crate::check;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Waits until the socket takes something to send, at most `timeout`.
pub fn wait_writable(fd: &OwnedFd, timeout: Duration) -> io::Result<bool> {
    wait(&[fd.as_raw_fd()], libc::POLLOUT, timeout)
}

/// Wakes every thread that sleeps in a read on this socket, for good.
pub fn shut(fd: &OwnedFd) {
    // ENOTCONN is what an unconnected socket answers after it has woken its readers.
    let _ = socket2::SockRef::from(fd).shutdown(std::net::Shutdown::Both);
}

/// Whether the socket was shut, here or in another process that has it too.
pub fn is_shut(fd: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
    // SAFETY: one live pollfd.
    let ready = unsafe { libc::poll(&mut poll, 1, 0) };
    ready > 0 && poll.revents & (libc::POLLRDHUP | libc::POLLHUP) != 0
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
