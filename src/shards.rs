//! A map that is read without a lock and changed one small part at a time: what sends and receives look up in, while
//! joins change it. Changes are made under the control lock (see `socket`); readers never wait.

use arc_swap::ArcSwapOption;
use std::sync::Arc;

const SHARDS: usize = 256;

/// 256 lists, each replaced whole when one of its entries changes: with 10,000 entries a change copies about 40.
pub struct Shards<T> {
    lists: Box<[ArcSwapOption<Vec<Arc<T>>>]>,
}

impl<T> Shards<T> {
    /// An empty map.
    pub fn new() -> Shards<T> {
        Shards {
            lists: (0..SHARDS).map(|_| ArcSwapOption::const_empty()).collect(),
        }
    }

    /// What `pick` makes of the first entry under `key` for which it makes something.
    #[inline]
    pub fn find<R>(&self, key: &[u8], pick: impl FnMut(&Arc<T>) -> Option<R>) -> Option<R> {
        let list = self.lists[shard(key)].load();
        list.as_ref()?.iter().find_map(pick)
    }

    /// Adds an entry under `key`. Not to be called from two threads at a time.
    pub fn insert(&self, key: &[u8], entry: Arc<T>) {
        let cell = &self.lists[shard(key)];
        let mut list = cell
            .load()
            .as_ref()
            .map_or_else(Vec::new, |list| Vec::clone(list));
        list.push(entry);
        cell.store(Some(Arc::new(list)));
    }

    /// Takes out the entries under `key` that are not to be kept. Not to be called from two threads at a time.
    pub fn retain(&self, key: &[u8], keep: impl Fn(&T) -> bool) {
        let cell = &self.lists[shard(key)];
        let Some(old) = cell.load_full() else { return };
        let list: Vec<_> = old.iter().filter(|entry| keep(entry)).cloned().collect();
        cell.store((!list.is_empty()).then(|| Arc::new(list)));
    }

    /// Empties the map.
    pub fn clear(&self) {
        self.lists.iter().for_each(|cell| cell.store(None));
    }
}

/// FNV-1a, folded: the keys are names and addresses that the application itself chose.
fn shard(key: &[u8]) -> usize {
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    });
    ((hash >> 32) ^ (hash >> 16) ^ hash) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_entries_are_found_and_taken_out_again() {
        let map = Shards::new();
        for i in 0..10_000u32 {
            map.insert(&i.to_be_bytes(), Arc::new(i));
        }
        let get = |i: u32| map.find(&i.to_be_bytes(), |e| (**e == i).then_some(**e));
        assert!((0..10_000).all(|i| get(i) == Some(i)));
        assert_eq!(get(10_000), None);
        (0..10_000u32)
            .step_by(2)
            .for_each(|i| map.retain(&i.to_be_bytes(), |e| *e != i));
        assert!((0..10_000).all(|i| get(i).is_some() == (i % 2 == 1)));
        let largest = map
            .lists
            .iter()
            .map(|l| l.load().as_ref().map_or(0, |l| l.len()))
            .max();
        assert!(largest < Some(60), "{largest:?}");
        map.clear();
        assert_eq!(get(1), None);
    }
}
