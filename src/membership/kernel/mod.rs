//! What the kernel knows of groups: memberships of every process, source filters, the multicast forwarding caches
//! and the member tables of bridges.

pub mod forwarding;
pub mod mdb;
pub mod proc;
pub mod state;

pub use forwarding::{Forwarding, forwarding};
pub use mdb::{Member, members};
pub use proc::{Joined, SocketFilter, filters, joined};
pub use state::{KernelState, table_states};

use std::collections::HashMap;
use std::net::IpAddr;

/// A membership of this host at a device, whichever process has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Membership {
    /// The device.
    pub ifindex: u32,
    /// The Group Address.
    pub address: IpAddr,
    /// The source; `None` for any.
    pub source: Option<IpAddr>,
}

/// The memberships that the two tables together tell: one entry for each source that is asked for, and one for
/// the group where some socket hears any source.
pub fn memberships(joined: &[Joined], filters: &[SocketFilter]) -> Vec<Membership> {
    let mut all = Vec::with_capacity(joined.len());
    let mut included: HashMap<(u32, IpAddr), u32> = HashMap::new();
    for filter in filters.iter().filter(|f| f.include > 0) {
        *included.entry((filter.ifindex, filter.address)).or_default() += filter.include;
        let SocketFilter { ifindex, address, source, .. } = *filter;
        all.push(Membership { ifindex, address, source: Some(source) });
    }
    for group in joined {
        // Each socket counts once as a user and once at each of its sources, so that more users than sources
        // means a socket without any.
        if group.users > included.get(&(group.ifindex, group.address)).copied().unwrap_or(0) {
            let Joined { ifindex, address, .. } = *group;
            all.push(Membership { ifindex, address, source: None });
        }
    }
    all
}

/// True for groups that the kernel itself joins: all hosts, all routers where it routes IPv6, all snoopers at a
/// bridge, and the solicited-node groups of its own addresses.
pub fn is_kernels_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => matches!(a.octets(), [224, 0, 0, 1 | 106]),
        IpAddr::V6(a) => matches!(
            a.segments(),
            [0xff01 | 0xff02, 0, 0, 0, 0, 0, 0, 1]
                | [0xff01 | 0xff02 | 0xff05, 0, 0, 0, 0, 0, 0, 2]
                | [0xff02, 0, 0, 0, 0, 0, 0, 0x6a]
                | [0xff02, 0, 0, 0, 0, 1, 0xff00..=0xffff, _]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_source_shows_beside_sources_by_its_users() {
        let address: IpAddr = "239.1.2.3".parse().unwrap();
        let source: IpAddr = "10.0.0.1".parse().unwrap();
        let filter = [SocketFilter { ifindex: 2, address, source, include: 1, exclude: 0 }];
        let users = |users| memberships(&[Joined { ifindex: 2, address, users }], &filter);
        let of = |source| Membership { ifindex: 2, address, source };
        assert_eq!(users(1), [of(Some(source))]);
        assert_eq!(users(2), [of(Some(source)), of(None)]);
        // An excluded source is no name; the group is.
        let excluded = [SocketFilter { include: 0, exclude: 1, ..filter[0] }];
        assert_eq!(memberships(&[Joined { ifindex: 2, address, users: 1 }], &excluded), [of(None)]);
    }

    #[test]
    fn the_kernels_own_groups() {
        for own in ["224.0.0.1", "224.0.0.106", "ff02::1", "ff05::2", "ff02::6a", "ff02::1:ff20:8745"] {
            assert!(is_kernels_own(own.parse().unwrap()), "{own}");
        }
        for other in ["224.0.0.2", "239.0.0.1", "ff15::1", "ff02::1:fe20:8745", "ff02::16", "ff05::1"] {
            assert!(!is_kernels_own(other.parse().unwrap()), "{other}");
        }
    }
}
