//! Which sequence numbers of one sender were delivered: the highest one and the 4095 before it are known. What is
//! older counts as delivered, since nobody knows any more.

/// Numbers in the window.
pub const WINDOW: u64 = 4096;
const WORDS: usize = WINDOW as usize / 64;

/// Nothing but two numbers as long as the messages come in their order.
pub struct Window {
    /// Delivered, as all are from here to `highest`, while there is no bitmap.
    lowest: u64,
    /// 0 before the first.
    highest: u64,
    delivered: Option<Box<[u64; WORDS]>>,
}

impl Window {
    pub fn new() -> Window {
        Window { lowest: 0, highest: 0, delivered: None }
    }

    /// Whether `sequence`, which is not 0, can still be delivered.
    #[inline]
    pub fn is_new(&self, sequence: u64) -> bool {
        if sequence > self.highest {
            return true;
        }
        if self.highest - sequence >= WINDOW {
            return false;
        }
        match &self.delivered {
            None => sequence < self.lowest,
            Some(bits) => bits[word(sequence)] & bit(sequence) == 0,
        }
    }

    /// Notes that `sequence`, which is new, is delivered.
    #[inline]
    pub fn deliver(&mut self, sequence: u64) {
        let next = sequence.wrapping_sub(1) == self.highest;
        if next && self.delivered.is_none() {
            if self.highest == 0 {
                self.lowest = sequence;
            }
            self.highest = sequence;
        } else {
            self.deliver_any(sequence);
        }
    }

    fn deliver_any(&mut self, sequence: u64) {
        if sequence > self.highest && (self.highest == 0 || sequence - self.highest >= WINDOW) {
            *self = Window { lowest: sequence, highest: sequence, delivered: None };
            return;
        }
        let (lowest, highest) = (self.lowest, self.highest);
        let bits = self.delivered.get_or_insert_with(|| {
            let mut bits = Box::new([0; WORDS]);
            for one in lowest.max(highest.saturating_sub(WINDOW - 1))..=highest {
                bits[word(one)] |= bit(one);
            }
            bits
        });
        for skipped in highest..sequence {
            // Its place was that of a number which is now too old.
            let skipped = skipped + 1;
            bits[word(skipped)] &= !bit(skipped);
        }
        bits[word(sequence)] |= bit(sequence);
        self.highest = highest.max(sequence);
    }
}

fn word(sequence: u64) -> usize {
    (sequence / 64) as usize % WORDS
}

fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}
