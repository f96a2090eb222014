//! What the configuration says of presence.

use super::{INTERVAL, PORT};
use crate::frame::seal::GroupKey;
use std::time::Duration;

/// How this process takes part in presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceSettings {
    /// Else nothing is said, and nothing heard.
    pub enabled: bool,
    /// The UDP port.
    pub port: u16,
    /// The shortest refresh interval, 100 ms to 5 s.
    pub interval: Duration,
    /// The priority as designated forwarder; 0: this host forwards nothing.
    pub priority: u8,
    /// Packets are sealed with it, and only such are taken.
    pub key: Option<GroupKey>,
}

impl Default for PresenceSettings {
    fn default() -> PresenceSettings {
        PresenceSettings { enabled: false, port: PORT, interval: INTERVAL, priority: 0, key: None }
    }
}
