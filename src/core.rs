//! What both halves of a multicast socket share: who it is, how it was configured, whether it still lives.

use crate::config::Config;
use crate::counters::Counters;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sys::fork;
use sys::handle::Handle;

/// The core of a multicast socket.
pub(crate) struct Core {
    /// Unlike the handle, never used twice.
    pub id: u64,
    /// The descriptor that the application holds.
    number: i32,
    pub handle: Handle,
    pub config: &'static Config,
    deleted: AtomicBool,
    /// The fork generation that created it.
    generation: u32,
    pub counters: Counters,
}

impl Core {
    /// Of a socket whose application holds the descriptor `number`.
    pub fn new(number: i32, handle: Handle, config: &'static Config) -> Core {
        static IDS: AtomicU64 = AtomicU64::new(1);
        Core {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            number,
            handle,
            config,
            deleted: AtomicBool::new(false),
            generation: fork::generation(),
            counters: Counters::default(),
        }
    }

    /// The socket is at its end: every call that looks says so from now on.
    pub fn delete(&self) {
        self.deleted.store(true, Ordering::SeqCst);
    }

    #[inline]
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// True while the application's descriptor is still this socket's: it may have been closed by mistake, and its
    /// number given to something else. Costs a system call.
    pub fn is_held(&self) -> bool {
        self.handle.is(self.number)
    }

    /// True in a child of the process that created the socket.
    #[inline]
    pub fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }
}
