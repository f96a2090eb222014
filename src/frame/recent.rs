//! A table in the order of last use: what was not used for the longest time is at hand to be forgotten.

/// No slot.
const NONE: u32 = u32::MAX;
/// Slots for which an empty table keeps the memory.
const KEPT: usize = 4;

pub struct Recent<T> {
    slots: Vec<Slot<T>>,
    /// Free slots, chained by `older`.
    free: u32,
    newest: u32,
    oldest: u32,
    len: usize,
}

struct Slot<T> {
    value: Option<T>,
    newer: u32,
    older: u32,
}

impl<T> Recent<T> {
    pub const fn new() -> Recent<T> {
        Recent { slots: Vec::new(), free: NONE, newest: NONE, oldest: NONE, len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn get(&self, slot: u32) -> Option<&T> {
        self.slots.get(slot as usize)?.value.as_ref()
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.slots.get_mut(slot as usize)?.value.as_mut()
    }

    /// Adds an entry as the newest. Its slot stays the same until it is removed.
    pub fn insert(&mut self, value: T) -> u32 {
        let new = Slot { value: Some(value), newer: NONE, older: NONE };
        let slot = self.free;
        let slot = match self.slots.get_mut(slot as usize) {
            Some(place) => {
                self.free = place.older;
                *place = new;
                slot
            }
            None => {
                self.slots.push(new);
                self.slots.len() as u32 - 1
            }
        };
        self.len += 1;
        self.push(slot);
        slot
    }

    /// Makes an entry the newest.
    #[inline]
    pub fn touch(&mut self, slot: u32) {
        if slot != self.newest && self.get(slot).is_some() {
            self.unlink(slot);
            self.push(slot);
        }
    }

    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    /// The entry that was not touched for the longest time.
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub fn remove(&mut self, slot: u32) -> Option<T> {
        let value = self.slots.get_mut(slot as usize)?.value.take()?;
        self.unlink(slot);
        self.len -= 1;
        if self.len == 0 {
            self.slots.clear();
            self.free = NONE;
            // What a flood once needed is not kept.
            self.slots.shrink_to(KEPT);
        } else if let Some(place) = self.slots.get_mut(slot as usize) {
            place.older = self.free;
            self.free = slot;
        }
        Some(value)
    }

    fn push(&mut self, slot: u32) {
        let older = self.newest;
        if let Some(place) = self.slots.get_mut(slot as usize) {
            (place.newer, place.older) = (NONE, older);
        }
        match self.slots.get_mut(older as usize) {
            Some(place) => place.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some(place) = self.slots.get(slot as usize) else { return };
        let (newer, older) = (place.newer, place.older);
        match self.slots.get_mut(newer as usize) {
            Some(place) => place.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(place) => place.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(table: &Recent<u32>) -> Vec<u32> {
        let mut order = Vec::new();
        let mut at = table.oldest;
        while let Some(slot) = table.slots.get(at as usize) {
            order.extend(slot.value);
            at = slot.newer;
        }
        order
    }

    #[test]
    fn the_order_is_that_of_last_use() {
        let mut table = Recent::new();
        let slots: Vec<u32> = (0..4).map(|value| table.insert(value)).collect();
        assert_eq!(order(&table), [0, 1, 2, 3]);
        table.touch(slots[0]);
        table.touch(slots[2]);
        table.touch(slots[2]);
        assert_eq!(order(&table), [1, 3, 0, 2]);
        assert_eq!(table.remove(slots[0]), Some(0));
        assert_eq!(table.remove(slots[0]), None);
        assert_eq!(table.oldest(), Some(slots[1]));
        assert_eq!(table.remove(slots[1]), Some(1));
        assert_eq!(order(&table), [3, 2]);
        // Slots are used again, the one that was freed last first.
        assert_eq!(table.insert(4), slots[1]);
        assert_eq!(table.insert(5), slots[0]);
        assert_eq!(table.insert(6), 4);
        assert_eq!(order(&table), [3, 2, 4, 5, 6]);
        table.touch(99);
        assert_eq!(table.get(99), None);
        for slot in 0..5 {
            assert_eq!(table.len(), 5 - slot as usize);
            assert!(table.remove(slot).is_some());
        }
        assert_eq!((table.oldest(), table.slots.capacity()), (None, KEPT));
        assert_eq!(table.insert(7), 0);
    }
}
