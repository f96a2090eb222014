//! A link in one family: its querier and the querier's variables, its PIM routers, its groups.

use super::hosts::HeardGroup;
use super::packet::Query;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// At most this many PIM routers are known on a link in one family.
pub const ROUTERS: usize = 256;

/// The longest interval of a querier that is believed.
const INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// A link in one family.
#[derive(Debug, Default)]
pub(super) struct HeardLink {
    pub groups: HashMap<IpAddr, HeardGroup>,
    /// How much is wanted in all of them.
    pub listeners: usize,
    /// When all times of the link were made shorter last.
    pub tightened: Option<Instant>,
    timing: Timing,
    querier: Option<Querier>,
    routers: BTreeMap<IpAddr, Router>,
}

#[derive(Debug, Clone, Copy)]
struct Querier {
    /// Unspecified: a switch that asks on behalf of nobody (RFC 4541 §2.1.1).
    address: IpAddr,
    until: Instant,
}

/// A PIM router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Router {
    /// Its address.
    pub address: IpAddr,
    /// In the election of the designated router, when it says one.
    pub priority: Option<u32>,
    /// `None`: for ever.
    until: Option<Instant>,
    heard: Instant,
}

/// The querier's variables (RFC 3376 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timing {
    robustness: u32,
    interval: Duration,
    response: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { robustness: 2, interval: Duration::from_secs(125), response: Duration::from_secs(10) }
    }
}

impl HeardLink {
    /// How long a host's word holds (RFC 3376 §8.4).
    pub fn membership(&self) -> Duration {
        self.timing.interval * self.timing.robustness + self.timing.response
    }

    /// The querier's robustness variable.
    pub fn robustness(&self) -> u32 {
        self.timing.robustness
    }

    /// True while somebody asks on this link.
    pub fn is_queried(&self, now: Instant) -> bool {
        self.querier.is_some_and(|q| q.until > now)
    }

    /// The querier's address.
    pub fn querier(&self, now: Instant) -> Option<IpAddr> {
        self.querier.filter(|q| q.until > now && !q.address.is_unspecified()).map(|q| q.address)
    }

    /// Its PIM routers.
    pub fn routers(&self, now: Instant) -> impl Iterator<Item = Router> {
        self.routers.values().filter(move |r| r.is_there(now)).copied()
    }

    /// Takes in a query (RFC 3376 §6.6.2: the lowest address is the querier). True when words hold less long from now on.
    pub fn query(&mut self, now: Instant, from: IpAddr, query: &Query) -> bool {
        let rank = |address: IpAddr| (address.is_unspecified(), address);
        let present = self.querier.filter(|q| q.until > now);
        if present.is_some_and(|q| rank(q.address) < rank(from)) {
            return false;
        }
        let before = self.membership();
        let same = present.is_some_and(|q| q.address == from);
        let base = if same { self.timing } else { Timing::default() };
        let interval = query.interval.unwrap_or(Timing::default().interval).min(INTERVAL_MAX);
        self.timing = Timing {
            robustness: query.robustness.unwrap_or(Timing::default().robustness),
            interval,
            // A query for one group says how long its last members have, which is something else. RFC 3376 §8.3: less
            // than the interval.
            response: if query.group.is_none() { query.response.min(interval) } else { base.response },
        };
        // RFC 3376 §8.5
        let holds = self.timing.interval * self.timing.robustness + self.timing.response / 2;
        self.querier = Some(Querier { address: from, until: now + holds });
        self.membership() < before
    }

    /// Takes in a PIM Hello.
    pub fn hello(&mut self, now: Instant, from: IpAddr, holdtime: Option<Duration>, priority: Option<u32>) {
        self.routers.retain(|_, router| router.is_there(now));
        if holdtime.is_some_and(|t| t.is_zero()) {
            self.routers.remove(&from);
            return;
        }
        if self.routers.len() >= ROUTERS && !self.routers.contains_key(&from) {
            // Those who are there speak again; whoever only said once that it stays for ever keeps none of them out.
            let oldest = self.routers.values().min_by_key(|router| router.heard).map(|router| router.address);
            oldest.and_then(|oldest| self.routers.remove(&oldest));
        }
        let until = holdtime.map(|t| now + t);
        self.routers.insert(from, Router { address: from, priority, until, heard: now });
    }
}

impl Router {
    fn is_there(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}
