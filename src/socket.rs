//! A multicast socket: its Interfaces, its routes, its groups.

use crate::error::{Error, Result};
use std::sync::Arc;

/// What a multicast socket does in a group at one Interface of technology `ip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGroup {
    /// The kernel's index of the device.
    pub ifindex: u32,
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// The Group Address.
    pub address: std::net::IpAddr,
    /// The source, when the name is source-specific.
    pub source: Option<std::net::IpAddr>,
    /// Joined by at least one multicast socket of this process.
    pub listener: bool,
    /// Registered as a source, or sent to, by at least one multicast socket of this process.
    pub sender: bool,
}

/// Every group state of this process's own multicast sockets, one entry per name and device.
pub fn own_groups() -> Vec<OwnGroup> {
    Vec::new()
}

/// A message's length, group and Interface.
#[derive(Debug, Clone)]
pub struct Received {
    /// The message's length in bytes.
    pub len: usize,
    /// The joined Group Name (normal form) that it came for.
    pub group: Arc<str>,
    /// The Interface that it came in by.
    pub interface: u32,
    /// The sender's address and port.
    pub from: std::net::SocketAddr,
}

/// Counters of a multicast socket, from its creation on.
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
}

/// A multicast socket (RFC 7046 §3.2).
pub struct MulticastSocket {}

#[allow(unused_variables, missing_docs)]
impl MulticastSocket {
    pub fn join(&self, uri: &[u8]) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    pub fn leave(&self, uri: &[u8]) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    /// The ids of the Interfaces where it failed.
    pub fn src_register(&self, uri: &[u8]) -> Result<Vec<u32>> {
        Err(Error::NoSuchSocket)
    }
    /// The ids of the Interfaces where it failed.
    pub fn src_deregister(&self, uri: &[u8]) -> Result<Vec<u32>> {
        Err(Error::NoSuchSocket)
    }
    pub fn send(&self, uri: &[u8], message: &[u8]) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    pub fn receive(&self, uri: Option<&[u8]>, buf: &mut [std::mem::MaybeUninit<u8>]) -> Result<usize> {
        Err(Error::NoSuchSocket)
    }
    pub fn receive_from(&self, uri: Option<&[u8]>, buf: &mut [std::mem::MaybeUninit<u8>]) -> Result<Received> {
        Err(Error::NoSuchSocket)
    }
    pub fn interfaces(&self) -> Result<Vec<u32>> {
        Err(Error::NoSuchSocket)
    }
    pub fn add_interface(&self, id: u32) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    pub fn del_interface(&self, id: u32) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    /// On every Interface of the socket when `ifs` is empty.
    pub fn set_ttl(&self, value: u8, ifs: &[u32]) -> Result<()> {
        Err(Error::NoSuchSocket)
    }
    pub fn ttl(&self) -> Result<u8> {
        Err(Error::NoSuchSocket)
    }
    pub fn atomic_size(&self) -> Result<usize> {
        Err(Error::NoSuchSocket)
    }
    pub fn statistics(&self) -> Result<Statistics> {
        Err(Error::NoSuchSocket)
    }
}

/// The longest message, in bytes, for the life of the process (RFC 7046 §4.7.8).
pub const MAX_MESSAGE: usize = 65507;
