//! What hosts and routers say to each other about groups: IGMPv1 (RFC 1112), IGMPv2 (RFC 2236), IGMPv3 (RFC 3376),
//! MLDv1 (RFC 2710), MLDv2 (RFC 3810), and PIM Hello (RFC 7761 §4.9.2).
//!
//! A packet must be sound in full, and must come from the link itself: its hop limit is 1, and it goes to those on the link
//! or to the group that it is about, never to one host. Where real hosts are tolerant, so is this: IGMP without Router
//! Alert, and hosts that have no IPv4 address yet.

use super::float;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// A packet that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The sender; unspecified for a host without an IPv4 address.
    pub from: IpAddr,
    /// What it says.
    pub message: Message,
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A router asks who listens.
    Query(Query),
    /// A host of IGMPv1, IGMPv2 or MLDv1 listens to a group.
    Report(IpAddr),
    /// Such a host leaves a group.
    Leave(IpAddr),
    /// A host of IGMPv3 or MLDv2 tells its state.
    Records(Vec<GroupRecord>),
    /// A router is there.
    Hello {
        /// For how long; `None` for ever.
        holdtime: Option<Duration>,
        /// In the election of the designated router, when it says one.
        priority: Option<u32>,
    },
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The group that is asked for; `None`: every one.
    pub group: Option<IpAddr>,
    /// The sources that are asked for.
    pub sources: Vec<IpAddr>,
    /// Within which time hosts answer.
    pub response: Duration,
    /// Other routers must not lower their timers.
    pub suppress: bool,
    /// The querier's robustness variable, when it says one.
    pub robustness: Option<u32>,
    /// The querier's interval, when it says one.
    pub interval: Option<Duration>,
}

/// A group record of IGMPv3 and MLDv2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its type.
    pub kind: Kind,
    /// The Group Address.
    pub group: IpAddr,
    /// The sources.
    pub sources: Vec<IpAddr>,
}

/// The type of a record (RFC 3376 §4.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// MODE_IS_INCLUDE
    IsInclude = 1,
    /// MODE_IS_EXCLUDE
    IsExclude = 2,
    /// CHANGE_TO_INCLUDE_MODE
    ToInclude = 3,
    /// CHANGE_TO_EXCLUDE_MODE
    ToExclude = 4,
    /// ALLOW_NEW_SOURCES
    Allow = 5,
    /// BLOCK_OLD_SOURCES
    Block = 6,
}

const IGMP: u8 = 2;
const ICMPV6: u8 = 58;
const PIM: u8 = 103;

/// Reads a packet from its IP header on; `None` when it is not sound, not from the link, or something else.
pub fn read(bytes: &[u8]) -> Option<Heard> {
    match bytes.first()? >> 4 {
        4 => read_v4(bytes),
        6 => read_v6(bytes),
        _ => None,
    }
}

fn read_v4(bytes: &[u8]) -> Option<Heard> {
    let header = usize::from(bytes[0] & 15) * 4;
    let total = usize::from(u16_at(bytes, 2)?);
    let fragment = u16_at(bytes, 6)? & 0x3fff;
    let (ttl, protocol) = (*bytes.get(8)?, *bytes.get(9)?);
    let from = Ipv4Addr::from(*bytes.get(12..)?.first_chunk::<4>()?);
    let to = v4_at(bytes, 16)?;
    if header < 20 || total < header || fragment != 0 || ttl != 1 || sum(bytes.get(..header)?, 0) != 0xffff {
        return None;
    }
    // A short Ethernet frame is padded.
    let body = bytes.get(header..total)?;
    let can_send = !from.is_multicast() && !from.is_broadcast() && !from.is_loopback();
    if !can_send || sum(body, 0) != 0xffff {
        return None;
    }
    let message = match protocol {
        IGMP => igmp(body)?,
        PIM if !from.is_unspecified() => hello(body)?,
        _ => return None,
    };
    message.goes_to(to).then_some(Heard { from: from.into(), message })
}

