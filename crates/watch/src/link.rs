//! What rtnetlink says of a link, an address and a route, read from the bytes.

use std::net::{IpAddr, Ipv6Addr};
use sys::netlink::{attributes, ip, text, u16_at, u32_at};

const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INET_CONF: u16 = 1;
const IFLA_INET6_CONF: u16 = 2;
const IFLA_BR_MCAST_SNOOPING: u16 = 23;
const IFLA_BR_MCAST_QUERIER: u16 = 25;
const IFLA_BR_MCAST_QUERIER_STATE: u16 = 47;
const QUERIER_IP_ADDRESS: u16 = 1;
const QUERIER_IP_PORT: u16 = 2;
const QUERIER_IP_OTHER_TIMER: u16 = 3;
const QUERIER_IPV6_ADDRESS: u16 = 5;
const QUERIER_IPV6_PORT: u16 = 6;
const QUERIER_IPV6_OTHER_TIMER: u16 = 7;

const DEVCONF4_MC_FORWARDING: usize = 1;
const DEVCONF6_MC_FORWARDING: usize = 25;
const DEVCONF6_DISABLE: usize = 26;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;

const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_VIA: u16 = 18;

/// A bridge's part in the querying of its LAN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bridge {
    /// It reads IGMP and MLD.
    pub snooping: bool,
    /// It is set to query by itself where nobody else does.
    pub querier: bool,
    /// The querier of each family, where the bridge knows one.
    pub queriers: Vec<Querier>,
}

impl Bridge {
    /// The querier of this family, when it is another node.
    pub fn other_querier(&self, v4: bool) -> Option<&Querier> {
        self.queriers.iter().find(|q| q.other && q.address.is_ipv4() == v4)
    }

    /// True when this bridge itself queries in this family now.
    pub fn queries(&self, v4: bool) -> bool {
        self.snooping && self.querier && self.other_querier(v4).is_none()
    }
}

/// The querier of a LAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Querier {
    /// The source of its queries.
    pub address: IpAddr,
    /// The bridge's port that they come in by.
    pub port: Option<u32>,
    /// It is another node, heard within the querier interval.
    pub other: bool,
}

/// A link, as `RTM_NEWLINK` and `RTM_DELLINK` describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The kernel's index.
    pub index: u32,
    /// `IFF_…`
    pub flags: u32,
    /// The device's name.
    pub name: String,
    /// In bytes.
    pub mtu: u32,
    /// The bridge or bond that it belongs to.
    pub master: Option<u32>,
    /// "bridge", "veth", …; a plain network card has none.
    pub kind: Option<String>,
    /// It has an IPv6 side: large enough an MTU, and IPv6 is not disabled there.
    pub ipv6: bool,
    /// An active IPv4 multicast router forwards here.
    pub forwards_v4: bool,
    /// An active IPv6 multicast router forwards here.
    pub forwards_v6: bool,
    /// Only of a bridge.
    pub bridge: Option<Bridge>,
}

/// Reads a link; `None` when it is cut short before its name.
pub fn link(body: &[u8]) -> Option<Link> {
    let mut link = Link { index: u32_at(body, 4)?, flags: u32_at(body, 8)?, ..Link::default() };
    for (kind, value) in attributes(body.get(16..)?) {
        match kind {
            IFLA_IFNAME => link.name = text(value),
            IFLA_MTU => link.mtu = u32_at(value, 0).unwrap_or(0),
            IFLA_MASTER => link.master = u32_at(value, 0),
            IFLA_LINKINFO => link_info(value, &mut link),
            IFLA_AF_SPEC => families(value, &mut link),
            _ => {}
        }
    }
    link.ipv6 &= link.mtu >= 1280;
    (link.index != 0 && !link.name.is_empty()).then_some(link)
}

fn link_info(value: &[u8], link: &mut Link) {
    for (kind, value) in attributes(value) {
        match kind {
            IFLA_INFO_KIND => link.kind = Some(text(value)),
            IFLA_INFO_DATA if link.kind.as_deref() == Some("bridge") => link.bridge = Some(bridge(value)),
            _ => {}
        }
    }
}

fn bridge(value: &[u8]) -> Bridge {
    let mut bridge = Bridge::default();
    let set = |value: &[u8]| value.first().is_some_and(|b| *b != 0);
    for (kind, value) in attributes(value) {
        match kind {
            IFLA_BR_MCAST_SNOOPING => bridge.snooping = set(value),
            IFLA_BR_MCAST_QUERIER => bridge.querier = set(value),
            IFLA_BR_MCAST_QUERIER_STATE => bridge.queriers = queriers(value),
            _ => {}
        }
    }
    bridge
}

