//! Network namespaces: what is opened in one belongs to it for life.

#![allow(unsafe_code)]

use crate::{check, thread};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Runs `open` in another network namespace, given by a descriptor of it (`/proc/PID/ns/net`, `/run/netns/NAME`). The caller
/// stays in its own: a thread that ends with the call goes there. EPERM without CAP_SYS_ADMIN here and there, EINVAL where
/// the descriptor is none of a network namespace.
pub fn within<T: Send + 'static>(
    namespace: BorrowedFd,
    open: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let namespace = namespace.try_clone_to_owned()?;
    let thread = thread::spawn("namespace", move || {
        // SAFETY: a plain system call on a live descriptor; it moves this thread alone, which ends here.
        check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
        Ok(open())
    })?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("what was to be opened in another namespace panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_no_namespace_is_refused_and_the_own_one_stays() {
        let own = || std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let before = own();
        let file = File::open("/dev/null").unwrap();
        assert_eq!(within(file.as_fd(), || 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        // Without the right to it there is nothing more to see here.
        let file = File::open("/proc/thread-self/ns/net").unwrap();
        if let Ok(there) = within(file.as_fd(), own) {
            assert_eq!(there, before);
        }
        assert_eq!(own(), before);
    }
}
