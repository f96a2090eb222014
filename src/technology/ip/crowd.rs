//! The memberships of a shared receiver, by Group Address, and a sieve before them: a small table of the IPv4 groups that
//! are heard from every source. With 10,000 groups in turn the memberships never are in the processor's cache, the sieve is.

use super::{Held, key};
use crate::shards::Shards;
use once_cell::race::OnceBox;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Lists in the table: with 10,000 groups most hold one or two.
const LISTS: usize = 8192;

/// What a shared receiver's groups are. Changed under the control lock; readers never wait.
pub struct Crowd {
    held: Shards<Held>,
    sieve: Sieve,
    /// There is or was a source-specific one.
    by_source: AtomicBool,
}

impl Crowd {
    /// Nothing.
    pub(super) fn new() -> Crowd {
        Crowd { held: Shards::new(LISTS), sieve: Sieve::default(), by_source: AtomicBool::new(false) }
    }

    /// Adds a membership. Not to be called from two threads at a time.
    pub fn insert(&self, held: Held) {
        let group = held.membership.group;
        if let (IpAddr::V4(v4), true) = (group, held.is_for_all()) {
            self.sieve.insert(v4);
        }
        if held.membership.source.is_some() {
            self.by_source.store(true, Ordering::Release);
        }
        self.held.insert(&key(group), held);
    }

    /// Takes out the memberships of a group that are not to be kept. Not to be called from two threads at a time.
    pub fn retain(&self, group: IpAddr, keep: impl Fn(&Held) -> bool) {
        self.held.retain(&key(group), keep);
        let stays = |held: &Held| (held.membership.group == group && held.is_for_all()).then_some(());
        if let (IpAddr::V4(v4), None) = (group, self.held.find(&key(group), stays)) {
            self.sieve.remove(v4);
        }
    }

    /// Whether the source of a message tells for which membership it is.
    #[inline]
    pub(super) fn asks_source(&self) -> bool {
        self.by_source.load(Ordering::Acquire)
    }

    /// What `pick` makes of the first membership of this group for which it makes something.
    #[inline]
    pub(super) fn find<R>(&self, group: IpAddr, pick: impl FnMut(&Held) -> Option<R>) -> Option<R> {
        self.held.find(&key(group), pick)
    }

    /// True only when the group is heard from every source. False says nothing.
    #[inline]
    pub(super) fn surely_hears(&self, group: IpAddr) -> bool {
        matches!(group, IpAddr::V4(v4) if self.sieve.has(v4))
    }
}

impl Held {
    /// True when every message to the Group Address is one for the application.
    fn is_for_all(&self) -> bool {
        self.membership.source.is_none() && self.decoding.is_none()
    }
}

/// The smallest one's places: a kilobyte.
const PLACES: usize = 256;

/// A set of addresses, found by open addressing. When it gets too full, one of twice the size takes its place; the old
/// ones stay, since a reader may be there, and take no more memory than it.
#[derive(Default)]
struct Sieve {
    sizes: [OnceBox<Box<[AtomicU32]>>; 16],
    /// Which of them it is.
    size: AtomicUsize,
    count: AtomicUsize,
}

/// No multicast address.
const FREE: u32 = 0;

impl Sieve {
    fn places(&self) -> Option<&[AtomicU32]> {
        self.sizes.get(self.size.load(Ordering::Acquire))?.get().map(|places| &**places)
    }

    #[inline]
    fn has(&self, address: Ipv4Addr) -> bool {
        self.places().is_some_and(|places| find(places, address.into()).is_ok())
    }

    fn insert(&self, address: Ipv4Addr) {
        let room = |size: usize| (PLACES << size) / 8 * 5;
        let mut size = self.size.load(Ordering::Relaxed);
        if self.count.load(Ordering::Relaxed) >= room(size) {
            size += 1;
        }
        // Without a place it is still in the table.
        let Some(cell) = self.sizes.get(size) else { return };
        let new = || Box::new((0..PLACES << size).map(|_| AtomicU32::new(FREE)).collect());
        let places = cell.get_or_init(new);
        if size > self.size.load(Ordering::Relaxed) {
            for old in self.places().unwrap_or_default() {
                put(places, old.load(Ordering::Relaxed));
            }
            self.size.store(size, Ordering::Release);
        }
        if put(places, address.into()) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn remove(&self, address: Ipv4Addr) {
        let Some(places) = self.places() else { return };
        let Ok(mut free) = find(places, address.into()) else { return };
        self.count.fetch_sub(1, Ordering::Relaxed);
        let last = places.len() - 1;
        let mut at = free;
        // Those behind it that could not stand where they should move up. A reader that misses one meanwhile asks the table.
        loop {
            at = (at + 1) & last;
            let address = places[at].load(Ordering::Relaxed);
            if address == FREE {
                break;
            }
            if at.wrapping_sub(home(places, address)) & last >= at.wrapping_sub(free) & last {
                places[free].store(address, Ordering::Relaxed);
                free = at;
            }
        }
        places[free].store(FREE, Ordering::Relaxed);
    }
}

/// Where an address stands when nothing is in its way. `places` is a power of two.
#[inline]
fn home(places: &[AtomicU32], address: u32) -> usize {
    (address.wrapping_mul(0x9e37_79b1) >> 8) as usize & (places.len() - 1)
}

/// The place of an address, or, as the error, the one where it would stand.
#[inline]
fn find(places: &[AtomicU32], address: u32) -> Result<usize, Option<usize>> {
    let mut at = home(places, address);
    for _ in 0..places.len() {
        match places[at].load(Ordering::Relaxed) {
            there if there == address => return Ok(at),
            FREE => return Err(Some(at)),
            _ => at = (at + 1) & (places.len() - 1),
        }
    }
    Err(None)
}

/// True when it was not there.
fn put(places: &[AtomicU32], address: u32) -> bool {
    match find(places, address) {
        Err(Some(free)) if address != FREE => {
            places[free].store(address, Ordering::Relaxed);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Numbers without order, the same ones every time.
    fn numbers() -> impl FnMut() -> u32 {
        let mut state = 1u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        }
    }

    #[test]
    fn a_sieve_is_a_set() {
        let (sieve, mut model, mut number) = (Sieve::default(), HashSet::new(), numbers());
        for round in 0..60_000 {
            // Few addresses, many of them one behind the other, so that they stand in each other's way.
            let address = Ipv4Addr::from(0xef00_0000 | (number() % 6_000));
            if round % 20_000 < 12_000 {
                sieve.insert(address);
                model.insert(address);
            } else {
                sieve.remove(address);
                model.remove(&address);
            }
            assert_eq!(sieve.has(address), model.contains(&address));
        }
        for low in 0..6_000 {
            let address = Ipv4Addr::from(0xef00_0000 | low);
            assert_eq!(sieve.has(address), model.contains(&address), "{address}");
        }
        assert_eq!(sieve.count.load(Ordering::Relaxed), model.len());
    }

    #[test]
    fn no_address_is_none() {
        let sieve = Sieve::default();
        sieve.insert(Ipv4Addr::UNSPECIFIED);
        assert_eq!(sieve.count.load(Ordering::Relaxed), 0);
        sieve.remove(Ipv4Addr::UNSPECIFIED);
        sieve.insert(Ipv4Addr::new(239, 0, 0, 1));
        assert!(sieve.has(Ipv4Addr::new(239, 0, 0, 1)) && !sieve.has(Ipv4Addr::new(239, 0, 0, 2)));
    }
}
