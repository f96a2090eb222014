//! What is said of groups, in every room with the same words.

use std::net::IpAddr;
use std::sync::Arc;

/// What happened (the numbers are those of `ham.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum EventType {
    /// A group has a first listener.
    Join = 0,
    /// A group has lost its last listener.
    Leave = 1,
    /// A group has a new source.
    NewSource = 2,
}

/// What a multicast socket does in a group at one Interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGroup {
    /// The kernel's index of the device, or the Interface id of a carrier.
    pub ifindex: u32,
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// The Group Address; at a carrier, which has none, the tag in the place of one.
    pub address: IpAddr,
    /// The source, when the name is source-specific.
    pub source: Option<IpAddr>,
    /// Joined by at least one multicast socket of this process.
    pub listener: bool,
    /// Registered as a source, or sent to, by at least one multicast socket of this process.
    pub sender: bool,
}
