//! Twins: the two copies of one message that travels raw in technology `ip`, and in a frame by carriers. The raw one says
//! nothing of itself, so the frame comes with the addresses that its sender has in technology `ip`: a copy from one of them
//! with the same content is the same message.
//!
//! Each copy waits a little for its twin, which is then not handed out; so of a message that was sent twice alike, two
//! are handed out, whichever way each copy came.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a copy waits for its twin. What waits in the kernel for a slow application is waited for all the time.
const PATIENCE: Duration = Duration::from_secs(2);

/// At most this many copies of one group wait: as many messages as the kernel keeps in a receive buffer of default size.
const WAITING: usize = 32_768;

/// At most this many addresses of them.
const ADDRESSES: usize = 4 * WAITING;

/// At most this many addresses are read of those that a frame came with.
const READ: usize = 256;

/// How a copy came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copy {
    /// By technology `ip`, from this address.
    Raw(SocketAddr),
    /// By a carrier, from a sender that has these addresses.
    Framed(Box<[SocketAddr]>),
}

impl Copy {
    fn is_raw(&self) -> bool {
        matches!(self, Copy::Raw(_))
    }

    fn sources(&self) -> &[SocketAddr] {
        match self {
            Copy::Raw(from) => std::slice::from_ref(from),
            Copy::Framed(sources) => sources,
        }
    }
}

/// The groups of a multicast socket that come both ways.
#[derive(Default)]
pub struct Twins {
    groups: HashMap<Arc<str>, Waiting>,
    /// When nothing waited in a shared receiver of technology `ip`.
    dry: Option<Instant>,
}

#[derive(Default)]
struct Waiting {
    /// It comes by technology `ip` too.
    by_ip: bool,
    hasher: RandomState,
    /// In the order in which they came, also those that have met their twins since.
    order: VecDeque<Entry>,
    /// The number of the first one there.
    first: u64,
    /// The numbers of those that wait, by content, source and way; in order, and some have met their twins since.
    found: HashMap<u64, VecDeque<u64>>,
    /// The sources of all in `order`.
    addresses: usize,
    /// When nothing waited in the group's receiver of technology `ip`.
    dry: Option<Instant>,
}

struct Entry {
    since: Instant,
    raw: bool,
    /// It has met its twin.
    met: bool,
    /// Where `found` has it.
    keys: Box<[u64]>,
}

impl Twins {
    /// From now on a group comes both ways.
    pub fn expect(&mut self, group: &Arc<str>) {
        self.groups.entry(group.clone()).or_default().by_ip = true;
    }

    /// From now on it comes by carriers alone. What has come raw can still meet its twin.
    pub fn expect_no_raw(&mut self, group: &str) {
        if let Some(waiting) = self.groups.get_mut(group) {
            waiting.by_ip = false;
        }
    }

    /// It is left.
    pub fn forget(&mut self, group: &str) {
        self.groups.remove(group);
    }

    /// Nothing waits in technology `ip`: in the group's receiver, or, without one of its own, in a shared one.
    pub fn dry(&mut self, group: Option<&str>, now: Instant) {
        match group {
            None => self.dry = Some(now),
            Some(group) => {
                if let Some(waiting) = self.groups.get_mut(group) {
                    waiting.dry = Some(now);
                }
            }
        }
    }

    /// True for the second copy of a message of the group. The content is `head` and then `tail`.
    pub fn is_second(&mut self, group: &str, head: &[u8], tail: &[u8], copy: Copy, now: Instant) -> bool {
        let Some(waiting) = self.groups.get_mut(group) else { return false };
        waiting.dry = waiting.dry.max(self.dry);
        waiting.is_second(head, tail, copy, now)
    }
}

