//! What the tests that mutate input for a bounded time have in common.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Random numbers that can be had again by their seed (xorshift64*).
pub struct Random(u64);

impl Random {
    /// A number from 0 to below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }
}

/// A run of `HAM_FUZZ_SECONDS`, else 3.
pub struct Run {
    /// As asked for.
    pub seconds: u64,
    /// When it is over.
    pub end: Instant,
    /// To be told when something is found.
    pub seed: u64,
}

impl Run {
    /// With a seed of the clock's.
    pub fn begin() -> (Run, Random) {
        let setting = std::env::var("HAM_FUZZ_SECONDS").ok();
        let seconds = setting.map_or(3, |text| text.parse().expect("HAM_FUZZ_SECONDS is a number"));
        let end = Instant::now() + Duration::from_secs(seconds);
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
        (Run { seconds, end, seed }, Random(seed))
    }
}
