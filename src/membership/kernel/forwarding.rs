//! The multicast forwarding caches of both families (`ip mroute`, all tables).

use crate::error::Result;
use std::net::IpAddr;
use sys::failure::Failure;
use sys::netlink::{attributes, dump, ip, u16_at, u32_at};

const RTNL_FAMILY_IPMR: u8 = 128;
const RTNL_FAMILY_IP6MR: u8 = 129;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_IIF: u16 = 3;
const RTA_MULTIPATH: u16 = 9;

/// An entry of a forwarding cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding {
    /// The Group Address.
    pub address: IpAddr,
    /// The source; `None` for any.
    pub source: Option<IpAddr>,
    /// The device that the group comes in by.
    pub incoming: u32,
    /// The devices that it goes out by.
    pub outgoing: Vec<u32>,
}

/// The forwarding caches of this host, without entries that no multicast router has resolved yet.
pub fn forwarding() -> Result<Vec<Forwarding>> {
    let mut all = Vec::new();
    for family in [RTNL_FAMILY_IPMR, RTNL_FAMILY_IP6MR] {
        let mut request = [0; 12];
        request[0] = family;
        match dump(libc::RTM_GETROUTE, &request) {
            Ok(messages) => all.extend(messages.iter().filter_map(|m| parse(&m.body))),
            // A kernel without multicast routing in this family forwards nothing.
            Err(Failure { errno: libc::EAFNOSUPPORT | libc::EOPNOTSUPP | libc::EINVAL, .. }) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(all)
}

/// Reads one `RTM_NEWROUTE` of a multicast family; `None` for any other, an unresolved or a cut one.
pub fn parse(body: &[u8]) -> Option<Forwarding> {
    // Without multicast routing the kernel answers with unicast routes.
    let v4 = match *body.first()? {
        RTNL_FAMILY_IPMR => true,
        RTNL_FAMILY_IP6MR => false,
        _ => return None,
    };
    let (mut address, mut source, mut incoming, mut outgoing) = (None, None, None, Vec::new());
    for (kind, value) in attributes(body.get(12..)?) {
        match kind {
            RTA_DST => address = ip(value),
            RTA_SRC => source = ip(value),
            RTA_IIF => incoming = u32_at(value, 0),
            RTA_MULTIPATH => outgoing = next_hops(value),
            _ => {}
        }
    }
    let same_family = |a: &IpAddr| a.is_ipv4() == v4;
    Some(Forwarding {
        address: address.filter(same_family)?,
        source: source.filter(|s| same_family(s) && !s.is_unspecified()),
        incoming: incoming.filter(|i| *i != 0)?,
        outgoing,
    })
}

/// The devices in an array of `struct rtnexthop`.
fn next_hops(mut value: &[u8]) -> Vec<u32> {
    let mut all = Vec::new();
    while let (Some(length), Some(ifindex)) = (u16_at(value, 0), u32_at(value, 4)) {
        all.push(ifindex);
        let step = usize::from(length).next_multiple_of(4).max(8);
        value = value.get(step..).unwrap_or(&[]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    // Taken from a running kernel, 6.18: (10.9.0.5, 239.5.5.5) from device 3 to 5 and 7, and an IPv6 one.
    const V4: &str = "80202000fd1100050000000008000f00fd000000080002000a09000508000100ef05050508000300030000001400\
        0900080000010500000008000001070000001c0011000000000000000000000000000000000000000000000000000c0017000d0000\
        0000000000";
    const V6: &str = "81808000fe1100050000000008000f00fe00000014000200fd09000000000000000000000000000514000100ff15\
        000000000000000000000000005508000300030000000c00090008000001050000001c001100000000000000000000000000000000\
        0000000000000000000c0017000c00000000000000";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn entries_of_both_families() {
        let of = |address: &str, source: &str, outgoing: &[u32]| Forwarding {
            address: address.parse().unwrap(),
            source: source.parse().ok(),
            incoming: 3,
            outgoing: outgoing.to_vec(),
        };
        assert_eq!(parse(&bytes(V4)), Some(of("239.5.5.5", "10.9.0.5", &[5, 7])));
        assert_eq!(parse(&bytes(V6)), Some(of("ff15::55", "fd09::5", &[5])));
    }

    #[test]
    fn every_cut_of_an_entry_is_harmless() {
        for sample in [bytes(V4), bytes(V6)] {
            for end in 0..sample.len() {
                let _ = parse(&sample[..end]);
            }
            let mut unicast = sample;
            unicast[0] = libc::AF_INET as u8;
            assert_eq!(parse(&unicast), None);
        }
    }

    #[test]
    fn this_host_is_read() {
        forwarding().unwrap();
    }
}
