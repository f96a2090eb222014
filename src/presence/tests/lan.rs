//! A LAN with a logical clock, on which packets take 100 microseconds, are lost by chance, and are counted.

use crate::presence::packet::{Body, NodeId, Packet, PlacedGroup};
use crate::presence::{Change, Link, LinkSettings};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub const FLIGHT: Duration = Duration::from_micros(100);
/// Ethernet, IP and UDP.
const HEADERS: usize = 14 + 20 + 8;

pub struct Lan {
    pub now: Instant,
    pub members: Vec<Option<Link>>,
    wakes: Vec<Option<Instant>>,
    queue: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    flying: HashMap<u64, (IpAddr, Rc<Packet>, usize)>,
    events: u64,
    /// Of a thousand packets, so many are lost on the way to each receiver.
    pub loss: u64,
    pub random: Random,
    /// Those who are not curious are told how many there are, and need not hear them.
    pub crowded: bool,
    living: usize,
    /// Bytes that each member has sent.
    pub bytes: Vec<u64>,
    /// Packets that all have sent.
    pub packets: u64,
    /// Called with the index of the member at every change.
    pub changed: Box<dyn FnMut(usize, Change)>,
}

pub fn address(member: usize) -> IpAddr {
    let [a, b] = (member as u16).to_be_bytes();
    Ipv4Addr::new(10, 0, a, b).into()
}

pub fn id(member: usize) -> NodeId {
    NodeId((member as u128 + 1).to_be_bytes())
}

/// xorshift64*
pub struct Random(u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit.max(1)
    }
}

impl Lan {
    pub fn new() -> Lan {
        let now = Instant::now();
        Lan {
            now,
            members: Vec::new(),
            wakes: Vec::new(),
            queue: BinaryHeap::new(),
            flying: HashMap::new(),
            events: 0,
            loss: 0,
            random: Random(0x9e37_79b9_7f4a_7c15),
            crowded: false,
            living: 0,
            bytes: Vec::new(),
            packets: 0,
            changed: Box::new(|_, _| {}),
        }
    }

    pub fn add(&mut self, settings: LinkSettings) -> usize {
        let member = self.members.len();
        let seed = self.random.below(u64::MAX);
        let link = Link::new(settings, id(member), seed, address(member), self.now);
        self.members.push(Some(link));
        self.living += 1;
        self.wakes.push(None);
        self.bytes.push(0);
        self.after(member);
        member
    }

    pub fn link(&self, member: usize) -> &Link {
        self.members[member].as_ref().unwrap()
    }

    pub fn set(&mut self, member: usize, groups: &[PlacedGroup]) {
        let now = self.now;
        assert_eq!(self.members[member].as_mut().unwrap().set_groups(now, groups), 0);
        self.after(member);
    }

    pub fn with(&mut self, member: usize, act: impl FnOnce(&mut Link, Instant)) {
        act(self.members[member].as_mut().unwrap(), self.now);
        self.after(member);
    }

    /// It is gone without a word.
    pub fn crash(&mut self, member: usize) {
        self.members[member] = None;
        self.living -= 1;
    }

    pub fn leave(&mut self, member: usize) {
        self.with(member, |link, now| link.end(now));
        self.crash(member);
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(Reverse((at, number, member))) = self.queue.peek().copied() {
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = at;
            match self.flying.remove(&number) {
                Some((from, packet, length)) => self.deliver(member, from, &packet, length),
                None if self.wakes[member] == Some(at) => {
                    self.wakes[member] = None;
                    if let Some(link) = &mut self.members[member] {
                        if self.crowded && !link.is_curious() {
                            link.told = self.living;
                        }
                        link.due(at);
                        assert!(link.deadline().is_none_or(|next| next > at), "it would never rest");
                        self.after(member);
                    }
                }
                None => {}
            }
        }
        self.now = end;
    }

    fn deliver(&mut self, sender: usize, from: IpAddr, packet: &Packet, length: usize) {
        let asked = match packet.body {
            Body::Request { target, .. } => Some(target),
            _ => None,
        };
        for member in (0..self.members.len()).filter(|member| *member != sender) {
            let Some(link) = &mut self.members[member] else { continue };
            // Who is not curious only counts the others. That is done for them, and saves the test a minute.
            let for_it = asked == Some(id(member)) || asked == Some(NodeId::ALL);
            if !link.is_curious() && self.crowded && !for_it {
                continue;
            }
            if self.loss > 0 && self.random.below(1000) < self.loss {
                continue;
            }
            link.hear(self.now, from, packet, length);
            self.after(member);
        }
    }

    /// Sends what the member has to say, and notes when it wakes.
    fn after(&mut self, member: usize) {
        let Some(link) = &mut self.members[member] else { return };
        while let Some(change) = link.next_change() {
            (self.changed)(member, change);
        }
        while let Some(packet) = link.next_packet() {
            let mut bytes = link.write(&packet);
            assert!(bytes.len() <= crate::presence::packet::PACKET_MAX);
            let length = bytes.len();
            self.bytes[member] += (length + HEADERS) as u64;
            self.packets += 1;
            // Read once for all: what is shared on the wire is shared here.
            let read = Packet::read(&mut bytes, link.address(), None).unwrap();
            assert_eq!(read, packet);
            self.events += 1;
            self.flying.insert(self.events, (link.address(), Rc::new(read), length));
            self.queue.push(Reverse((self.now + FLIGHT, self.events, member)));
        }
        if let Some(at) = link.deadline().filter(|at| self.wakes[member].is_none_or(|known| *at < known)) {
            let at = at.max(self.now);
            self.events += 1;
            self.wakes[member] = Some(at);
            self.queue.push(Reverse((at, self.events, member)));
        }
    }

    /// How many of those who live want to know all.
    pub fn curious(&self) -> usize {
        self.members.iter().flatten().filter(|link| link.is_curious()).count()
    }

    /// In how many places the exact state of somebody who speaks is not known, or somebody is known who is not there.
    pub fn behind(&self) -> usize {
        let living = || self.members.iter().enumerate().filter_map(|(i, link)| Some((i, link.as_ref()?)));
        let speaking: Vec<_> = living().filter(|(_, link)| link.speaks()).collect();
        let there: HashSet<NodeId> = speaking.iter().map(|(i, _)| id(*i)).collect();
        let missing = living().filter(|(_, link)| link.is_curious()).map(|(i, link)| {
            let others = speaking.iter().filter(|(other, _)| *other != i);
            let unknown = others.filter(|(other, theirs)| !link.is_level(&id(*other), theirs)).count();
            unknown + link.neighbors().filter(|(id, ..)| !there.contains(id)).count()
        });
        missing.sum()
    }
}
