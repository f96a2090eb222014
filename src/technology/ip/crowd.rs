//! The memberships of a shared receiver, by Group Address, and a sieve before them: a small table of the IPv4 groups that
//! are heard from every source. With 10,000 groups in turn the memberships never are in the processor's cache, the sieve is.

use super::{Held, key};
use crate::shards::Shards;
use once_cell::race::OnceBox;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

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

/// The smallest one's places: two kilobytes.
const PLACES: usize = 256;

/// How many addresses have one place: neighbours are mostly joined together.
const BLOCK: u32 = 32;

/// A set of addresses in blocks, found by open addressing. When it gets too full, one of twice the size takes its place;
/// the old ones stay, since a reader may be there, and take no more memory than it.
#[derive(Default)]
struct Sieve {
    sizes: [OnceBox<Box<[AtomicU64]>>; 16],
    /// Which of them it is.
    size: AtomicUsize,
    /// How many blocks.
    count: AtomicUsize,
}

/// A block with none of its addresses, which has no place.
const FREE: u64 = 0;

/// The block of an address with nothing but it: above its number, below a bit for each address.
#[inline]
fn block(address: Ipv4Addr) -> u64 {
    let address = u32::from(address);
    (u64::from(address / BLOCK) << BLOCK) | (1 << (address % BLOCK))
}

#[inline]
fn number(block: u64) -> u32 {
    (block >> BLOCK) as u32
}

impl Sieve {
    fn places(&self) -> Option<&[AtomicU64]> {
        self.sizes.get(self.size.load(Ordering::Acquire))?.get().map(|places| &**places)
    }

    #[inline]
    fn has(&self, address: Ipv4Addr) -> bool {
        let block = block(address);
        self.places().and_then(|places| Some(find(places, block).ok()?.1 & block == block)).unwrap_or(false)
    }

    fn insert(&self, address: Ipv4Addr) {
        let room = |size: usize| (PLACES << size) / 8 * 5;
        let mut size = self.size.load(Ordering::Relaxed);
        if self.count.load(Ordering::Relaxed) >= room(size) {
            size += 1;
        }
        // Without a place it is still in the table.
        let Some(cell) = self.sizes.get(size) else { return };
        let new = || Box::new((0..PLACES << size).map(|_| AtomicU64::new(FREE)).collect());
        let places = cell.get_or_init(new);
        if size > self.size.load(Ordering::Relaxed) {
            for old in self.places().unwrap_or_default() {
                put(places, old.load(Ordering::Relaxed));
            }
            self.size.store(size, Ordering::Release);
        }
        if put(places, block(address)) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn remove(&self, address: Ipv4Addr) {
        let Some(places) = self.places() else { return };
        let gone = block(address);
        let Ok((mut free, there)) = find(places, gone) else { return };
        let left = there & !(gone & u64::from(u32::MAX));
        if left & u64::from(u32::MAX) != 0 {
            places[free].store(left, Ordering::Relaxed);
            return;
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        let last = places.len() - 1;
        let mut at = free;
        // Those behind it that could not stand where they should move up. A reader that misses one meanwhile asks the table.
        loop {
            at = (at + 1) & last;
            let block = places[at].load(Ordering::Relaxed);
            if block == FREE {
                break;
            }
            if at.wrapping_sub(home(places, block)) & last >= at.wrapping_sub(free) & last {
                places[free].store(block, Ordering::Relaxed);
                free = at;
            }
        }
        places[free].store(FREE, Ordering::Relaxed);
    }
}

/// Where a block stands when nothing is in its way. `places` is a power of two.
#[inline]
fn home(places: &[AtomicU64], block: u64) -> usize {
    (number(block).wrapping_mul(0x9e37_79b1) >> 8) as usize & (places.len() - 1)
}

/// The place of a block and what is there of it, or, as the error, the place where it would stand.
#[inline]
fn find(places: &[AtomicU64], block: u64) -> Result<(usize, u64), Option<usize>> {
    let mut at = home(places, block);
    for _ in 0..places.len() {
        match places[at].load(Ordering::Relaxed) {
            FREE => return Err(Some(at)),
            there if number(there) == number(block) => return Ok((at, there)),
            _ => at = (at + 1) & (places.len() - 1),
        }
    }
    Err(None)
}

/// Adds what is in a block; true when there was nothing of it.
fn put(places: &[AtomicU64], block: u64) -> bool {
    let (at, there) = match find(places, block) {
        Ok(found) => found,
        Err(Some(free)) if block != FREE => (free, FREE),
        Err(_) => return false,
    };
    places[at].store(there | block, Ordering::Relaxed);
    there == FREE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Between two addresses: so that a block has few of them.
    const SPREAD: u32 = 11;

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
            // Few addresses, some of them neighbours; the blocks stand in each other's way.
            let address = Ipv4Addr::from(0xef00_0000 + number() % 6_000 * SPREAD);
            if round % 20_000 < 12_000 {
                sieve.insert(address);
                model.insert(address);
            } else {
                sieve.remove(address);
                model.remove(&address);
            }
            assert_eq!(sieve.has(address), model.contains(&address));
        }
        for low in 0..6_000 * SPREAD {
            let address = Ipv4Addr::from(0xef00_0000 + low);
            assert_eq!(sieve.has(address), model.contains(&address), "{address}");
        }
        let blocks: HashSet<_> = model.iter().map(|address| u32::from(*address) / BLOCK).collect();
        assert_eq!(sieve.count.load(Ordering::Relaxed), blocks.len());
        model.iter().for_each(|address| sieve.remove(*address));
        let left =
            sieve.places().unwrap().iter().filter(|place| place.load(Ordering::Relaxed) != FREE).count();
        assert_eq!((sieve.count.load(Ordering::Relaxed), left), (0, 0));
    }

    #[test]
    fn neighbours_share_a_place() {
        let sieve = Sieve::default();
        let address = |low: u32| Ipv4Addr::from(0xef00_0000 + low);
        (0..10_000).for_each(|low| sieve.insert(address(low)));
        assert!((0..10_000).all(|low| sieve.has(address(low))) && !sieve.has(address(10_000)));
        assert_eq!(sieve.count.load(Ordering::Relaxed), 313);
        assert_eq!(sieve.places().unwrap().len(), 512);
    }
}