fn read_v6(bytes: &[u8]) -> Option<Heard> {
    let length = usize::from(u16_at(bytes, 4)?);
    let (mut next, hops) = (*bytes.get(6)?, *bytes.get(7)?);
    let from = Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?);
    let to = v6_at(bytes, 24)?;
    let mut body = bytes.get(40..40 + length)?;
    // RFC 3810 §5: from a link-local address, or nobody takes it.
    if hops != 1 || !from.is_unicast_link_local() {
        return None;
    }
    let mut alert = false;
    if next == 0 {
        let end = usize::from(*body.get(1)?) * 8 + 8;
        alert = has_router_alert(body.get(2..end)?);
        next = body[0];
        body = &body[end..];
    }
    let pseudo = sum(&bytes[8..40], body.len() as u32 + u32::from(next));
    if sum(body, u32::from(pseudo)) != 0xffff {
        return None;
    }
    let message = match next {
        ICMPV6 if alert => mld(body)?,
        PIM => hello(body)?,
        _ => return None,
    };
    message.goes_to(to).then_some(Heard { from: from.into(), message })
}

impl Message {
    fn goes_to(&self, to: IpAddr) -> bool {
        let group = match self {
            Message::Query(query) => query.group,
            Message::Report(group) | Message::Leave(group) => Some(*group),
            Message::Records(_) | Message::Hello { .. } => None,
        };
        // No router passes these on.
        let stays = match to {
            IpAddr::V4(to) => to.octets()[..3] == [224, 0, 0],
            IpAddr::V6(to) => to.octets()[..2] == [0xff, 2],
        };
        to.is_multicast() && (stays || group == Some(to))
    }
}

/// Walks the options of a hop-by-hop header.
fn has_router_alert(mut options: &[u8]) -> bool {
    const PAD1: u8 = 0;
    const ROUTER_ALERT: u8 = 5;
    loop {
        match options {
            [PAD1, rest @ ..] => options = rest,
            [ROUTER_ALERT, 2, _, _, ..] => return true,
            [_, length, rest @ ..] => options = rest.get(usize::from(*length)..).unwrap_or(&[]),
            _ => return false,
        }
    }
}

fn igmp(body: &[u8]) -> Option<Message> {
    let (kind, code) = (*body.first()?, *body.get(1)?);
    let group = v4_at(body, 4);
    Some(match kind {
        0x11 => {
            // RFC 3376 §7.1: the length tells the version.
            let query = match body.len() {
                8 => {
                    let tenths = if code == 0 { 100 } else { u64::from(code) };
                    Query { response: Duration::from_millis(100 * tenths), ..Query::old(group?) }
                }
                12.. => {
                    let response = Duration::from_millis(100 * u64::from(float::eight(code)));
                    Query { response, ..new_query(body, 8, v4_at)? }.about(group?)
                }
                _ => return None,
            };
            Message::Query(query)
        }
        0x12 | 0x16 => Message::Report(group_address(group?)?),
        0x17 => Message::Leave(group_address(group?)?),
        0x22 => Message::Records(records(body, 4, v4_at)?),
        _ => return None,
    })
}

fn mld(body: &[u8]) -> Option<Message> {
    let group = v6_at(body, 8);
    Some(match *body.first()? {
        130 => {
            let code = u16_at(body, 4)?;
            let query = match body.len() {
                24 => Query { response: Duration::from_millis(code.into()), ..Query::old(group?) },
                28.. => {
                    let response = Duration::from_millis(float::sixteen(code).into());
                    Query { response, ..new_query(body, 24, v6_at)? }.about(group?)
                }
                _ => return None,
            };
            Message::Query(query)
        }
        131 => Message::Report(group_address(group?)?),
        132 => Message::Leave(group_address(group?)?),
        143 => Message::Records(records(body, 16, v6_at)?),
        _ => return None,
    })
}

type AddressAt = fn(&[u8], usize) -> Option<IpAddr>;

impl Query {
    /// Of IGMPv1, IGMPv2 and MLDv1.
    fn old(group: IpAddr) -> Query {
        let query = Query {
            group: None,
            sources: Vec::new(),
            response: Duration::ZERO,
            suppress: false,
            robustness: None,
            interval: None,
        };
        query.about(group)
    }

    fn about(self, group: IpAddr) -> Query {
        Query { group: Some(group).filter(|g| !g.is_unspecified()), ..self }
    }
}

