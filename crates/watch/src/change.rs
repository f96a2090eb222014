//! What changes, and what a message of the kernel says of it.

use crate::link::{self, Address, Link};
use std::net::IpAddr;
use sys::netlink::{attributes, ip, u32_at};

/// Something that changed in a network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A device appeared, or something of it changed: also what is not told here, as its bridge.
    Link {
        /// The kernel's index.
        index: u32,
        /// The name now.
        name: String,
        /// Set up by the administrator.
        up: bool,
        /// Up, and with a carrier.
        running: bool,
        /// In bytes.
        mtu: u32,
        /// It has an IPv6 side now.
        ipv6: bool,
    },
    /// A device vanished.
    Gone {
        /// The index that it had.
        index: u32,
        /// The name that it had.
        name: String,
    },
    /// An address came (also: became usable, or unusable) or went.
    Address {
        /// The device.
        index: u32,
        /// It came.
        added: bool,
        /// The address.
        addr: IpAddr,
    },
    /// Routes changed; once for any number of them.
    Routes,
    /// This host joined or left a Group Address at a device, for whichever process.
    Group {
        /// The device.
        ifindex: u32,
        /// The Group Address.
        address: IpAddr,
        /// Joined, else left.
        joined: bool,
    },
    /// A bridge's member table changed; once for any number of entries.
    Members,
    /// A multicast forwarding cache changed; once for any number of entries.
    Forwarding,
    /// Changes were lost. What became of devices and addresses has been told; what else was learned must be read anew.
    Resync,
    /// What there is has been told: from here on it is changes.
    Complete,
}

impl Change {
    /// The device, where it is about one.
    pub fn index(&self) -> Option<u32> {
        match self {
            Change::Link { index, .. } | Change::Gone { index, .. } | Change::Address { index, .. } => {
                Some(*index)
            }
            Change::Group { ifindex, .. } => Some(*ifindex),
            Change::Routes | Change::Members | Change::Forwarding | Change::Resync | Change::Complete => None,
        }
    }

    /// What is told of a link.
    pub(crate) fn link(link: &Link) -> Change {
        let up = link.flags & libc::IFF_UP as u32 != 0;
        let running = up && link.flags & libc::IFF_RUNNING as u32 != 0;
        let Link { index, mtu, ipv6, .. } = *link;
        Change::Link { index, name: link.name.clone(), up, running, mtu, ipv6 }
    }
}

// linux/rtnetlink.h; the libc crate has only some of them.
const RTM_NEWMULTICAST: u16 = 56;
const RTM_DELMULTICAST: u16 = 57;
const RTM_NEWMDB: u16 = 84;
const RTM_DELMDB: u16 = 85;
const IFA_MULTICAST: u16 = 7;
const RTNL_FAMILY_IPMR: u8 = 128;
const RTNL_FAMILY_IP6MR: u8 = 129;

/// What one message of the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A link is there, and like this.
    Link(Link),
    /// The link of this index is there no more.
    Unlink(u32),
    /// An address is there, and like this.
    Address(Address),
    /// It is there no more.
    Unaddress(Address),
    /// This host joined or left a Group Address: [`Change::Group`].
    Group(Change),
    /// A route came or went.
    Route,
    /// An entry of a bridge's member table came or went.
    Member,
    /// An entry of a multicast forwarding cache came or went.
    Forwarding,
}

/// Reads a message; `None` when it is nothing that matters here, or cut short.
pub fn read(kind: u16, body: &[u8]) -> Option<Fact> {
    let family = *body.first()?;
    match kind {
        // A bridge says with its own family that a port left it: the device is still there.
        libc::RTM_NEWLINK | libc::RTM_DELLINK if i32::from(family) == libc::AF_UNSPEC => {
            let link = link::link(body)?;
            Some(if kind == libc::RTM_DELLINK { Fact::Unlink(link.index) } else { Fact::Link(link) })
        }
        libc::RTM_NEWADDR => link::address(body).map(Fact::Address),
        libc::RTM_DELADDR => link::address(body).map(Fact::Unaddress),
        libc::RTM_NEWROUTE | libc::RTM_DELROUTE => match family {
            RTNL_FAMILY_IPMR | RTNL_FAMILY_IP6MR => Some(Fact::Forwarding),
            _ => Some(Fact::Route),
        },
        RTM_NEWMDB | RTM_DELMDB => Some(Fact::Member),
        RTM_NEWMULTICAST | RTM_DELMULTICAST => {
            let ifindex = u32_at(body, 4)?;
            let address = attributes(body.get(8..)?).find(|(attribute, _)| *attribute == IFA_MULTICAST)?;
            let address = ip(address.1)?;
            Some(Fact::Group(Change::Group { ifindex, address, joined: kind == RTM_NEWMULTICAST }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::netlink::push_attribute;

    #[test]
    fn the_members_of_a_bridge_are_not_what_is_forwarded() {
        assert_eq!(read(RTM_NEWMDB, &[libc::AF_BRIDGE as u8]), Some(Fact::Member));
        assert_eq!(read(libc::RTM_NEWROUTE, &[RTNL_FAMILY_IPMR]), Some(Fact::Forwarding));
        assert_eq!(read(libc::RTM_DELROUTE, &[RTNL_FAMILY_IP6MR]), Some(Fact::Forwarding));
        assert_eq!(read(libc::RTM_DELROUTE, &[libc::AF_INET as u8]), Some(Fact::Route));
    }

    fn link_body(family: u8) -> Vec<u8> {
        let mut body = vec![0; 16];
        body[0] = family;
        body[4] = 9;
        body[8] = (libc::IFF_UP | libc::IFF_RUNNING) as u8;
        push_attribute(&mut body, 3, b"v0\0");
        push_attribute(&mut body, 4, &1400u32.to_ne_bytes());
        body
    }

    #[test]
    fn a_port_that_leaves_its_bridge_is_not_gone() {
        assert_eq!(read(libc::RTM_DELLINK, &link_body(0)), Some(Fact::Unlink(9)));
        assert_eq!(read(libc::RTM_DELLINK, &link_body(libc::AF_BRIDGE as u8)), None);
    }

    #[test]
    fn every_cut_of_a_message_is_harmless() {
        let mut group = vec![libc::AF_INET as u8, 32, 0, 0, 9, 0, 0, 0];
        push_attribute(&mut group, IFA_MULTICAST, &[239, 1, 2, 3]);
        let joined = Change::Group { ifindex: 9, address: "239.1.2.3".parse().unwrap(), joined: true };
        assert_eq!(read(RTM_NEWMULTICAST, &group), Some(Fact::Group(joined)));
        for (kind, body) in [(RTM_NEWMULTICAST, group), (libc::RTM_NEWLINK, link_body(0))] {
            for end in 0..body.len() {
                let cut = read(kind, &body[..end]);
                assert!(!matches!(cut, Some(Fact::Group(_))), "{end}: {cut:?}");
            }
        }
    }
}
