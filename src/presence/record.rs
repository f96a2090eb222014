//! Records: the groups in the slots of a node's state, as they stand in an announcement.

use crate::name::{Name, URI_MAX};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// What a node is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Roles {
    /// It has joined.
    pub listener: bool,
    /// It has registered as a source, or has sent.
    pub sender: bool,
}

impl Roles {
    /// Neither.
    pub const NONE: Roles = Roles { listener: false, sender: false };

    /// No role at all.
    pub fn is_none(self) -> bool {
        self == Roles::NONE
    }

    /// The roles of either.
    pub fn or(self, other: Roles) -> Roles {
        Roles { listener: self.listener || other.listener, sender: self.sender || other.sender }
    }

    /// Those that `other` has not.
    pub fn without(self, other: Roles) -> Roles {
        Roles { listener: self.listener && !other.listener, sender: self.sender && !other.sender }
    }
}

/// A group that a node is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlacedGroup {
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// The Group Address that the node has mapped it to.
    pub address: IpAddr,
    /// What the node is in it.
    pub roles: Roles,
}

/// What stands in one slot of a node's state.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Which slot.
    pub slot: u16,
    /// The node's version when this was put there.
    pub version: u64,
    /// Of the bytes on the wire; 0 of an empty slot.
    pub hash: u64,
    /// `None`: the slot is empty, or holds a name that is no Group Name here.
    pub group: Option<PlacedGroup>,
}

/// Bytes of a record of an empty slot.
pub const RECORD: usize = 12;
const LISTENER: u8 = 0x01;
const SENDER: u8 = 0x02;
const IPV6: u8 = 0x04;

impl Record {
    /// A group in a slot, or nothing in it.
    pub fn new(slot: u16, version: u64, group: Option<PlacedGroup>) -> Record {
        let mut record = Record { slot, version, hash: 0, group };
        let mut bytes = Vec::with_capacity(64);
        record.write(&mut bytes);
        record.hash = hash(&bytes);
        record
    }

    /// Bytes on the wire.
    pub fn size(&self) -> usize {
        self.group.as_ref().map_or(RECORD, |group| {
            RECORD + 2 + group.name.len() + if group.address.is_ipv4() { 4 } else { 16 }
        })
    }

    /// Appends the bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.slot.to_be_bytes());
        let Some(PlacedGroup { name, address, roles }) = &self.group else {
            return out.extend_from_slice(&[0, 0]);
        };
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        let what = bit(roles.listener, LISTENER) | bit(roles.sender, SENDER) | bit(address.is_ipv6(), IPV6);
        out.extend_from_slice(&[what, 0]);
        match address {
            IpAddr::V4(v4) => out.extend_from_slice(&v4.octets()),
            IpAddr::V6(v6) => out.extend_from_slice(&v6.octets()),
        }
        out.extend_from_slice(&(name.len() as u16).to_be_bytes());
        out.extend_from_slice(name.as_bytes());
    }

    /// The next record; `None` when it is malformed or cut short.
    pub(super) fn read(body: &mut Reader<'_>) -> Option<Record> {
        let begin = body.0;
        let version = u64::from_be_bytes(body.take()?);
        let slot = u16::from_be_bytes(body.take()?);
        let [what, zero] = body.take()?;
        if zero != 0 || what & !(LISTENER | SENDER | IPV6) != 0 || what == IPV6 {
            return None;
        }
        if what == 0 {
            return Some(Record { slot, version, hash: 0, group: None });
        }
        let address: IpAddr = match what & IPV6 {
            0 => Ipv4Addr::from(body.take::<4>()?).into(),
            _ => Ipv6Addr::from(body.take::<16>()?).into(),
        };
        let length = usize::from(u16::from_be_bytes(body.take()?));
        if !address.is_multicast() || length == 0 || length >= URI_MAX {
            return None;
        }
        let text = body.bytes(length)?;
        let roles = Roles { listener: what & LISTENER != 0, sender: what & SENDER != 0 };
        // Of a namespace of a later libham, or no name: it takes its slot, and is not told.
        let name = Name::parse(text).ok().filter(|name| name.normal().as_bytes() == text);
        let group = name.map(|name| PlacedGroup { name: name.normal().clone(), address, roles });
        let hash = hash(&begin[..begin.len() - body.0.len()]);
        Some(Record { slot, version, hash, group })
    }
}

const FNV: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: against accidents, not against attackers.
fn fnv(begin: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(begin, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Of a record but for its version; 0 of an empty slot.
fn hash(record: &[u8]) -> u64 {
    match record.get(8..) {
        Some(rest) if record.len() > RECORD => fnv(FNV, rest),
        _ => 0,
    }
}

/// The bytes of a packet that are not read yet.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub fn numbers<const N: usize>(&mut self) -> Option<[u64; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = u64::from_be_bytes(self.take()?);
        }
        Some(numbers)
    }
}