impl Waiting {
    fn is_second(&mut self, head: &[u8], tail: &[u8], copy: Copy, now: Instant) -> bool {
        let (raw, sources) = (copy.is_raw(), copy.sources());
        // Of a sender that has no address in technology ip, no other copy comes.
        if sources.is_empty() {
            return false;
        }
        while let Some(Entry { since, raw, met, .. }) = self.order.front() {
            let until = if *raw || !self.by_ip { Some(now) } else { self.dry };
            let waits = until.is_none_or(|until| until.saturating_duration_since(*since) < PATIENCE);
            let room = self.order.len() < WAITING && self.addresses + sources.len() <= ADDRESSES;
            if room && waits && !met {
                break;
            }
            self.forget_first();
        }
        let content = self.content(head, tail);
        let twin = sources.iter().filter_map(|source| self.first_of(self.key(content, *source, !raw))).min();
        if let Some(twin) = twin.and_then(|number| self.entry(number)) {
            twin.met = true;
            return true;
        }
        if !raw && !self.by_ip {
            return false;
        }
        let number = self.first + self.order.len() as u64;
        let keys: Box<[u64]> = sources.iter().map(|source| self.key(content, *source, raw)).collect();
        keys.iter().for_each(|key| self.found.entry(*key).or_default().push_back(number));
        self.addresses += keys.len();
        self.order.push_back(Entry { since: now, raw, met: false, keys });
        false
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.order.get_mut(number.checked_sub(self.first)? as usize)
    }

    /// The first one that waits under this key.
    fn first_of(&mut self, key: u64) -> Option<u64> {
        let list = self.found.get_mut(&key)?;
        while let Some(number) = list.front() {
            let entry = number.checked_sub(self.first).and_then(|i| self.order.get(i as usize));
            if entry.is_some_and(|entry| !entry.met) {
                return Some(*number);
            }
            list.pop_front();
        }
        self.found.remove(&key);
        None
    }

    fn forget_first(&mut self) {
        let Some(gone) = self.order.pop_front() else { return };
        let number = self.first;
        self.first += 1;
        self.addresses -= gone.keys.len();
        for key in gone.keys {
            let Some(list) = self.found.get_mut(&key) else { continue };
            if list.front().is_some_and(|first| *first <= number) {
                list.pop_front();
            }
            if list.is_empty() {
                self.found.remove(&key);
            }
        }
    }

    fn key(&self, content: u64, source: SocketAddr, raw: bool) -> u64 {
        self.hasher.hash_one((content, source.ip(), source.port(), raw))
    }

    fn content(&self, head: &[u8], tail: &[u8]) -> u64 {
        // The one message can come cut in two here.
        let whole;
        let bytes = if tail.is_empty() {
            head
        } else {
            whole = [head, tail].concat();
            &whole
        };
        self.hasher.hash_one(bytes)
    }
}

/// Adds an address to what a frame is sent with: 4 or 6, the address, the port; big-endian.
pub fn write(list: &mut Vec<u8>, source: SocketAddr) {
    match source.ip() {
        IpAddr::V4(v4) => {
            list.push(4);
            list.extend(v4.octets());
        }
        IpAddr::V6(v6) => {
            list.push(6);
            list.extend(v6.octets());
        }
    }
    list.extend(source.port().to_be_bytes());
}

