//! The member tables of bridges (`bridge mdb`): who is where, as far as IGMP and MLD snooping know.

use crate::error::Result;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use sys::failure::Failure;
use sys::netlink::{attributes, dump, ip, u16_at, u32_at};

const RTM_GETMDB: u16 = 86;
const MDBA_MDB: u16 = 1;
const MDBA_MDB_ENTRY: u16 = 1;
const MDBA_MDB_ENTRY_INFO: u16 = 1;
const MDBA_MDB_EATTR_GROUP_MODE: u16 = 3;
const MDBA_MDB_EATTR_SOURCE: u16 = 4;
const MCAST_INCLUDE: u8 = 1;
const MDB_FLAGS_BLOCKED: u8 = 1 << 3;
/// `struct br_mdb_entry`: index, state, flags, VLAN, address, protocol.
const ENTRY: usize = 28;

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

/// Listeners behind a port of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// The bridge.
    pub bridge: u32,
    /// The port; the bridge itself for listeners on this host.
    pub port: u32,
    /// The Group Address.
    pub address: IpAddr,
    /// The source; `None` for any.
    pub source: Option<IpAddr>,
}

/// The member tables of all bridges of this host.
pub fn members() -> Result<Vec<Member>> {
    let mut request = [0; 8];
    request[0] = libc::AF_BRIDGE as u8;
    match dump(RTM_GETMDB, &request) {
        Ok(messages) => Ok(messages.iter().flat_map(|m| parse(&m.body)).collect()),
        // A kernel without bridges has no members of them.
        Err(Failure { errno: libc::EAFNOSUPPORT | libc::EOPNOTSUPP | libc::EINVAL, .. }) => Ok(Vec::new()),
        Err(e) => Err(e.into()),
    }
}

/// The members in the body of one `RTM_GETMDB` answer, as far as it is not cut short.
pub fn parse(body: &[u8]) -> Vec<Member> {
    let mut all = Vec::new();
    let (Some(bridge), Some(rest)) = (u32_at(body, 4), body.get(8..)) else {
        return all;
    };
    for (_, tables) in attributes(rest).filter(|(kind, _)| *kind == MDBA_MDB) {
        for (_, entries) in attributes(tables).filter(|(kind, _)| *kind == MDBA_MDB_ENTRY) {
            for (_, info) in attributes(entries).filter(|(kind, _)| *kind == MDBA_MDB_ENTRY_INFO) {
                all.extend(member(bridge, info));
            }
        }
    }
    all
}

fn member(bridge: u32, info: &[u8]) -> Option<Member> {
    let port = u32_at(info, 0)?;
    // A source that somebody excludes.
    if info.get(5)? & MDB_FLAGS_BLOCKED != 0 {
        return None;
    }
    let address: IpAddr = match u16::from_be(u16_at(info, 24)?) {
        ETH_P_IP => Ipv4Addr::from(*info.get(8..)?.first_chunk::<4>()?).into(),
        ETH_P_IPV6 => Ipv6Addr::from(*info.get(8..)?.first_chunk::<16>()?).into(),
        // A layer 2 group has no name here.
        _ => return None,
    };
    let (mut source, mut include) = (None, false);
    for (kind, value) in attributes(info.get(ENTRY..)?) {
        match kind {
            MDBA_MDB_EATTR_SOURCE => source = ip(value),
            MDBA_MDB_EATTR_GROUP_MODE => include = value.first() == Some(&MCAST_INCLUDE),
            _ => {}
        }
    }
    // A group in include mode only frames its sources, each of which has an entry of its own.
    (source.is_some() || !include).then_some(Member { bridge, port, address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Taken from a running kernel, 6.18: a bridge (2) with memberships of its host and of one port (4).
    const SAMPLE: &str = "\
        0000000002000000dc0201002c000100280001000200000000000000ef090909000000000000000000000000080000000800\
        0100826500003c000100380001000400000000000000ff15000000000000000000000000007786dd00000800010019650000\
        05000500020000000500030000000000500001004c0001000400000000000000ff35000000000000000000000000009986dd\
        000008000100000000001400040020010db80000000000000000000000070500050002000000050003000100000060000100\
        5c0001000400000000000000ff35000000000000000000000000009986dd0000080001000000000005000500020000002400\
        0280200001801400010020010db800000000000000000000000708000200cc64000005000300010000003c00010038000100\
        0400000000000000ef0102030000000000000000000000000800000008000100e66400000500050002000000050003000000\
        000044000100400001000400000000000000e801020300000000000000000000000008000000080001000000000008000400\
        0a0000080500050002000000050003000100000044000100400001000400000000000000e801020300000000000000000000\
        0000080000000800010000000000080004000a00000705000500020000000500030001000000680001006400010004000000\
        00000000e801020300000000000000000000000008000000080001000000000005000500020000002c000280140001800800\
        01000a00000808000200e664000014000180080001000a00000708000200e664000005000300010000003c00010038000100\
        0400000000000000ff0200000000000000000001ff6a5a2886dd000008000100cc6400000500050002000000050003000000\
        00002c000100280001000200000000000000ff02000000000000000000000000006a86dd0000080001008c6500002c000100\
        280001000200000000000000ff0200000000000000000001ff3dd30d86dd0000080001008c650000";

    fn sample() -> Vec<u8> {
        let byte = |i: usize| u8::from_str_radix(&SAMPLE[i..i + 2], 16).unwrap();
        (0..SAMPLE.len()).step_by(2).map(byte).collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn members_with_and_without_sources() {
        let of = |port, address: &str, source: &str| Member {
            bridge: 2,
            port,
            address: address.parse().unwrap(),
            source: source.parse().ok(),
        };
        let expected = [
            of(2, "239.9.9.9", ""),
            of(4, "ff15::77", ""),
            of(4, "ff35::99", "2001:db8::7"),
            of(4, "239.1.2.3", ""),
            of(4, "232.1.2.3", "10.0.0.8"),
            of(4, "232.1.2.3", "10.0.0.7"),
            of(4, "ff02::1:ff6a:5a28", ""),
            of(2, "ff02::6a", ""),
            of(2, "ff02::1:ff3d:d30d", ""),
        ];
        assert_eq!(parse(&sample()), expected);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn an_excluded_source_is_wanted_by_nobody() {
        let mut sample = sample();
        let all = parse(&sample);
        let at = sample.windows(4).position(|bytes| bytes == [232, 1, 2, 3]).unwrap();
        sample[at - 3] |= MDB_FLAGS_BLOCKED;
        let excluded = "10.0.0.8".parse().ok();
        let rest: Vec<Member> = all.into_iter().filter(|member| member.source != excluded).collect();
        assert_eq!(rest.len(), 8);
        assert_eq!(parse(&sample), rest);
    }

    #[test]
    fn every_cut_of_a_message_is_harmless() {
        let sample = sample();
        for end in 0..sample.len() {
            assert!(parse(&sample[..end]).len() < 9);
        }
    }

    #[test]
    fn this_host_is_read() {
        members().unwrap();
    }
}
