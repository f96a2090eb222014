//! What a Link makes of what others say, and of what they do not say.

use super::*;

impl Link {
    pub(super) fn take(
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
            return self.refuse(from, PacketRefusal::Forged);
        }
        if !remote.numbers.take(packet.number) {
            return;
        }
        remote.heard = now;
        remote.interval = announce.interval.clamp(Duration::from_millis(100), INTERVAL_MAX);
        self.roster_changed |= remote.priority != announce.priority;
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
        self.roster_changed = true;
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
                let missing = remote.state.gaps(GAPS_MAX);
                let asked =
                    |gap: &Span| gaps.iter().any(|all| all.after <= gap.after && all.last >= gap.last);
                if !gaps.is_empty() && missing.iter().all(asked) {
                    remote.requests.heard(now, spread, &mut self.random);
                }
            }
            return;
        }
        // Its first announcement comes by itself.
        if self.is_silent() || (self.announced == 0 && !self.own.is_empty()) {
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
        let small = self.announced > 0 && self.own.bytes() <= ROOM;
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

    /// While this process was stopped or starved, it heard nobody: what they said may wait to be read, or is lost.
    pub(super) fn make_up_for_a_pause(&mut self, now: Instant) {
        let late = self.timers.next().map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        if late >= PAUSE {
            for remote in self.remotes.values_mut() {
                remote.heard = now.min(remote.heard + late + remote.interval);
                remote.probed = false;
            }
        }
    }

    /// A node's time has come: it is asked for what is missing, asked whether it is there, or forgotten.
    pub(super) fn look_after(&mut self, now: Instant, id: NodeId) {
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
                gaps = Some(remote.state.gaps(GAPS_MAX));
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

    pub(super) fn remove(&mut self, id: NodeId) {
        let highest = self.remotes.get(&id).map_or(0, |remote| remote.numbers.highest);
        self.remove_as(id, highest);
    }

    /// Forgets a node, but for the number of its last packet.
    fn remove_as(&mut self, id: NodeId, number: u64) {
        let Some(mut remote) = self.remotes.remove(&id) else { return };
        self.roster_changed = true;
        self.memory -= remote.state.cost();
        let (changes, address) = (&mut self.changes, remote.address);
        remote.state.end(&mut |group, came| changes.push_back(Change { node: id, address, group, came }));
        self.departed.retain(|(gone, _)| *gone != id);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((id, number));
    }
}
