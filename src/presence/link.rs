//! The protocol at one Interface and family: what this node says when, and what it makes of what others say. The clock is
//! given, packets go into an outbox and changes into a queue: there is no system call and no lock in it.

use super::budget::Budget;
use super::own::Own;
use super::packet::{
    ANNOUNCEMENT, Announce, Body, Group, HEADER, NodeId, PACKET_MAX, Packet, Refusal, Seal, Span,
};
use super::random::Random;
use super::remote::State;
use super::requests::Requests;
use super::spans::Spans;
use super::timers::Timers;
use super::{Change, INTERVAL, INTERVAL_MAX, INTERVAL_STEP, MEMORY_MAX, NODES_MAX};
use crate::frame::GroupKey;
use crate::frame::seal::{SEAL, SenderKey};
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
/// Nodes that left and are remembered, so that an old packet does not bring them back.
const DEPARTED_MAX: usize = 1024;
/// Bytes that packets have left for records.
const ROOM: usize = PACKET_MAX - HEADER - ANNOUNCEMENT - SEAL;
/// What one node's state may take of the memory for all.
const SHARE: usize = MEMORY_MAX / 4;

/// How a node takes part.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The shortest refresh interval.
    pub interval: Duration,
    /// The priority as designated forwarder; 0: this node forwards nothing.
    pub priority: u8,
    /// Packets are sealed with it, and only such are taken.
    pub key: Option<GroupKey>,
    /// The others' states are wanted. Else this node only says its own.
    pub curious: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { interval: INTERVAL, priority: 0, key: None, curious: true }
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
    settings: Settings,
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
    departed: VecDeque<(NodeId, u64)>,
    memory: usize,
    counts: Counts,
    outbox: VecDeque<Packet>,
    changes: VecDeque<Change>,
    /// So many nodes there are, as a test says that does not let this one hear them.
    #[cfg(test)]
    pub(super) told: usize,
}

/// A packet, and the key of a node that was not known.
type Opened = (Packet, Option<Box<SenderKey>>);

/// Another node.
struct Remote {
    address: IpAddr,
    key: Option<Box<SenderKey>>,
    numbers: Numbers,
    heard: Instant,
    interval: Duration,
    priority: u8,
    state: State,
    requests: Requests,
    probed: bool,
    /// The time of its timer that counts.
    wake: Instant,
}

impl Remote {
    /// Two thirds of its time are over: it is asked whether it is still there.
    fn probe_at(&self) -> Instant {
        self.heard + self.interval * 2
    }

    fn end_at(&self) -> Instant {
        self.heard + self.interval * 3
    }

    fn next(&self, curious: bool) -> Instant {
        let life = if curious && !self.probed { self.probe_at() } else { self.end_at() };
        self.requests.at().map_or(life, |at| at.min(life))
    }
}

/// The packets of one node that were taken: the highest number and the 63 before it.
struct Numbers {
    highest: u64,
    taken: u64,
}

impl Numbers {
    fn take(&mut self, number: u64) -> bool {
        if number > self.highest {
            let by = number - self.highest;
            self.taken = if by < 64 { self.taken << by | 1 } else { 1 };
            self.highest = number;
            return true;
        }
        let bit = 1u64.checked_shl(u32::try_from(self.highest - number).unwrap_or(64)).unwrap_or(0);
        let new = bit != 0 && self.taken & bit == 0;
        self.taken |= bit;
        new
    }
}

impl Link {
    /// A node that sends from `address`. `id` and `seed` are random.
    pub fn new(settings: Settings, id: NodeId, seed: u64, address: IpAddr, now: Instant) -> Link {
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
            departed: VecDeque::new(),
            memory: 0,
            counts: Counts::default(),
            outbox: VecDeque::new(),
            changes: VecDeque::new(),
            #[cfg(test)]
            told: 0,
            settings,
        };
        if link.settings.curious {
            link.ask_all(now);
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
        // Machines that start together do not all ask.
        self.ask_all_at = Some(now + self.random.between(Duration::ZERO, Duration::from_millis(50)));
    }

