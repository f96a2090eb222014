//! Presence: libham's own soft state (RFC 7046 §4.7), by which processes on one link tell each other the Group Names they
//! listen and send to, where the network itself tells nothing or only addresses. `docs/presence.md` specifies it.
//! A [`Link`] is the whole protocol at one Interface and family, with its clock given and no system call in it;
//! `running` has the Links of this process and their thread.

pub mod packet;

mod budget;
mod feed;
mod link;
mod own;
mod random;
mod record;
mod remote;
mod requests;
mod roster;
mod running;
mod settings;
mod spans;
mod timers;
mod transport;

#[cfg(test)]
mod tests;

pub use link::{Counts, Link, LinkSettings};
pub use packet::{NodeId, Packet, PacketRefusal, PlacedGroup, Roles};
pub use roster::{Neighbor, Roster};
pub use running::{OnChange, groups_changed, is_heard, listen, roster, speak};
pub use settings::PresenceSettings;

use carrier::Role;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// The UDP port, unless it is configured.
pub const PORT: u16 = 7047;
/// The control group over IPv4: of the local scope of RFC 2365, sent with a hop limit of 1.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 70, 46);
/// The control group over IPv6: of link-local scope.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x7046);

/// The shortest refresh interval, unless it is configured.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// The longest refresh interval. A node that says nothing is forgotten after three intervals: within 15 s.
pub const INTERVAL_MAX: Duration = Duration::from_secs(5);
/// By so much each node at the link lengthens the interval of all.
pub const INTERVAL_STEP: Duration = Duration::from_millis(5);
/// Nodes that are remembered at one Interface and family.
pub const NODES_MAX: usize = 4096;
/// Bytes that the states of all nodes at one Interface and family may take.
pub const MEMORY_MAX: usize = 32 << 20;

/// What a node at the link does in a group, and no longer does: each role comes and goes once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The node.
    pub node: NodeId,
    /// Its address at the link.
    pub address: IpAddr,
    /// The group, and the roles that came or went.
    pub group: PlacedGroup,
    /// They came.
    pub came: bool,
}

/// The first process of a host has a role in a group, or the last one has it no more. The host may be this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostChange {
    /// The device.
    pub ifindex: u32,
    /// The host's address there.
    pub address: IpAddr,
    /// It is this host.
    pub own: bool,
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// The Group Address; a name can have several.
    pub group: IpAddr,
    /// What it does.
    pub role: Role,
    /// It came.
    pub came: bool,
}
