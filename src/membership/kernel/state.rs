//! Group states as all tables of the kernel together tell them.

use super::{Forwarding, Member, Membership, forwarding, members};
use crate::error::Result;
use std::net::IpAddr;

/// A state that the kernel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KernelState {
    /// The device.
    pub ifindex: u32,
    /// The Group Address.
    pub address: IpAddr,
    /// The source; `None` for any.
    pub source: Option<IpAddr>,
    /// The group comes in there; else it is listened to there.
    pub sender: bool,
}

/// The states of the forwarding caches and bridges, at every device.
pub fn table_states() -> Result<Vec<KernelState>> {
    let mut all = Vec::new();
    for Forwarding { address, source, incoming, outgoing } in forwarding()? {
        all.push(KernelState { ifindex: incoming, address, source, sender: true });
        let out = |ifindex: u32| KernelState { ifindex, address, source, sender: false };
        all.extend(outgoing.into_iter().filter(|o| *o != incoming).map(out));
    }
    for Member { bridge, port, address, source } in members()? {
        // What the bridge's own host listens to is in the table of memberships, and more timely there.
        if port != bridge {
            all.push(KernelState { ifindex: bridge, address, source, sender: false });
            all.push(KernelState { ifindex: port, address, source, sender: false });
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

impl From<Membership> for KernelState {
    fn from(Membership { ifindex, address, source }: Membership) -> KernelState {
        KernelState { ifindex, address, source, sender: false }
    }
}
