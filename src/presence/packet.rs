//! The packets on the wire, written and read. A packet that is read may come from anybody.

use super::record::{RECORD, Reader};
use crate::frame::Tag;
use crate::frame::seal::{Algorithm, GroupKey, SEAL, SenderKey};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use super::record::{PlacedGroup, Record, Roles};

/// The version of the protocol that is spoken here.
pub const VERSION: u8 = 1;
/// The longest packet in bytes: it travels unfragmented over every link that carries IPv6.
pub const PACKET_MAX: usize = 1200;
/// Bytes before the body.
pub const HEADER: usize = 28;
/// Bytes of an announcement before its records.
pub const ANNOUNCEMENT: usize = 40;
/// Gaps that one request names at most.
pub const GAPS_MAX: usize = 32;

const SEALED: u8 = 0x01;
const ANNOUNCE: u8 = 1;
const REQUEST: u8 = 2;
const BYE: u8 = 3;

/// A process at one Interface and family: random, and never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub [u8; 16]);

impl NodeId {
    /// In a request: every node.
    pub const ALL: NodeId = NodeId([0; 16]);
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Versions: those above `after`, up to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The last one before.
    pub after: u64,
    /// The last one in it.
    pub last: u64,
}

impl Span {
    /// Every version.
    pub const ALL: Span = Span { after: 0, last: u64::MAX };

    /// Without any version.
    pub fn is_empty(self) -> bool {
        self.after >= self.last
    }
}

/// A node's word about itself: that it is there, how far its state has come, and a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announce {
    /// The next word follows within this time.
    pub interval: Duration,
    /// The node's priority as designated forwarder; 0: it forwards nothing.
    pub priority: u8,
    /// The slots in use; those from here on are empty.
    pub slots: u16,
    /// The version of the state.
    pub version: u64,
    /// The sum of the hashes of all slots.
    pub digest: u64,
    /// The records are all that have a version in here.
    pub covers: Span,
    /// In the order of their versions.
    pub records: Vec<Arc<Record>>,
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A node's word about itself.
    Announce(Announce),
    /// `target`, or every node, is asked for the records of these versions, or only to say that it is there.
    Request {
        /// Who is asked.
        target: NodeId,
        /// For what.
        gaps: Vec<Span>,
    },
    /// The node leaves all its groups.
    Bye,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Whose it is.
    pub node: NodeId,
    /// Counts the packets of the node, from 1.
    pub number: u64,
    /// What it says.
    pub body: Body,
}

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketRefusal {
    /// Of another version of the protocol.
    Version(u8),
    /// Of a type, or with flags, of a later libham.
    Unknown,
    /// Sealed, and there is no key here, or of another algorithm.
    Sealed,
    /// Not sealed, and there is a key here.
    Plain,
    /// Sealed with another key, or forged.
    Forged,
    /// No packet at all.
    Malformed,
}

impl fmt::Display for PacketRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketRefusal::Version(version) => write!(f, "version {version}; libham there and here differ"),
            PacketRefusal::Unknown => {
                f.write_str("of a kind that this libham does not know; a newer one speaks there")
            }
            PacketRefusal::Sealed => f.write_str("sealed; [presence] key is not the same there and here"),
            PacketRefusal::Plain => {
                f.write_str("not sealed, but [presence] key is set here; set it there too")
            }
            PacketRefusal::Forged => {
                f.write_str("it does not authenticate; [presence] key differs, or it is forged")
            }
            PacketRefusal::Malformed => f.write_str("malformed; does another program use the port?"),
        }
    }
}

/// What seals a node's packets and opens those of others.
pub struct Seal {
    key: GroupKey,
    tag: Tag,
}

impl Seal {
    /// With a key of the configuration.
    pub fn new(key: GroupKey) -> Seal {
        // No Group Name is like this: they begin with "ham:". So no frame has the same key.
        Seal { key, tag: Tag::of("ham presence 1") }
    }

    /// The key of one node's packets.
    pub fn of(&self, node: &NodeId) -> SenderKey {
        self.key.sender_key(&self.tag, &node.0)
    }

    fn code(&self) -> u8 {
        self.key.algorithm().code()
    }
}

impl Packet {
    /// Bytes on the wire, but for the authenticator.
    pub fn length(&self) -> usize {
        HEADER
            + match &self.body {
                Body::Announce(announce) => {
                    ANNOUNCEMENT + announce.records.iter().map(|record| record.size()).sum::<usize>()
                }
                Body::Request { gaps, .. } => 18 + 16 * gaps.len().min(GAPS_MAX),
                Body::Bye => 0,
            }
    }

    /// The bytes to send from `address`. `seal` and `key` go together.
    pub fn write(&self, address: IpAddr, seal: Option<(&Seal, &SenderKey)>) -> Vec<u8> {
        let mut out = Vec::with_capacity(PACKET_MAX);
        let kind = match self.body {
            Body::Announce(_) => ANNOUNCE,
            Body::Request { .. } => REQUEST,
            Body::Bye => BYE,
        };
        let (flags, code) = seal.map_or((0, 0), |(seal, _)| (SEALED, seal.code()));
        out.extend_from_slice(&[VERSION, kind, flags, code]);
        out.extend_from_slice(&self.node.0);
        out.extend_from_slice(&self.number.to_be_bytes());
        match &self.body {
            Body::Announce(announce) => announce.write(&mut out),
            Body::Request { target, gaps } => {
                let gaps = &gaps[..gaps.len().min(GAPS_MAX)];
                out.extend_from_slice(&target.0);
                out.extend_from_slice(&(gaps.len() as u16).to_be_bytes());
                for gap in gaps {
                    out.extend_from_slice(&gap.after.to_be_bytes());
                    out.extend_from_slice(&gap.last.to_be_bytes());
                }
            }
            Body::Bye => {}
        }
        if let Some((_, key)) = seal {
            let aad = associated(&out[..HEADER], address);
            let authenticator = key.seal(&nonce(self.number), &aad, &mut out[HEADER..]);
            out.extend_from_slice(&authenticator);
        }
        out
    }

