//! What a Link says, and when.

use super::*;

impl Link {
    /// Does what is due.
    pub fn due(&mut self, now: Instant) {
        self.make_up_for_a_pause(now);
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
            if self.is_silent() {
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

    pub(super) fn send(&mut self, now: Instant, body: Body) {
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
    pub(super) fn nodes(&self) -> usize {
        let heard = self.remotes.len() + 1;
        #[cfg(test)]
        let heard = heard.max(self.told);
        heard
    }

    /// By this much the traffic of refreshes stays the same for any number of nodes, up to a thousand.
    pub(super) fn grown_interval(&self) -> Duration {
        let grown = INTERVAL_STEP * self.nodes() as u32;
        grown.clamp(self.settings.interval.min(INTERVAL_MAX), INTERVAL_MAX)
    }

    /// Step by step: who misses one word still waits long enough for the next.
    fn interval(&self) -> Duration {
        let step = self.grown_interval().min(self.interval * 3 / 2);
        Duration::from_millis(step.as_millis() as u64)
    }

    /// The time over which many nodes that want the same spread.
    pub(super) fn spread(&self) -> Duration {
        Duration::from_millis(self.nodes() as u64).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }
}
