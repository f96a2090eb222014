//! Any bytes as a ham-URI.
#![no_main]

#[path = "../invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|uri: &[u8]| {
    invariants::check(uri);
});