    /// What this node is in: each pair of name and address once, with a role. Gives how many are too many to be said.
    pub fn set_groups(&mut self, now: Instant, groups: &[Group]) -> usize {
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
        if self.announced > 0 && !self.own.is_empty() {
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

    /// The address of the designated forwarder: of the highest priority, and of those the lowest address; `None` when no
    /// node forwards.
    pub fn forwarder(&self) -> Option<IpAddr> {
        let own = (self.settings.priority, self.address);
        let all = self.remotes.values().map(|remote| (remote.priority, remote.address)).chain([own]);
        let all = all.filter(|(priority, _)| *priority > 0);
        all.min_by_key(|(priority, address)| (u8::MAX - priority, *address)).map(|(_, address)| address)
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
        !self.own.is_empty()
    }

    #[cfg(test)]
    pub(super) fn is_curious(&self) -> bool {
        self.settings.curious
    }

    /// `None`: this node's own packet.
    fn read(&self, from: IpAddr, bytes: &mut [u8]) -> Result<Option<Opened>, Refusal> {
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

    fn refuse(&mut self, from: IpAddr, refusal: Refusal) {
        self.counts.refused += 1;
        static PACE: crate::logging::Pace = crate::logging::Pace::new();
        if PACE.due() {
            log::warn!("a presence packet from {from} is dropped: {refusal}");
        }
    }

    fn take(
        &mut self,
        now: Instant,
        from: IpAddr,
        packet: &Packet,
        length: usize,
        key: Option<Box<SenderKey>>,
    ) {
        if packet.node == self.id {
            return;
        }
        self.budget.heard(now, length);
        match &packet.body {
            Body::Announce(announce) => self.announcement(now, from, packet, announce, key),
            Body::Request { target, gaps } => self.request(now, *target, gaps),
            Body::Bye => {
                let known = self.remotes.get(&packet.node);
                if known.is_some_and(|known| known.address == from && packet.number > known.numbers.highest) {
                    self.remove_as(packet.node, packet.number);
                }
            }
        }
    }

    fn announcement(
        &mut self,
        now: Instant,
        from: IpAddr,
        packet: &Packet,
        announce: &Announce,
        key: Option<Box<SenderKey>>,
    ) {
        let id = packet.node;
        let spread = self.spread();
        let Some(remote) = self.remotes.get_mut(&id) else {
            if self.meet(now, from, packet, key) {
                self.announcement(now, from, packet, announce, None);
            }
            return;
        };
        if remote.address != from {
            return self.refuse(from, Refusal::Forged);
        }
        if !remote.numbers.take(packet.number) {
            return;
        }
        remote.heard = now;
        remote.interval = announce.interval.clamp(Duration::from_millis(100), INTERVAL_MAX);
        remote.priority = announce.priority;
        remote.probed = false;
        if self.settings.curious {
            let changes = &mut self.changes;
            let mut tell = |group, came| changes.push_back(Change { node: id, address: from, group, came });
            let before = remote.state.cost();
            let room = (MEMORY_MAX - self.memory.min(MEMORY_MAX)).min(SHARE - before.min(SHARE));
            let taken = remote.state.take(announce, room, &mut tell);
            self.memory = self.memory - before + remote.state.cost();
            self.counts.left_out += u64::from(taken.full);
            if taken.full || remote.state.is_complete() {
                remote.requests.settle();
            } else {
                remote.requests.miss(now, taken.progress, spread, &mut self.random);
            }
        }
        let next = remote.next(self.settings.curious);
        if next < remote.wake {
            remote.wake = next;
            self.timers.set(next, id);
        }
    }

    /// Makes room for a node that speaks for the first time; false where there is none, or the packet is an old one.
    fn meet(&mut self, now: Instant, from: IpAddr, packet: &Packet, key: Option<Box<SenderKey>>) -> bool {
        let id = packet.node;
        if self.departed.iter().any(|(gone, number)| *gone == id && packet.number <= *number) {
            return false;
        }
        if self.remotes.len() >= NODES_MAX {
            self.counts.left_out += 1;
            return false;
        }
        let remote = Remote {
            address: from,
            key,
            numbers: Numbers { highest: 0, taken: 0 },
            heard: now,
            interval: INTERVAL_MAX,
            priority: 0,
            state: State::default(),
            requests: Requests::default(),
            probed: false,
            wake: now + INTERVAL_MAX * 4,
        };
        self.remotes.insert(id, remote);
        true
    }

    /// Somebody asks this node, another one, or all.
    fn request(&mut self, now: Instant, target: NodeId, gaps: &[Span]) {
        let spread = self.spread();
        if target == NodeId::ALL {
            self.ask_all_at = None;
        } else if target != self.id {
            if let Some(remote) = self.remotes.get_mut(&target) {
                remote.probed |= gaps.is_empty();
                let missing = remote.state.gaps(super::packet::GAPS_MAX);
                let asked =
                    |gap: &Span| gaps.iter().any(|all| all.after <= gap.after && all.last >= gap.last);
                if !gaps.is_empty() && missing.iter().all(asked) {
                    remote.requests.heard(now, spread, &mut self.random);
                }
            }
            return;
        }
        if self.announced == 0 || self.own.is_empty() {
            return;
        }
        let everybody = target == NodeId::ALL;
        let latest = match everybody {
            true => (INTERVAL_STEP * self.nodes() as u32).clamp(ANSWER * 2, INTERVAL_MAX),
            false => ANSWER * 2,
        };
        let at = now + ANSWER + self.random.between(Duration::ZERO, latest);
        // Many who ask everybody are answered once, at the time that the first of them was given.
        let earlier = |known: Option<Instant>| known.map_or(at, |known| known.min(at));
        let small = self.own.bytes() <= ROOM;
        if gaps.is_empty() && !(everybody && small) {
            let soon = self.hello_at.is_some_and(|known| known <= now + ANSWER + latest);
            if !everybody || !soon {
                self.hello_at = Some(earlier(self.hello_at));
            }
            return;
        }
        let whole = [Span::ALL];
        for gap in if gaps.is_empty() { &whole } else { gaps } {
            // What was not yet said comes by itself.
            self.asked.add(Span { last: gap.last.min(self.announced), ..*gap });
        }
        let pending = everybody && self.answer_at.is_some();
        if !self.asked.is_empty() && !pending {
            self.answer_at = Some(earlier(self.answer_at));
        }
    }

    /// Does what is due.
    pub fn due(&mut self, now: Instant) {
        while let Some((at, id)) = self.timers.pop_due(now) {
            if self.remotes.get(&id).is_some_and(|remote| remote.wake == at) {
                self.look_after(now, id);
            }
        }
        let is_due = |at: &mut Option<Instant>| at.take_if(|at| *at <= now).is_some();
        if is_due(&mut self.ask_all_at) {
            self.send(now, Body::Request { target: NodeId::ALL, gaps: Vec::new() });
        }
        if is_due(&mut self.change_at) {
            self.last_change = Some(now);
            self.due = self.own.version();
            if self.own.is_empty() {
                self.leave(now);
            } else {
                self.bye_at = None;
            }
        }
        if is_due(&mut self.bye_at) {
            self.send(now, Body::Bye);
        }
        if is_due(&mut self.answer_at) {
            let asked = std::mem::take(&mut self.asked);
            for gap in asked.pieces() {
                if !self.again.add(*gap) {
                    self.again.add(Span { after: 0, last: self.announced });
                }
            }
        }
        self.say(now);
        if is_due(&mut self.hello_at) {
            self.announce(now, Span { after: self.announced, last: self.announced });
        }
    }

    /// The last group has gone.
    fn leave(&mut self, now: Instant) {
        if self.announced > 0 {
            self.send(now, Body::Bye);
            self.bye_at = Some(now + CONFIRM);
        }
        // Whatever it says next, it says from the beginning.
        (self.announced, self.due) = (0, 0);
        self.again.clear();
        self.asked.clear();
        (self.hello_at, self.answer_at) = (None, None);
    }

    /// Says what is new, then what was asked for, as far as the budget goes.
    fn say(&mut self, now: Instant) {
        let fresh = self.announced < self.due;
        while self.announced < self.due && self.may_send(now) {
            self.announced = self.announce(now, Span { after: self.announced, last: self.due }).last;
        }
        if fresh && self.announced >= self.due {
            self.hello_at = Some(now + self.random.between(CONFIRM, CONFIRM * 3 / 2));
        }
        while self.announced >= self.due && self.may_send(now) {
            let Some(first) = self.again.first() else { break };
            let said = self.announce(now, first);
            self.again.remove_to(said.last);
        }
        let waits = self.announced < self.due || !self.again.is_empty();
        self.say_at = waits.then(|| self.budget.ready(now, self.nodes()));
    }

    /// Announces a part of the own state, or only that this node is there. Returns what the packet covers.
    fn announce(&mut self, now: Instant, span: Span) -> Span {
        let (interval, priority) = (self.interval(), self.settings.priority);
        self.interval = interval;
        let announce = Announce { interval, priority, ..self.own.announce(span, ROOM) };
        let covers = announce.covers;
        self.send(now, Body::Announce(announce));
        self.hello_at = Some(now + self.random.between(interval * 6 / 10, interval * 9 / 10));
        covers
    }

    /// A node's time has come: it is asked for what is missing, asked whether it is there, or forgotten.
    fn look_after(&mut self, now: Instant, id: NodeId) {
        let curious = self.settings.curious;
        let ready = self.budget.ready(now, self.nodes());
        let Some(remote) = self.remotes.get_mut(&id) else { return };
        if now >= remote.end_at() {
            return self.remove(id);
        }
        let mut gaps = None;
        if remote.requests.at().is_some_and(|at| at <= now) {
            if ready > now {
                remote.requests.put_off(ready + self.random.between(Duration::ZERO, BATCH));
            } else {
                remote.requests.sent(now, &mut self.random);
                gaps = Some(remote.state.gaps(super::packet::GAPS_MAX));
            }
        }
        if curious && !remote.probed && now >= remote.probe_at() {
            remote.probed = true;
            gaps.get_or_insert_default();
        }
        remote.wake = remote.next(curious);
        self.timers.set(remote.wake, id);
        if let Some(gaps) = gaps {
            self.send(now, Body::Request { target: id, gaps });
        }
    }

    fn remove(&mut self, id: NodeId) {
        let highest = self.remotes.get(&id).map_or(0, |remote| remote.numbers.highest);
        self.remove_as(id, highest);
    }

    /// Forgets a node, but for the number of its last packet.
    fn remove_as(&mut self, id: NodeId, number: u64) {
        let Some(mut remote) = self.remotes.remove(&id) else { return };
        self.memory -= remote.state.cost();
        let (changes, address) = (&mut self.changes, remote.address);
        remote.state.end(&mut |group, came| changes.push_back(Change { node: id, address, group, came }));
        self.departed.retain(|(gone, _)| *gone != id);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((id, number));
    }

    fn send(&mut self, now: Instant, body: Body) {
        self.number += 1;
        let packet = Packet { node: self.id, number: self.number, body };
        let nodes = self.nodes();
        self.budget.sent(now, packet.length(), nodes);
        self.outbox.push_back(packet);
    }

    fn may_send(&self, now: Instant) -> bool {
        self.budget.ready(now, self.nodes()) <= now
    }

    /// Those that announce, this one among them.
    fn nodes(&self) -> usize {
        let heard = self.remotes.len() + 1;
        #[cfg(test)]
        let heard = heard.max(self.told);
        heard
    }

    /// By this much the traffic of refreshes stays the same for any number of nodes, up to a thousand.
    fn interval(&self) -> Duration {
        let grown = INTERVAL_STEP * self.nodes() as u32;
        let grown = grown.clamp(self.settings.interval.min(INTERVAL_MAX), INTERVAL_MAX);
        // Step by step: who misses one word still waits long enough for the next.
        let step = grown.min(self.interval * 3 / 2);
        Duration::from_millis(step.as_millis() as u64)
    }

    /// The time over which many nodes that want the same spread.
    fn spread(&self) -> Duration {
        Duration::from_millis(self.nodes() as u64).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }
}
