//! Any bytes as packets of IGMP, MLD and PIM.
#![no_main]

#[path = "../observer.rs"]
mod observer;

libfuzzer_sys::fuzz_target!(|packets: &[u8]| {
    observer::check(packets);
});
