//! Whether it pays to read busily before a sleep.

use std::sync::atomic::{AtomicU32, Ordering};

/// What came of it lately.
#[derive(Default)]
pub(super) struct Hunch {
    /// How many times in a row it found nothing.
    misses: AtomicU32,
    /// How many calls more sleep at once.
    rest: AtomicU32,
}

impl Hunch {
    /// More misses make no longer a rest: this many, of 1,023 calls.
    const MOST: u32 = 11;

    // Two threads may count one call as one: it is a guess.

    /// Asked before each sleep.
    pub fn is_good(&self) -> bool {
        let rest = self.rest.load(Ordering::Relaxed);
        if rest > 0 {
            self.rest.store(rest - 1, Ordering::Relaxed);
        }
        rest == 0
    }

    /// One miss is none: the first message of several may be late, and the others come close behind it.
    pub fn learn(&self, found: bool) {
        let misses = self.misses.load(Ordering::Relaxed);
        let misses = if found { misses / 2 } else { (misses + 1).min(Hunch::MOST) };
        self.misses.store(misses, Ordering::Relaxed);
        self.rest.store((1 << misses.saturating_sub(1)) - 1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of so many sleeps, before how many it reads busily when that finds messages or not.
    fn tries(hunch: &Hunch, sleeps: u32, mut finds: impl FnMut(u32) -> bool) -> u32 {
        (0..sleeps)
            .filter(|&nth| {
                let tries = hunch.is_good();
                if tries {
                    hunch.learn(finds(nth));
                }
                tries
            })
            .count() as u32
    }

    #[test]
    fn a_hunch_lasts_while_it_is_right() {
        let hunch = Hunch::default();
        assert_eq!(tries(&hunch, 1000, |_| true), 1000);
        // Of four answers the first one takes long.
        assert_eq!(tries(&hunch, 1000, |nth| nth % 4 != 0), 1000);
    }

    #[test]
    fn who_finds_nothing_seldom_tries() {
        let hunch = Hunch::default();
        assert_eq!(tries(&hunch, 100_000, |_| false), 11 + (100_000 - 1013 - 11) / 1024);
        // But then it notices that messages come again.
        let mut rest = 0;
        while !hunch.is_good() {
            rest += 1;
        }
        assert!(rest < 1024);
        hunch.learn(true);
        assert!(tries(&hunch, 1000, |_| true) > 900);
    }
}
