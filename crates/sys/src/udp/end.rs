//! The end of a socket, also where others have it too.

use std::os::fd::{AsRawFd, OwnedFd};

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
