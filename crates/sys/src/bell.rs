//! Waking those who wait: a bell beside descriptors, an alarm where there are none. Like those of messages (see `udp`),
//! these calls are no cancellation points.

#![allow(unsafe_code)]

use super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An eventfd.
pub struct Bell(OwnedFd);

impl Bell {
    /// A silent one, close-on-exec.
    pub fn new() -> io::Result<Bell> {
        // SAFETY: a plain system call.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Bell(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable until [`Bell::quiet`].
    pub fn ring(&self) {
        static ONE: u64 = 1;
        // SAFETY: eight bytes of a live integer. It cannot fail but by overflow, when it is readable already.
        unsafe { libc::syscall(libc::SYS_write, self.0.as_raw_fd(), &raw const ONE, 8usize) };
    }

    /// Undoes [`Bell::ring`].
    pub fn quiet(&self) {
        let mut count = 0u64;
        // SAFETY: eight bytes of a live integer; EAGAIN when there is nothing to undo.
        unsafe { libc::syscall(libc::SYS_read, self.0.as_raw_fd(), &raw mut count, 8usize) };
    }

    /// For an epoll set.
    pub fn fd(&self) -> &OwnedFd {
        &self.0
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// A futex: it costs less than a [`Bell`], but nothing else can be waited for with it.
#[derive(Default)]
pub struct Alarm(AtomicU32);

const SILENT: u32 = 0;
const RINGS: u32 = 1;

impl Alarm {
    /// Wakes who waits; who comes later, until [`Alarm::quiet`], does not wait.
    pub fn ring(&self) {
        self.0.store(RINGS, Ordering::Release);
        // SAFETY: the address is live; no one else waits there.
        unsafe {
            libc::syscall(libc::SYS_futex, self.0.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1)
        };
    }

    /// Undoes [`Alarm::ring`].
    pub fn quiet(&self) {
        self.0.store(SILENT, Ordering::Release);
    }

    /// Waits until it rings, at most `timeout`; or until a signal handler has run, which is EINTR.
    pub fn wait(&self, timeout: Duration) -> io::Result<()> {
        let timeout = libc::timespec {
            tv_sec: timeout.as_secs() as libc::time_t,
            tv_nsec: timeout.subsec_nanos() as _,
        };
        // SAFETY: the address and the time are live for the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                SILENT,
                &raw const timeout,
            )
        };
        match check(result as libc::c_int) {
            // It rings already, or the time is over.
            Err(e) if matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::ETIMEDOUT)) => Ok(()),
            result => result.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn an_alarm_wakes_who_waits_and_who_comes_later() {
        let alarm = Arc::new(Alarm::default());
        let waiter = alarm.clone();
        let begun = Instant::now();
        let thread = std::thread::spawn(move || waiter.wait(LONG));
        std::thread::sleep(Duration::from_millis(50));
        alarm.ring();
        thread.join().unwrap().unwrap();
        alarm.wait(LONG).unwrap();
        assert!(begun.elapsed() < LONG);
        alarm.quiet();
        let begun = Instant::now();
        alarm.wait(Duration::from_millis(30)).unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(30));
    }
}
