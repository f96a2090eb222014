//! From a descriptor to its multicast socket.

use crate::error::{Error, Result};
use crate::socket::MulticastSocket;
use std::sync::Arc;

/// Creates a multicast socket over the Interfaces `ifs` (the default ones when it is empty) and gives its handle.
pub fn create(ifs: &[u32]) -> Result<i32> {
    let _ = ifs;
    Err(Error::NoSuchSocket)
}

/// Deletes the multicast socket behind `handle`, waking every call that waits on it.
pub fn delete(handle: i32) -> Result<()> {
    let _ = handle;
    Err(Error::NoSuchSocket)
}

/// The multicast socket behind `handle`.
pub fn find(handle: i32) -> Result<Arc<MulticastSocket>> {
    let _ = handle;
    Err(Error::NoSuchSocket)
}

/// True when `handle` names a live multicast socket and the descriptor of that number is still the one that
/// `create` gave (costs a system call; for the calls that must not mistake a reused number).
pub fn is_ours(handle: i32) -> bool {
    find(handle).is_ok()
}