/// The second part of the queries of IGMPv3 and MLDv2, at `at`.
fn new_query(body: &[u8], at: usize, address: AddressAt) -> Option<Query> {
    let (flags, interval) = (*body.get(at)?, *body.get(at + 1)?);
    let count = usize::from(u16_at(body, at + 2)?);
    let (sources, _) = addresses(body.get(at + 4..)?, count, address)?;
    Some(Query {
        group: None,
        sources,
        response: Duration::ZERO,
        suppress: flags & 8 != 0,
        robustness: Some(u32::from(flags & 7)).filter(|r| *r > 0),
        interval: Some(Duration::from_secs(float::eight(interval).into())).filter(|i| !i.is_zero()),
    })
}

/// The records of a report, in which an address has `size` bytes.
fn records(body: &[u8], size: usize, address: AddressAt) -> Option<Vec<GroupRecord>> {
    let count = usize::from(u16_at(body, 6)?);
    let mut rest = body.get(8..)?;
    let mut all = Vec::new();
    for _ in 0..count {
        let (kind, auxiliary) = (*rest.first()?, usize::from(*rest.get(1)?) * 4);
        let sources = usize::from(u16_at(rest, 2)?);
        let group = address(rest, 4)?;
        let (sources, length) = addresses(rest.get(4 + size..)?, sources, address)?;
        rest = rest.get(4 + size + length + auxiliary..)?;
        // RFC 3376 §4.2.12: an unknown type is passed over, and so is a group that is none.
        if let (Some(kind), Some(group)) = (Kind::of(kind), group_address(group)) {
            all.push(GroupRecord { kind, group, sources });
        }
    }
    Some(all)
}

/// `count` addresses, and how many bytes they take; those that can be no source are left out.
fn addresses(bytes: &[u8], count: usize, address: AddressAt) -> Option<(Vec<IpAddr>, usize)> {
    let size = if address(&[0; 4], 0).is_some() { 4 } else { 16 };
    let length = count * size;
    let list = bytes.get(..length)?.chunks_exact(size).filter_map(|bytes| address(bytes, 0));
    Some((list.filter(|a| !a.is_multicast() && !a.is_unspecified()).collect(), length))
}

impl Kind {
    fn of(code: u8) -> Option<Kind> {
        use Kind::{Allow, Block, IsExclude, IsInclude, ToExclude, ToInclude};
        [IsInclude, IsExclude, ToInclude, ToExclude, Allow, Block]
            .into_iter()
            .find(|kind| *kind as u8 == code)
    }
}

fn hello(body: &[u8]) -> Option<Message> {
    const HOLDTIME: u16 = 1;
    const DR_PRIORITY: u16 = 19;
    // Version 2, type 0.
    if *body.first()? != 0x20 {
        return None;
    }
    // RFC 7761 §4.9.2: 3.5 times the hello period of 30 s when it says none.
    let (mut seconds, mut priority) = (105, None);
    let mut rest = body.get(4..)?;
    while !rest.is_empty() {
        let (kind, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let value = rest.get(4..4 + length)?;
        match (kind, value) {
            (HOLDTIME, [a, b]) => seconds = u16::from_be_bytes([*a, *b]),
            (DR_PRIORITY, [a, b, c, d]) => priority = Some(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => {}
        }
        rest = &rest[4 + length..];
    }
    let holdtime = (seconds != u16::MAX).then(|| Duration::from_secs(seconds.into()));
    Some(Message::Hello { holdtime, priority })
}

/// A group that hosts report: multicast, and of a scope that leaves them.
fn group_address(address: IpAddr) -> Option<IpAddr> {
    let leaves = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(a) => a.octets()[1] & 15 > 1,
    };
    (address.is_multicast() && leaves).then_some(address)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn v4_at(bytes: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv4Addr::from(*bytes.get(at..)?.first_chunk::<4>()?).into())
}

fn v6_at(bytes: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv6Addr::from(*bytes.get(at..)?.first_chunk::<16>()?).into())
}

/// The ones' complement sum of 16-bit words (RFC 1071); 0xffff over what holds its own checksum.
pub fn sum(bytes: &[u8], begin: u32) -> u16 {
    let mut sum = u64::from(begin);
    let mut words = bytes.chunks_exact(2);
    for word in &mut words {
        sum += u64::from(u16::from_be_bytes([word[0], word[1]]));
    }
    if let [last] = words.remainder() {
        sum += u64::from(*last) << 8;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
pub(super) mod tests;
