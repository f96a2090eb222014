//! Who is at a link, for those who ask: the other nodes, and which host is the designated forwarder.

use std::net::IpAddr;
use std::time::Instant;

/// A node at the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbor {
    /// Its address there; all processes of a host have the same one.
    pub address: IpAddr,
    /// Its priority as designated forwarder; 0: it forwards nothing.
    pub priority: u8,
}

/// The nodes at one Interface and family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// This node.
    pub own: Neighbor,
    /// From when on this node may be elected: by then it has heard of those who were there before.
    pub since: Instant,
    /// The others that have been heard, in no order; several can be of one host.
    pub others: Vec<Neighbor>,
}

impl Roster {
    /// The address of the designated forwarder: of the highest priority, and of those the lowest address; `None` when
    /// nobody forwards.
    pub fn forwarder(&self, now: Instant) -> Option<IpAddr> {
        let own = (now >= self.since).then_some(&self.own);
        let all = self.others.iter().chain(own).filter(|node| node.priority > 0);
        all.min_by_key(|node| (u8::MAX - node.priority, node.address)).map(|node| node.address)
    }

    /// True when the designated forwarder is this host.
    pub fn is_forwarder(&self, now: Instant) -> bool {
        self.forwarder(now) == Some(self.own.address)
    }
}
