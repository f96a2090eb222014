//! How much a node may send. While the link is quiet one node may use a quarter of what all of them together may; on a
//! busy one each has its share. Refreshes are never held back: their interval grows with the number of nodes.

use std::time::{Duration, Instant};

/// Bytes in a second for all nodes of a link together.
const TOTAL: f64 = 524_288.0;
/// Bytes in a second for one node while the link is quiet.
const NODE: f64 = TOTAL / 4.0;
/// Bytes in a second for one node, however many there are.
const LEAST: f64 = 2048.0;
/// Bytes that one node may send at once.
const BURST: f64 = 16_384.0;
/// Headers of IP and UDP.
const HEADERS: usize = 48;

pub struct Budget {
    tokens: f64,
    at: Instant,
    /// Bytes in about the last second, of all nodes.
    load: f64,
    load_at: Instant,
}

impl Budget {
    pub fn new(now: Instant) -> Budget {
        Budget { tokens: BURST, at: now, load: 0.0, load_at: now }
    }

    /// Notes a packet of another node.
    pub fn heard(&mut self, now: Instant, bytes: usize) {
        self.load = self.load_at(now) + (bytes + HEADERS) as f64;
        self.load_at = now;
    }

    /// Notes a packet of this node. What is too much is paid back before [`Budget::ready`].
    pub fn sent(&mut self, now: Instant, bytes: usize, nodes: usize) {
        self.tokens = self.tokens_at(now, nodes) - (bytes + HEADERS) as f64;
        self.at = now;
        self.heard(now, bytes);
    }

    /// When the next packet may go.
    pub fn ready(&self, now: Instant, nodes: usize) -> Instant {
        let missing = -self.tokens_at(now, nodes);
        if missing <= 0.0 {
            return now;
        }
        // Not a hair too early, or the caller would come back at once.
        now + Duration::from_secs_f64(missing / self.rate(now, nodes)) + Duration::from_micros(50)
    }

    fn rate(&self, now: Instant, nodes: usize) -> f64 {
        if self.load_at(now) < TOTAL / 2.0 { NODE } else { (TOTAL / nodes.max(1) as f64).clamp(LEAST, NODE) }
    }

    fn tokens_at(&self, now: Instant, nodes: usize) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + passed * self.rate(now, nodes)).min(BURST)
    }

    fn load_at(&self, now: Instant) -> f64 {
        // e to the power of -passed, nearly; exp() would ask programs that link statically for libm.
        let passed = now.saturating_duration_since(self.load_at).as_secs_f64();
        let fourth = |x: f64| (x * x) * (x * x);
        self.load / fourth(fourth(1.0 + passed / 16.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that a node sends in ten seconds, after the first ones, when it always wants to, while others send `others` bytes in a second.
    fn sent(others: usize, nodes: usize) -> usize {
        let begin = Instant::now();
        let mut budget = Budget::new(begin);
        let mut sent = 0;
        for ms in 0..13_000 {
            let now = begin + Duration::from_millis(ms);
            budget.heard(now, others / 1000);
            while budget.ready(now, nodes) <= now {
                budget.sent(now, 1000, nodes);
                sent += if ms < 3000 { 0 } else { 1000 };
            }
        }
        sent
    }

    #[test]
    fn a_quiet_link_gives_a_quarter_and_a_busy_one_a_share() {
        let quiet = sent(1000, 1000);
        assert!((1_000_000..1_400_000).contains(&quiet), "{quiet}");
        let busy = sent(600_000, 100);
        assert!((30_000..80_000).contains(&busy), "{busy}");
        let crowded = sent(600_000, 100_000);
        assert!((15_000..25_000).contains(&crowded), "{crowded}");
    }
}
