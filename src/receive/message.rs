//! What is told of a message besides its bytes.

use std::net::SocketAddr;
use std::sync::Arc;

/// A message's length, group and Interface.
#[derive(Debug, Clone)]
pub struct Received {
    /// The message's length in bytes.
    pub len: usize,
    /// The joined Group Name (normal form) that it came for.
    pub group: Arc<str>,
    /// The Interface that it came in by.
    pub interface: u32,
    /// The sender's address and port; 0.0.0.0 and 0 when a plain `receive` had read the message ahead.
    pub from: SocketAddr,
}
