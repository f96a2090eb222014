//! The slots that many messages at once are read into.

/// How many messages one batch reads at most. The kernel lets one receive of io_uring go on for 33.
pub const BATCH: usize = 32;

/// Room for one message. Three cache lines longer than a datagram can be, which is also room for its addresses: at a
/// distance of exactly 64 KiB all slots would compete for the same few lines of the cache.
pub(crate) const SLOT: usize = 65536 + 192;

/// Where a message is: its slot and its length there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Landed {
    pub(crate) slot: u32,
    pub(crate) len: u32,
}
