//! The descriptors behind a multicast socket's handle: an epoll set that the application polls, the library's own
//! duplicate of it, and an eventfd that makes it readable. Like those of messages (see `udp`), these calls are no
//! cancellation points.

#![allow(unsafe_code)]

use super::bell::Bell;
use super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The token of the eventfd in the epoll set.
pub const DOORBELL: u64 = 0;

/// The library's side of a handle. The number that the application holds is never used after creation but to ask
/// whether it still is this one, since the application may close it by mistake and the kernel may reuse it.
pub struct Handle {
    epoll: OwnedFd,
    doorbell: Bell,
}

impl Handle {
    /// A new close-on-exec epoll set. Returns the number for the application, and the library's side.
    pub fn create() -> io::Result<(RawFd, Handle)> {
        // SAFETY: plain system calls; each new descriptor is owned exactly once.
        unsafe {
            let public = OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?);
            let epoll = public.try_clone()?;
            let handle = Handle { epoll, doorbell: Bell::new()? };
            handle.add(handle.doorbell.fd(), DOORBELL)?;
            Ok((std::os::fd::IntoRawFd::into_raw_fd(public), handle))
        }
    }

    /// Makes the handle readable whenever `fd` is.
    pub fn add(&self, fd: &OwnedFd, token: u64) -> io::Result<()> {
        control(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, token)
    }

    /// Takes `fd` out. (Closing alone would not do, when a forked child still holds it.)
    pub fn remove(&self, fd: &OwnedFd) {
        let _ = control(self.epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, 0);
    }

    /// True when the descriptor of this number is this epoll set: only this one has the doorbell in it, and to set the
    /// doorbell's events again changes nothing. Safe to ask of any number at any time, whatever it names by now: in
    /// another epoll set the doorbell is not found, and nothing else takes the call.
    pub fn is(&self, number: RawFd) -> bool {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: DOORBELL };
        // SAFETY: the event is live for the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_epoll_ctl,
                number,
                libc::EPOLL_CTL_MOD,
                self.doorbell.as_raw_fd(),
                &raw mut event,
            )
        };
        result == 0
    }

    /// Makes the handle readable until [`Handle::quiet`].
    pub fn ring(&self) {
        self.doorbell.ring();
    }

    /// Undoes [`Handle::ring`].
    pub fn quiet(&self) {
        self.doorbell.quiet();
    }

    /// The token of something readable, waiting for it at most `timeout` (for ever when `None`).
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Option<u64>> {
        let timeout = timeout.map_or(-1, |t| t.as_millis() as libc::c_int);
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: room for one event is given, and no signal mask. (Not every architecture has epoll_wait.)
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait,
                self.epoll.as_raw_fd(),
                &raw mut event,
                1,
                timeout,
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        let count = check(count as libc::c_int)?;
        Ok((count > 0).then_some(event.u64))
    }

    /// Whether the application set O_NONBLOCK on the handle. The flag belongs to the open file, so the duplicate
    /// shows it.
    pub fn nonblocking(&self) -> bool {
        // SAFETY: a plain system call on a descriptor that this struct owns.
        let flags = unsafe { libc::syscall(libc::SYS_fcntl, self.epoll.as_raw_fd(), libc::F_GETFL) };
        flags >= 0 && flags as libc::c_int & libc::O_NONBLOCK != 0
    }
}

fn control(epoll: RawFd, operation: libc::c_int, fd: &OwnedFd, token: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
    // SAFETY: the event is live for the call.
    check(unsafe { libc::epoll_ctl(epoll, operation, fd.as_raw_fd(), &mut event) }).map(drop)
}

/// Closes the descriptor that the application was given.
pub fn close(number: RawFd) {
    // SAFETY: the caller has just made sure that the number is still the library's own.
    unsafe { libc::close(number) };
}
