//! What a multicast socket counts, from its creation on.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a multicast socket, as they are now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages that `send` passed to at least one Interface.
    pub sent: u64,
    /// Sends that failed at one Interface (also when another one succeeded).
    pub send_failures: u64,
    /// Messages handed to the application.
    pub received: u64,
    /// Messages that the kernel dropped because the receive buffer was full.
    pub dropped_by_kernel: u64,
    /// Messages that the library dropped because its own queue was full.
    pub dropped_by_library: u64,
    /// Joins that failed at one Interface and are retried.
    pub join_failures: u64,
    /// Messages to framed groups that came again, by another Interface or path, and were not handed out again.
    pub duplicates: u64,
    /// Messages to framed groups that have not come, as the gaps between those that have tell.
    pub lost: u64,
    /// Datagrams at framed groups that were no frames of this version, or did not authenticate.
    pub refused: u64,
}

/// Counters of a multicast socket at one Interface, as they are now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InterfaceStatistics {
    /// Messages that were passed to the Interface.
    pub sent: u64,
    /// Messages that could not be.
    pub send_failures: u64,
    /// Datagrams that came in by it for groups of the socket.
    pub received: u64,
    /// Datagrams that the kernel dropped because the receive buffer was full.
    pub dropped_by_kernel: u64,
}

/// What `send` and `receive` count; the queue and the decoders have counters of their own.
#[derive(Default)]
pub(crate) struct Counters {
    pub sent: AtomicU64,
    pub send_failures: AtomicU64,
    pub received: AtomicU64,
    pub dropped_by_kernel: AtomicU64,
    pub join_failures: AtomicU64,
}

/// What they count at one Interface.
#[derive(Default)]
pub(crate) struct InterfaceCounters {
    pub sent: AtomicU64,
    pub send_failures: AtomicU64,
    pub received: AtomicU64,
    pub dropped_by_kernel: AtomicU64,
}

impl Counters {
    /// As they are now, with zeroes for what the queue and the decoders count.
    pub fn read(&self) -> Statistics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            sent: get(&self.sent),
            send_failures: get(&self.send_failures),
            received: get(&self.received),
            dropped_by_kernel: get(&self.dropped_by_kernel),
            join_failures: get(&self.join_failures),
            ..Statistics::default()
        }
    }
}

impl InterfaceCounters {
    /// As they are now.
    pub fn read(&self) -> InterfaceStatistics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        InterfaceStatistics {
            sent: get(&self.sent),
            send_failures: get(&self.send_failures),
            received: get(&self.received),
            dropped_by_kernel: get(&self.dropped_by_kernel),
        }
    }
}