    /// Whose packet this is, as far as it is a packet and no more is known.
    pub fn sender(bytes: &[u8]) -> Result<NodeId, PacketRefusal> {
        let head = bytes.first_chunk::<HEADER>().ok_or(PacketRefusal::Malformed)?;
        match head[0] {
            VERSION => Ok(NodeId(field(head, 4))),
            version => Err(PacketRefusal::Version(version)),
        }
    }

    /// Reads what came from `address`; what is sealed is opened in place with `key`.
    pub fn read(
        bytes: &mut [u8],
        address: IpAddr,
        seal: Option<(&Seal, &SenderKey)>,
    ) -> Result<Packet, PacketRefusal> {
        let node = Packet::sender(bytes)?;
        let (head, mut body) = bytes.split_at_mut(HEADER);
        let [_, kind, flags, code, ..] = *head else { return Err(PacketRefusal::Malformed) };
        if flags & !SEALED != 0 {
            return Err(PacketRefusal::Unknown);
        }
        let number = u64::from_be_bytes(field(head, 20));
        if number == 0 || node == NodeId::ALL || ((flags & SEALED == 0) != (code == 0)) {
            return Err(PacketRefusal::Malformed);
        }
        match (seal, Algorithm::from_code(code)) {
            (None, None) if code == 0 => {}
            (Some((seal, key)), Some(_)) if seal.code() == code => {
                let (text, authenticator) =
                    body.split_last_chunk_mut::<SEAL>().ok_or(PacketRefusal::Malformed)?;
                if !key.open(&nonce(number), &associated(head, address), text, authenticator) {
                    return Err(PacketRefusal::Forged);
                }
                body = text;
            }
            (Some(_), None) if code == 0 => return Err(PacketRefusal::Plain),
            _ => return Err(PacketRefusal::Sealed),
        }
        let mut body = Reader(body);
        let read = match kind {
            ANNOUNCE => Announce::read(&mut body).map(Body::Announce),
            REQUEST => request(&mut body),
            BYE => Some(Body::Bye),
            _ => return Err(PacketRefusal::Unknown),
        };
        let body = read.filter(|_| body.0.is_empty()).ok_or(PacketRefusal::Malformed)?;
        Ok(Packet { node, number, body })
    }
}

impl Announce {
    fn write(&self, out: &mut Vec<u8>) {
        let interval = u16::try_from(self.interval.as_millis()).unwrap_or(u16::MAX);
        out.extend_from_slice(&interval.to_be_bytes());
        out.extend_from_slice(&[self.priority, 0]);
        out.extend_from_slice(&self.slots.to_be_bytes());
        out.extend_from_slice(&(self.records.len() as u16).to_be_bytes());
        for number in [self.version, self.digest, self.covers.after, self.covers.last] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        self.records.iter().for_each(|record| record.write(out));
    }

    fn read(body: &mut Reader<'_>) -> Option<Announce> {
        let interval = Duration::from_millis(u16::from_be_bytes(body.take()?).into());
        let [priority, zero] = body.take()?;
        let slots = u16::from_be_bytes(body.take()?);
        let count = u16::from_be_bytes(body.take()?);
        let [version, digest, after, last] = body.numbers()?;
        if zero != 0 || interval.is_zero() || after > last || last > version {
            return None;
        }
        let mut announce = Announce {
            interval,
            priority,
            slots,
            version,
            digest,
            covers: Span { after, last },
            records: Vec::with_capacity(usize::from(count).min(PACKET_MAX / RECORD)),
        };
        let mut previous = after;
        for _ in 0..count {
            let record = Record::read(body)?;
            if record.version <= previous || record.version > last || record.slot >= slots {
                return None;
            }
            previous = record.version;
            announce.records.push(Arc::new(record));
        }
        Some(announce)
    }
}

fn request(body: &mut Reader<'_>) -> Option<Body> {
    let target = NodeId(body.take()?);
    let count = usize::from(u16::from_be_bytes(body.take()?));
    if count > GAPS_MAX {
        return None;
    }
    let mut gaps = Vec::with_capacity(count);
    for _ in 0..count {
        let [after, last] = body.numbers()?;
        gaps.push(Span { after, last });
    }
    let sound =
        gaps.iter().all(|gap| !gap.is_empty()) && gaps.windows(2).all(|two| two[0].last < two[1].after);
    sound.then_some(Body::Request { target, gaps })
}

fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

/// The header, and where the packet comes from: it cannot be told again at another link.
fn associated(head: &[u8], address: IpAddr) -> Vec<u8> {
    let mut all = head.to_vec();
    match address {
        IpAddr::V4(v4) => all.extend_from_slice(&v4.octets()),
        IpAddr::V6(v6) => all.extend_from_slice(&v6.octets()),
    }
    all
}

/// `LENGTH` bytes at `start`, which are inside.
fn field<const LENGTH: usize>(head: &[u8], start: usize) -> [u8; LENGTH] {
    head.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; LENGTH])
}
