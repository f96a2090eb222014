//! Threads of the library's own: they are named, and take no signal.

#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::thread::{Builder, JoinHandle};

/// Starts a thread with every signal blocked, so that the application's handlers run in its own threads only.
pub fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let mut old = MaybeUninit::<libc::sigset_t>::uninit();
    // The mask is inherited, so it is set before the thread exists: not one signal slips in.
    // SAFETY: both sets are written before they are read; pthread_sigmask cannot fail with SIG_SETMASK.
    let old = unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
        old.assume_init()
    };
    let thread = Builder::new().name(name.into()).spawn(run);
    // SAFETY: `old` is the mask that this thread had.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut()) };
    thread
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_thread_has_its_name_and_blocks_signals() {
        let status = || std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let before = status();
        let (send, receive) = std::sync::mpsc::channel();
        super::spawn("ham-test", move || send.send(status()).unwrap()).unwrap().join().unwrap();
        let of = |status: &str, key: &str| {
            status.lines().find_map(|l| Some(l.strip_prefix(key)?.trim().to_string())).unwrap()
        };
        let inside = receive.recv().unwrap();
        assert_eq!(of(&inside, "Name:"), "ham-test");
        // KILL and STOP cannot be blocked; 32 and 33 are glibc's own.
        let blocked = u64::from_str_radix(&of(&inside, "SigBlk:"), 16).unwrap();
        assert_eq!(blocked | 1 << 8 | 1 << 18 | 1 << 31 | 1 << 32, u64::MAX);
        assert_eq!(of(&before, "SigBlk:"), of(&status(), "SigBlk:"));
    }
}
