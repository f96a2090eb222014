//! When a node is asked for what is missing of its state: after a moment in which somebody else may ask, or it may come by
//! itself, and again after ever longer times.

use super::random::Random;
use std::time::{Duration, Instant};

/// The least time before a request.
const EARLIEST: Duration = Duration::from_millis(10);
/// While something of the node comes, a request waits for the rest.
const PAUSE: Duration = Duration::from_millis(100);
/// But not longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// After somebody asked.
const ANSWER: Duration = Duration::from_millis(200);
/// Before the second request; doubled for each one more, up to 8 s.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub struct Requests {
    at: Option<Instant>,
    since: Option<Instant>,
    attempts: u32,
}

impl Requests {
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Nothing is missing, or there is no room for it.
    pub fn settle(&mut self) {
        *self = Requests::default();
    }

    /// Something is missing. `spread`: the time over which those who miss the same ask.
    pub fn miss(&mut self, now: Instant, progress: bool, spread: Duration, random: &mut Random) {
        let since = *self.since.get_or_insert(now);
        if progress {
            self.attempts = 0;
            let patience = (since + PATIENCE).max(now);
            self.at = Some((now + random.between(PAUSE, PAUSE + spread)).min(patience));
        } else if self.at.is_none() {
            self.at = Some(now + random.between(EARLIEST, EARLIEST + spread));
        }
    }

    /// Somebody else asks for the same.
    pub fn heard(&mut self, now: Instant, spread: Duration, random: &mut Random) {
        if let Some(at) = self.at {
            self.at = Some(at.max(now + random.between(ANSWER, ANSWER + spread)));
            self.since = Some(now);
        }
    }

    /// It is asked for now.
    pub fn sent(&mut self, now: Instant, random: &mut Random) {
        let wait = AGAIN * (1 << self.attempts.min(4));
        self.attempts += 1;
        self.since = Some(now);
        self.at = Some(now + random.between(wait, wait + wait / 2));
    }

    /// It cannot be asked for before `at`.
    pub fn put_off(&mut self, at: Instant) {
        self.at = Some(at);
    }
}