fn queriers(value: &[u8]) -> Vec<Querier> {
    let (mut v4, mut v6) = ((None, None, false), (None, None, false));
    for (kind, value) in attributes(value) {
        match kind {
            QUERIER_IP_ADDRESS => v4.0 = ip(value),
            QUERIER_IP_PORT => v4.1 = u32_at(value, 0),
            QUERIER_IP_OTHER_TIMER => v4.2 = true,
            QUERIER_IPV6_ADDRESS => v6.0 = ip(value),
            QUERIER_IPV6_PORT => v6.1 = u32_at(value, 0),
            QUERIER_IPV6_OTHER_TIMER => v6.2 = true,
            _ => {}
        }
    }
    let querier =
        |(address, port, other): (Option<IpAddr>, _, _)| Some(Querier { address: address?, port, other });
    [v4, v6].into_iter().filter_map(querier).collect()
}

fn families(value: &[u8], link: &mut Link) {
    let set = |conf: &[u8], index: usize| u32_at(conf, index * 4).is_some_and(|value| value != 0);
    for (family, value) in attributes(value) {
        for (kind, conf) in attributes(value) {
            match (i32::from(family), kind) {
                (libc::AF_INET, IFLA_INET_CONF) => link.forwards_v4 = set(conf, DEVCONF4_MC_FORWARDING),
                (libc::AF_INET6, IFLA_INET6_CONF) => {
                    link.ipv6 = !set(conf, DEVCONF6_DISABLE);
                    link.forwards_v6 = set(conf, DEVCONF6_MC_FORWARDING);
                }
                _ => {}
            }
        }
    }
}

/// An address of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The device.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// The other end of a point-to-point link, else the address again.
    pub peer: IpAddr,
    /// The length of the prefix on the link, in bits.
    pub prefix: u8,
    /// It cannot be used as a source (yet): duplicate address detection is not over, or failed.
    pub tentative: bool,
}

/// Reads an address; `None` when it is cut short or of another family.
pub fn address(body: &[u8]) -> Option<Address> {
    let family = i32::from(*body.first()?);
    let prefix = *body.get(1)?;
    let mut flags = u32::from(*body.get(2)?);
    let index = u32_at(body, 4)?;
    let (mut local, mut address) = (None, None);
    for (kind, value) in attributes(body.get(8..)?) {
        match kind {
            IFA_LOCAL => local = ip(value),
            IFA_ADDRESS => address = ip(value),
            IFA_FLAGS => flags = u32_at(value, 0).unwrap_or(flags),
            _ => {}
        }
    }
    let peer = address.or(local)?;
    let address = local.unwrap_or(peer);
    if address.is_ipv4() != (family == libc::AF_INET) {
        return None;
    }
    let (tentative, optimistic) = (flags & libc::IFA_F_TENTATIVE != 0, flags & libc::IFA_F_OPTIMISTIC != 0);
    let tentative = (tentative && !optimistic) || flags & libc::IFA_F_DADFAILED != 0;
    Some(Address { index, address, peer, prefix, tentative })
}

/// Where what is sent to an address goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextHop {
    /// The device that it leaves by.
    pub ifindex: u32,
    /// The router; `None` when the address is on the link.
    pub gateway: Option<IpAddr>,
}

