//! The protocol at one Interface and family: what this node says when, and what it makes of what others say. The clock is
//! given, packets go into an outbox and changes into a queue: there is no system call and no lock in it.

mod hear;
mod node;
mod say;

use super::budget::Budget;
use super::own::Own;
use super::packet::{
    ANNOUNCEMENT, Announce, Body, GAPS_MAX, HEADER, NodeId, PACKET_MAX, Packet, PacketRefusal, PlacedGroup,
    Seal, Span,
};
use super::random::Random;
use super::remote::State;
use super::requests::Requests;
use super::roster::{Neighbor, Roster};
use super::spans::Spans;
use super::timers::Timers;
use super::{Change, INTERVAL, INTERVAL_MAX, INTERVAL_STEP, MEMORY_MAX, NODES_MAX};
use crate::frame::GroupKey;
use crate::frame::seal::{SEAL, SenderKey};
use node::{Numbers, Remote};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Changes are gathered for so long before they are announced.
const GATHER: Duration = Duration::from_millis(2);
/// Between two announcements of changes.
const BATCH: Duration = Duration::from_millis(20);
/// Until a refresh follows what must not be missed, so that a loss is noticed soon.
const CONFIRM: Duration = Duration::from_millis(200);
/// Until a request is answered, so that one answer is for many.
const ANSWER: Duration = Duration::from_millis(10);
/// So late this node comes when it could not work meanwhile.
const PAUSE: Duration = Duration::from_millis(300);
/// Nodes that left and are remembered, so that an old packet does not bring them back.
const DEPARTED_MAX: usize = 1024;
/// Bytes that packets have left for records.
const ROOM: usize = PACKET_MAX - HEADER - ANNOUNCEMENT - SEAL;
/// What one node's state may take of the memory for all.
const SHARE: usize = MEMORY_MAX / 4;

/// How a node takes part.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The shortest refresh interval.
    pub interval: Duration,
    /// The priority as designated forwarder; 0: this node forwards nothing. With one it says that it is there also when
    /// it is in no group.
    pub priority: u8,
    /// Packets are sealed with it, and only such are taken.
    pub key: Option<GroupKey>,
    /// The others' states are wanted. Else this node only says its own.
    pub curious: bool,
}

impl Default for LinkSettings {
    fn default() -> LinkSettings {
        LinkSettings { interval: INTERVAL, priority: 0, key: None, curious: true }
    }
}

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were refused.
    pub refused: u64,
    /// Packets for which there was no memory.
    pub left_out: u64,
}

/// A node of this process at one Interface and family, and what it knows of the others there.
pub struct Link {
    settings: LinkSettings,
    seal: Option<(Seal, SenderKey)>,
    id: NodeId,
    address: IpAddr,
    number: u64,
    random: Random,
    budget: Budget,

    own: Own,
    /// The version up to which the state was said once.
    announced: u64,
    /// The version up to which it is to be said now.
    due: u64,
    change_at: Option<Instant>,
    last_change: Option<Instant>,
    /// What was asked for, and is to be said again: after the time, at once.
    asked: Spans,
    answer_at: Option<Instant>,
    again: Spans,
    /// When there is budget for it.
    say_at: Option<Instant>,
    hello_at: Option<Instant>,
    /// The interval that was announced last.
    interval: Duration,
    bye_at: Option<Instant>,
    /// When everybody is asked who is there.
    ask_all_at: Option<Instant>,

    remotes: HashMap<NodeId, Remote>,
    timers: Timers,
    /// When this node began.
    began: Instant,
    /// Who is there has changed since it was asked last.
    roster_changed: bool,
    departed: VecDeque<(NodeId, u64)>,
    memory: usize,
    counts: Counts,
    refused: Option<(IpAddr, PacketRefusal)>,
    outbox: VecDeque<Packet>,
    changes: VecDeque<Change>,
    /// So many nodes there are, as a test says that does not let this one hear them.
    #[cfg(test)]
    pub(super) told: usize,
}

/// A packet, and the key of a node that was not known.
type Opened = (Packet, Option<Box<SenderKey>>);

impl Link {
    /// A node that sends from `address`. `id` and `seed` are random.
    pub fn new(settings: LinkSettings, id: NodeId, seed: u64, address: IpAddr, now: Instant) -> Link {
        let seal = settings.key.clone().map(|key| {
            let seal = Seal::new(key);
            let own = seal.of(&id);
            (seal, own)
        });
        let mut link = Link {
            seal,
            id,
            address,
            number: 0,
            random: Random::new(seed),
            budget: Budget::new(now),
            own: Own::default(),
            announced: 0,
            due: 0,
            change_at: None,
            last_change: None,
            asked: Spans::default(),
            answer_at: None,
            again: Spans::default(),
            say_at: None,
            hello_at: None,
            interval: settings.interval.min(INTERVAL_MAX),
            bye_at: None,
            ask_all_at: None,
            remotes: HashMap::new(),
            timers: Timers::default(),
            began: now,
            roster_changed: true,
            departed: VecDeque::new(),
            memory: 0,
            counts: Counts::default(),
            refused: None,
            outbox: VecDeque::new(),
            changes: VecDeque::new(),
            #[cfg(test)]
            told: 0,
            settings,
        };
        if link.settings.curious {
            link.ask_all(now);
        }
        if link.settings.priority > 0 {
            link.hello_at = Some(link.soon(now));
        }
        link
    }

