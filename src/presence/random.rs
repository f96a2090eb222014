//! Jitter. Nothing secret comes from here.

use std::time::Duration;

/// xorshift64*.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// A time from `low` to `high`.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let part = (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32;
        low + high.saturating_sub(low).mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}
