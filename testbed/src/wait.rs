//! Waiting for what takes a while, and no longer than that.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// For as long a test waits for what should come at once, on a machine that has much else to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so. Fails, naming `what`, when it is not by the end of [`PATIENCE`].
#[track_caller]
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(5));
    }
}
