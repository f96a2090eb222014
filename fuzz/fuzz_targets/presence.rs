//! Any bytes as presence packets of other nodes.
#![no_main]

#[path = "../heard.rs"]
mod heard;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    heard::check(bytes);
});
