//! A clock for those who ask often and need not know exactly.

use std::mem::MaybeUninit;

/// The monotonic clock as of the system's last tick (up to 10 ms ago), in milliseconds.
#[allow(unsafe_code)]
pub fn milliseconds() -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: there is room for the time, for which all zeros are a value.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, time.as_mut_ptr());
        time.assume_init()
    };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn it_goes_as_the_exact_one() {
        // This thread may have to wait between two looks at the clocks.
        let look = || (Instant::now(), milliseconds(), Instant::now());
        let begun = look();
        std::thread::sleep(Duration::from_millis(100));
        let ended = look();
        let least = ended.0.duration_since(begun.2).as_millis() as u64;
        let most = ended.2.duration_since(begun.0).as_millis() as u64;
        let coarse = ended.1 - begun.1;
        assert!(begun.1 > 0 && coarse + 11 >= least && coarse <= most + 11, "{coarse} ms, {least} to {most}");
    }
}
