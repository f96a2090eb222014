//! Values with bounds, in the file and in the environment.

use serde::Deserialize;

/// A number with bounds, so that the parser can name the line of one outside of them.
macro_rules! bounded {
    ($name:ident, $type:ty, $low:expr, $high:expr, $what:expr) => {
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(try_from = "i64")]
        pub struct $name(pub $type);

        impl TryFrom<i64> for $name {
            type Error = String;
            fn try_from(value: i64) -> std::result::Result<Self, String> {
                let range: std::ops::RangeInclusive<i64> = $low..=$high;
                if range.contains(&value) {
                    Ok($name(value as $type))
                } else {
                    Err(format!("{value} is not {} from {} to {}", $what, $low, $high))
                }
            }
        }
    };
}

bounded!(Port, u16, 1, 65535, "a port");
bounded!(Ttl, u8, 0, 255, "a hop limit");
bounded!(Bytes, usize, 4096, 1 << 30, "a buffer size in bytes");
bounded!(Microseconds, u64, 0, 1_000_000, "a number of microseconds");
bounded!(Percent, u8, 0, 100, "a number of per cent");
bounded!(Interval, u64, 100, 5000, "a number of milliseconds");
bounded!(Priority, u8, 0, 255, "a priority");
bounded!(Seed, u64, 0, i64::MAX, "a seed");
bounded!(Block, u64, 1, 10_000, "a number of milliseconds");
bounded!(Lease, u64, 100, 600_000, "a number of milliseconds");
bounded!(Patience, u64, 0, 60_000, "a number of milliseconds");
bounded!(Reassembly, usize, 131_072, 1 << 30, "a buffer size in bytes");

/// 0, or a size in bytes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct BundleSize(pub usize);

impl TryFrom<i64> for BundleSize {
    type Error = String;
    fn try_from(value: i64) -> std::result::Result<Self, String> {
        match value {
            0 | 64..=65507 => Ok(BundleSize(value as usize)),
            _ => Err(format!("{value} is neither 0 nor a size in bytes from 64 to 65507")),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Level(pub log::LevelFilter);

impl TryFrom<String> for Level {
    type Error = String;
    fn try_from(value: String) -> std::result::Result<Self, String> {
        value.parse().map(Level).map_err(|_| format!("{value:?} is none of off, error, warn, info, debug"))
    }
}
