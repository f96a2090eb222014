//! A map that is read without a lock and changed one small part at a time: what sends and receives look up in, while
//! joins change it. Changes are made under the control lock (see `control`); readers never wait.

use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// Each entry with the hash of its key, so that a search looks only at entries that it is for.
type List<T> = Vec<(u64, T)>;

/// Lists, each replaced whole when one of its entries changes; with enough of them, each is short.
pub struct Shards<T> {
    lists: Box<[ArcSwapOption<List<T>>]>,
}

impl<T: Clone> Shards<T> {
    /// An empty map of so many lists.
    pub fn new(lists: usize) -> Shards<T> {
        Shards { lists: (0..lists).map(|_| ArcSwapOption::const_empty()).collect() }
    }

    /// What `pick` makes of the first entry under `key` for which it makes something.
    #[inline]
    pub fn find<R>(&self, key: &[u8], mut pick: impl FnMut(&T) -> Option<R>) -> Option<R> {
        let hash = hash(key);
        let list = self.list(hash).load();
        list.as_ref()?.iter().filter(|(h, _)| *h == hash).find_map(|(_, entry)| pick(entry))
    }

    /// Adds an entry under `key`. Not to be called from two threads at a time.
    pub fn insert(&self, key: &[u8], entry: T) {
        let hash = hash(key);
        let cell = self.list(hash);
        let mut list = cell.load().as_ref().map_or_else(Vec::new, |list| Vec::clone(list));
        list.push((hash, entry));
        cell.store(Some(Arc::new(list)));
    }

    /// Takes out the entries under `key` that are not to be kept. Not to be called from two threads at a time.
    pub fn retain(&self, key: &[u8], keep: impl Fn(&T) -> bool) {
        let hash = hash(key);
        let cell = self.list(hash);
        let Some(old) = cell.load_full() else { return };
        let list: List<T> = old.iter().filter(|(h, entry)| *h != hash || keep(entry)).cloned().collect();
        cell.store((!list.is_empty()).then(|| Arc::new(list)));
    }

    /// Empties the map.
    pub fn clear(&self) {
        self.lists.iter().filter(|cell| cell.load().is_some()).for_each(|cell| cell.store(None));
    }

    fn list(&self, hash: u64) -> &ArcSwapOption<List<T>> {
        &self.lists[hash as usize % self.lists.len()]
    }
}

/// Eight bytes at a time, each round a multiplication folded onto itself. The keys are names and addresses that the
/// application itself chose, so nobody else can make them collide.
#[inline]
fn hash(key: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |h: u64, word: u64| {
        let product = u128::from(h ^ word) * u128::from(K);
        (product >> 64) as u64 ^ product as u64
    };
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let words = key.chunks_exact(8);
    let rest = word(words.remainder());
    mix(mix(words.fold(key.len() as u64 ^ K, |h, bytes| mix(h, word(bytes))), rest), K)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_entries_are_found_and_taken_out_again() {
        let map = Shards::new(1024);
        for i in 0..10_000u32 {
            map.insert(&i.to_be_bytes(), i);
        }
        let get = |i: u32| map.find(&i.to_be_bytes(), |e| (*e == i).then_some(*e));
        assert!((0..10_000).all(|i| get(i) == Some(i)));
        assert_eq!(get(10_000), None);
        (0..10_000u32).step_by(2).for_each(|i| map.retain(&i.to_be_bytes(), |e| *e != i));
        assert!((0..10_000).all(|i| get(i).is_some() == (i % 2 == 1)));
        let largest = map.lists.iter().map(|l| l.load().as_ref().map_or(0, |l| l.len())).max();
        assert!(largest < Some(40), "{largest:?}");
        map.clear();
        assert_eq!(get(1), None);
    }
}