/// Reads a route's next hop; `None` when it has no device or is cut short before it.
pub fn next_hop(body: &[u8]) -> Option<NextHop> {
    let (mut ifindex, mut gateway) = (None, None);
    for (kind, value) in attributes(body.get(12..)?) {
        match kind {
            RTA_OIF => ifindex = u32_at(value, 0),
            RTA_GATEWAY => gateway = ip(value),
            RTA_VIA => gateway = value.get(2..).and_then(ip).filter(|_| u16_at(value, 0).is_some()),
            _ => {}
        }
    }
    let gateway = gateway.filter(|g| *g != IpAddr::V6(Ipv6Addr::UNSPECIFIED) && !g.is_unspecified());
    Some(NextHop { ifindex: ifindex?, gateway })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use sys::netlink::push_attribute;

    fn sample_bridge() -> Vec<u8> {
        let mut state = Vec::new();
        push_attribute(&mut state, QUERIER_IP_ADDRESS, &[10, 0, 0, 9]);
        push_attribute(&mut state, QUERIER_IP_OTHER_TIMER, &9000u64.to_ne_bytes());
        push_attribute(&mut state, QUERIER_IP_PORT, &7u32.to_ne_bytes());
        push_attribute(&mut state, QUERIER_IPV6_ADDRESS, &Ipv6Addr::LOCALHOST.octets());
        let mut data = Vec::new();
        push_attribute(&mut data, IFLA_BR_MCAST_SNOOPING, &[1]);
        push_attribute(&mut data, IFLA_BR_MCAST_QUERIER, &[1]);
        push_attribute(&mut data, IFLA_BR_MCAST_QUERIER_STATE | 0x8000, &state);
        let mut info = Vec::new();
        push_attribute(&mut info, IFLA_INFO_KIND, b"bridge\0");
        push_attribute(&mut info, IFLA_INFO_DATA, &data);
        let mut conf6 = vec![0u8; 200];
        conf6[DEVCONF6_MC_FORWARDING * 4] = 1;
        let mut inet6 = Vec::new();
        push_attribute(&mut inet6, IFLA_INET6_CONF, &conf6);
        let mut spec = Vec::new();
        push_attribute(&mut spec, libc::AF_INET6 as u16, &inet6);
        let mut body = vec![0; 16];
        body[4] = 5;
        body[8] = 1;
        push_attribute(&mut body, IFLA_IFNAME, b"br0\0");
        push_attribute(&mut body, IFLA_MTU, &1500u32.to_ne_bytes());
        push_attribute(&mut body, IFLA_LINKINFO, &info);
        push_attribute(&mut body, IFLA_AF_SPEC, &spec);
        body
    }

    #[test]
    fn a_bridge_is_read_with_its_queriers() {
        let body = sample_bridge();
        let read = link(&body).unwrap();
        assert_eq!((read.index, read.flags, read.name.as_str(), read.mtu), (5, 1, "br0", 1500));
        assert_eq!(read.kind.as_deref(), Some("bridge"));
        assert!(read.ipv6 && read.forwards_v6 && !read.forwards_v4);
        let bridge = read.bridge.unwrap();
        let address = Ipv4Addr::new(10, 0, 0, 9).into();
        let other = Querier { address, port: Some(7), other: true };
        assert_eq!(bridge.other_querier(true), Some(&other));
        assert_eq!(bridge.other_querier(false), None);
        assert!(bridge.queries(false) && !bridge.queries(true));
        for end in 0..body.len() {
            let _ = link(&body[..end]);
        }
    }

    #[test]
    fn a_small_mtu_has_no_ipv6_side() {
        let mut body = sample_bridge();
        let at = body.windows(4).position(|w| w == 1500u32.to_ne_bytes()).unwrap();
        body[at..at + 4].copy_from_slice(&1279u32.to_ne_bytes());
        assert!(!link(&body).unwrap().ipv6);
    }

    #[test]
    fn addresses_tell_when_they_are_tentative() {
        let read = |flags: u32| {
            let mut body = vec![libc::AF_INET6 as u8, 64, 0x80, 253, 3, 0, 0, 0];
            push_attribute(&mut body, IFA_ADDRESS, &Ipv6Addr::LOCALHOST.octets());
            push_attribute(&mut body, IFA_FLAGS, &flags.to_ne_bytes());
            assert!((0..28).all(|end| address(&body[..end]).is_none()));
            address(&body).unwrap()
        };
        let usable = read(0x80);
        assert_eq!((usable.index, usable.address, usable.prefix), (3, Ipv6Addr::LOCALHOST.into(), 64));
        assert!(!usable.tentative && read(0x40).tentative && !read(0x44).tentative && read(0x08).tentative);
    }

    #[test]
    fn a_route_names_its_gateway_of_either_family() {
        let mut body = vec![0; 12];
        push_attribute(&mut body, RTA_OIF, &4u32.to_ne_bytes());
        assert_eq!(next_hop(&body), Some(NextHop { ifindex: 4, gateway: None }));
        let mut via = (libc::AF_INET6 as u16).to_ne_bytes().to_vec();
        via.extend(Ipv6Addr::LOCALHOST.octets());
        push_attribute(&mut body, RTA_VIA, &via);
        assert_eq!(next_hop(&body).unwrap().gateway, Some(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(next_hop(&body[..14]), None);
    }
}
