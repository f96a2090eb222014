//! The log: lines on standard error, off until a level is set, at a bounded rate.

use once_cell::race::{OnceBool, OnceBox};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Lines in any one second; what is above is counted and told with the next line that passes.
const PER_SECOND: u32 = 50;

struct StderrLog {
    second: AtomicU64,
    lines: AtomicU32,
    left_out: AtomicU32,
}

static LOG: StderrLog =
    StderrLog { second: AtomicU64::new(0), lines: AtomicU32::new(0), left_out: AtomicU32::new(0) };
static OURS: OnceBool = OnceBool::new();
/// What each line begins with.
static NAME: OnceBox<&str> = OnceBox::new();

/// Sets what is logged, and the name of the library that the lines begin with. A program that has set its own logger with the `log` crate keeps it, and its level.
pub fn set_level(library: &'static str, level: log::LevelFilter) {
    NAME.get_or_init(|| Box::new(library));
    if OURS.get_or_init(|| log::set_logger(&LOG).is_ok()) {
        log::set_max_level(level);
    }
}

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_millis() as u64)
}

impl log::Log for StderrLog {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let second = now_ms() / 1000;
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
        }
        if self.lines.fetch_add(1, Ordering::Relaxed) >= PER_SECOND {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = match self.left_out.swap(0, Ordering::Relaxed) {
            0 => String::new(),
            n => format!(" ({n} lines before this one left out)"),
        };
        // One write, so that lines of several threads and processes stay whole.
        let level = record.level().as_str().to_ascii_lowercase();
        let name = NAME.get().copied().unwrap_or_default();
        let line = format!("{name}: {level}: {}{left_out}\n", record.args());
        crate::write_error(line.as_bytes());
    }

    fn flush(&self) {}
}

/// Lets one of many alike log lines pass: at most one a second for each place that has a `Pace`.
pub struct Pace(AtomicU64);

impl Pace {
    /// Lets the first one pass.
    pub const fn new() -> Pace {
        Pace(AtomicU64::new(0))
    }

    /// True when a second has passed since the last time it was.
    pub fn due(&self) -> bool {
        let now = now_ms();
        let last = self.0.load(Ordering::Relaxed);
        now.abs_diff(last) >= 1000
            && self.0.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::new()
    }
}