/// The addresses that a frame came with, as far as they can be read; the first ones of too many.
pub fn read(mut list: &[u8]) -> Box<[SocketAddr]> {
    let mut sources = Vec::new();
    while let Some((kind, rest)) = list.split_first().filter(|_| sources.len() < READ) {
        let (address, rest): (IpAddr, _) = match kind {
            4 => match rest.split_first_chunk::<4>() {
                Some((octets, rest)) => (Ipv4Addr::from(*octets).into(), rest),
                None => break,
            },
            6 => match rest.split_first_chunk::<16>() {
                Some((octets, rest)) => (Ipv6Addr::from(*octets).into(), rest),
                None => break,
            },
            _ => break,
        };
        let Some((port, rest)) = rest.split_first_chunk::<2>() else { break };
        sources.push(SocketAddr::new(address, u16::from_be_bytes(*port)));
        list = rest;
    }
    sources.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(last: u8) -> Copy {
        Copy::Raw(SocketAddr::from(([10, 0, 0, last], 4000)))
    }

    fn framed(last: &[u8]) -> Copy {
        Copy::Framed(last.iter().map(|last| SocketAddr::from(([10, 0, 0, *last], 4000))).collect())
    }

    /// Which of these copies of messages are handed out.
    fn handed_out(copies: &[(&str, Copy)]) -> Vec<bool> {
        let mut twins = Twins::default();
        twins.expect(&"g".into());
        let now = Instant::now();
        let mut out = |(text, copy): &(&str, Copy)| {
            let (head, tail) = text.as_bytes().split_at(text.len() / 2);
            !twins.is_second("g", head, tail, copy.clone(), now)
        };
        copies.iter().map(&mut out).collect()
    }

    #[test]
    fn one_of_two_copies_is_handed_out() {
        assert_eq!(handed_out(&[("a", raw(1)), ("a", framed(&[9, 1]))]), [true, false]);
        assert_eq!(handed_out(&[("a", framed(&[1, 9])), ("a", raw(1))]), [true, false]);
    }

    #[test]
    fn what_is_said_twice_is_heard_twice() {
        let said = [("a", raw(1)), ("a", raw(1)), ("a", framed(&[1])), ("a", framed(&[1]))];
        assert_eq!(handed_out(&said), [true, true, false, false]);
        let said = [("a", raw(1)), ("a", framed(&[1])), ("a", framed(&[1])), ("a", raw(1))];
        assert_eq!(handed_out(&said), [true, false, true, false]);
    }

    #[test]
    fn other_senders_and_other_messages_are_no_copies() {
        assert_eq!(handed_out(&[("a", raw(1)), ("a", framed(&[2]))]), [true, true]);
        assert_eq!(handed_out(&[("a", raw(1)), ("b", framed(&[1]))]), [true, true]);
        assert_eq!(handed_out(&[("a", framed(&[])), ("a", raw(1))]), [true, true]);
        assert_eq!(handed_out(&[("a", raw(1)), ("a", raw(1))]), [true, true]);
    }

    #[test]
    fn nothing_waits_for_ever() {
        let mut twins = Twins::default();
        twins.expect(&"g".into());
        let start = Instant::now();
        assert!(!twins.is_second("g", b"a", b"", raw(1), start));
        assert!(!twins.is_second("g", b"a", b"", framed(&[1]), start + PATIENCE));
        for i in 0..2 * WAITING {
            assert!(!twins.is_second("g", &i.to_be_bytes(), b"", raw(1), start + PATIENCE));
        }
        let waiting = &twins.groups["g"];
        assert!(waiting.found.len() <= WAITING && waiting.order.len() <= WAITING);
        twins.forget("g");
        assert!(!twins.is_second("g", b"a", b"", raw(1), start));
        assert!(!twins.is_second("g", b"a", b"", framed(&[1]), start));
    }

    /// What waits, each time it is looked at: in all, and under the key that has the most.
    fn bounded(twins: &Twins) -> usize {
        let waiting = &twins.groups["g"];
        let (all, most) =
            waiting.found.values().fold((0, 0), |(all, most), list| (all + list.len(), most.max(list.len())));
        assert_eq!(waiting.addresses, waiting.order.iter().map(|entry| entry.keys.len()).sum::<usize>());
        assert!(all <= waiting.addresses && waiting.addresses <= ADDRESSES);
        most
    }

    #[test]
    fn a_heartbeat_is_no_burden() {
        let mut twins = Twins::default();
        twins.expect(&"g".into());
        let now = Instant::now();
        let begin = Instant::now();
        for _ in 0..4 * WAITING {
            assert!(!twins.is_second("g", b"alive", b"", framed(&[1]), now));
        }
        // Each one would look at, and move, all the others otherwise.
        assert!(begin.elapsed() < Duration::from_secs(20));
        assert_eq!(bounded(&twins), WAITING);
        for _ in 1..WAITING {
            assert!(twins.is_second("g", b"alive", b"", raw(1), now));
        }
        assert!(!twins.is_second("g", b"alive", b"", raw(1), now));
    }

    #[test]
    fn many_addresses_are_no_burden() {
        let mut twins = Twins::default();
        twins.expect(&"g".into());
        let now = Instant::now();
        let all: Vec<u8> = (0..=255).collect();
        for i in 0..4 * ADDRESSES / READ {
            assert!(!twins.is_second("g", &i.to_be_bytes(), b"", framed(&all), now));
            if i % 128 == 0 {
                bounded(&twins);
            }
        }
        bounded(&twins);
        // Met by way of any address, it is met by way of all.
        assert!(!twins.is_second("g", b"last", b"", framed(&all), now));
        assert!(twins.is_second("g", b"last", b"", raw(7), now));
        assert!(!twins.is_second("g", b"last", b"", raw(8), now));
    }

    #[test]
    fn too_many_addresses_are_left_out() {
        let mut list = Vec::new();
        (0..150_000).for_each(|i: u32| write(&mut list, SocketAddr::new(Ipv4Addr::from(i).into(), 4000)));
        let sources = read(&list);
        assert_eq!(sources.len(), READ);
        assert_eq!(sources.last(), Some(&SocketAddr::from(([0, 0, 0, 255], 4000))));
    }

    #[test]
    fn what_the_kernel_keeps_is_waited_for() {
        let (start, hour) = (Instant::now(), Duration::from_secs(3600));
        // When nothing waits in the kernel, and where; and whether the raw copy is a second one an hour later.
        let cases = [(Some("g"), PATIENCE / 2, true), (Some("g"), PATIENCE, false), (None, PATIENCE, false)];
        for (group, dry, is_second) in cases {
            let mut twins = Twins::default();
            twins.expect(&"g".into());
            assert!(!twins.is_second("g", b"a", b"", framed(&[1]), start));
            twins.dry(group, start + dry);
            assert_eq!(twins.is_second("g", b"a", b"", raw(1), start + hour), is_second);
        }
    }

    #[test]
    fn without_ip_nothing_waits_for_a_raw_copy() {
        let (mut twins, now) = (Twins::default(), Instant::now());
        twins.expect_no_raw("g");
        assert!(!twins.is_second("g", b"a", b"", framed(&[1]), now));
        twins.expect(&"g".into());
        assert!(!twins.is_second("g", b"a", b"", raw(1), now));
        assert!(!twins.is_second("g", b"b", b"", framed(&[1]), now));
        // A receiver may have given all it had before it went.
        twins.expect_no_raw("g");
        assert!(twins.is_second("g", b"a", b"", framed(&[1]), now));
        assert!(!twins.is_second("g", b"a", b"", framed(&[1]), now + PATIENCE / 2));
        assert_eq!(bounded(&twins), 1);
        assert!(!twins.is_second("g", b"c", b"", framed(&[1]), now + PATIENCE));
        assert_eq!(bounded(&twins), 0);
        twins.expect(&"g".into());
        assert!(!twins.is_second("g", b"b", b"", raw(1), now + PATIENCE));
    }

    #[test]
    fn addresses_are_read_as_they_were_written() {
        let sources = ["10.0.0.1:5000", "[fe80::1]:6"].map(|text| text.parse::<SocketAddr>().unwrap());
        let mut list = Vec::new();
        sources.iter().for_each(|source| write(&mut list, *source));
        assert_eq!(*read(&list), sources);
        for len in 0..list.len() {
            assert!(read(&list[..len]).len() < 2);
        }
        assert!(read(&[7, 1, 2, 3]).is_empty());
    }
}