    /// The address that it sends from.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// From now on the others' states are wanted.
    pub fn be_curious(&mut self, now: Instant) {
        if !self.settings.curious {
            self.settings.curious = true;
            self.ask_all(now);
        }
    }

    fn ask_all(&mut self, now: Instant) {
        self.ask_all_at = Some(self.soon(now));
    }

    /// Machines that start together do not all speak at once.
    fn soon(&mut self, now: Instant) -> Instant {
        now + self.random.between(Duration::ZERO, Duration::from_millis(50))
    }

    /// This node has nothing to say.
    fn is_silent(&self) -> bool {
        self.own.is_empty() && self.settings.priority == 0
    }

    /// What this node is in: each pair of name and address once, with a role. Gives how many are too many to be said.
    pub fn set_groups(&mut self, now: Instant, groups: &[PlacedGroup]) -> usize {
        let version = self.own.version();
        let left_out = self.own.set(groups);
        if self.own.version() != version && self.change_at.is_none() {
            let batch = self.last_change.map_or(now, |last| last + BATCH);
            self.change_at = Some(batch.max(now + GATHER));
        }
        left_out
    }

    /// This node leaves; nothing more is to be asked of it than its last packet and changes.
    pub fn end(&mut self, now: Instant) {
        if self.settings.priority > 0 || (self.announced > 0 && !self.own.is_empty()) {
            self.send(now, Body::Bye);
        }
        let all: Vec<NodeId> = self.remotes.keys().copied().collect();
        all.into_iter().for_each(|id| self.remove(id));
    }

    /// The next packet to send, from [`Link::address`] to the control group.
    pub fn next_packet(&mut self) -> Option<Packet> {
        self.outbox.pop_front()
    }

    /// The bytes of a packet of this node.
    pub fn write(&self, packet: &Packet) -> Vec<u8> {
        packet.write(self.address, self.seal.as_ref().map(|(seal, key)| (seal, key)))
    }

    /// The next change of other nodes' groups.
    pub fn next_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Where there is something to do by itself.
    pub fn deadline(&self) -> Option<Instant> {
        let at = [self.change_at, self.answer_at, self.say_at, self.hello_at, self.bye_at, self.ask_all_at];
        at.into_iter().flatten().chain(self.timers.next()).min()
    }

    /// What was dropped so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes of the other nodes' states.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The other nodes: addresses, and priorities as designated forwarder.
    pub fn neighbors(&self) -> impl Iterator<Item = (NodeId, IpAddr, u8)> {
        self.remotes.iter().map(|(id, remote)| (*id, remote.address, remote.priority))
    }

    /// Who is there, when that has changed since it was asked last.
    pub fn take_roster(&mut self) -> Option<Roster> {
        std::mem::take(&mut self.roster_changed).then(|| self.roster())
    }

    /// Who is there, and who of them forwards.
    pub fn roster(&self) -> Roster {
        let others = self.remotes.values();
        let others = others.map(|&Remote { address, priority, .. }| Neighbor { address, priority }).collect();
        let own = Neighbor { address: self.address, priority: self.settings.priority };
        // Within an interval everybody has said that they are there.
        Roster { own, since: self.began + self.grown_interval(), others }
    }

    /// Takes a packet from the wire; it is opened in place.
    pub fn receive(&mut self, now: Instant, from: IpAddr, bytes: &mut [u8]) {
        let length = bytes.len();
        match self.read(from, bytes) {
            Ok(Some((packet, key))) => self.take(now, from, &packet, length, key),
            Ok(None) => {}
            Err(refusal) => self.refuse(from, refusal),
        }
    }

    /// Takes a packet that was read.
    pub fn hear(&mut self, now: Instant, from: IpAddr, packet: &Packet, length: usize) {
        self.take(now, from, packet, length, None);
    }

    #[cfg(test)]
    pub(super) fn state_of(&self, id: &NodeId) -> Option<&State> {
        self.remotes.get(id).map(|remote| &remote.state)
    }

    #[cfg(test)]
    pub(super) fn is_level(&self, id: &NodeId, other: &Link) -> bool {
        self.state_of(id).is_some_and(|state| state.is_level(&other.own))
    }

    #[cfg(test)]
    pub(super) fn speaks(&self) -> bool {
        !self.is_silent()
    }

    #[cfg(test)]
    pub(super) fn is_curious(&self) -> bool {
        self.settings.curious
    }

    /// `None`: this node's own packet.
    fn read(&self, from: IpAddr, bytes: &mut [u8]) -> Result<Option<Opened>, PacketRefusal> {
        let node = Packet::sender(bytes)?;
        if node == self.id {
            return Ok(None);
        }
        let Some((seal, _)) = &self.seal else {
            return Packet::read(bytes, from, None).map(|packet| Some((packet, None)));
        };
        if let Some(key) = self.remotes.get(&node).and_then(|remote| remote.key.as_ref()) {
            return Packet::read(bytes, from, Some((seal, key))).map(|packet| Some((packet, None)));
        }
        let key = Box::new(seal.of(&node));
        let packet = Packet::read(bytes, from, Some((seal, &key)))?;
        Ok(Some((packet, Some(key))))
    }

    fn refuse(&mut self, from: IpAddr, refusal: PacketRefusal) {
        self.counts.refused += 1;
        self.refused = Some((from, refusal));
    }

    /// The last packet that was refused since this was asked: who sent it, and why.
    pub fn take_refusal(&mut self) -> Option<(IpAddr, PacketRefusal)> {
        self.refused.take()
    }
}
