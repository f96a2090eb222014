//! Mutates frames for a bounded time: `HAM_FUZZ_SECONDS`, else 3. `fuzz/run` does it guided by coverage.

#[path = "../fuzz/frames.rs"]
mod frames;

use ham::frame::{Flow, Packed, Tag, bundle};
use std::panic;
use std::time::Instant;
use testbed::mutation::{Random, Run};

#[test]
fn no_bytes_break_a_rule() {
    let (Run { seconds, end, seed }, mut random) = Run::begin();
    let (mut tried, mut messages) = (0u64, 0u64);
    while tried % 64 != 0 || Instant::now() < end {
        let frames = made_up(&mut random);
        let input: Vec<u8> = frames
            .iter()
            .flat_map(|frame| [&(frame.len() as u16).to_be_bytes()[..], frame].concat())
            .collect();
        let Ok(got) = panic::catch_unwind(|| frames::check(&input)) else {
            panic!("seed {seed}, try {tried}: {}", hex(&input));
        };
        tried += frames.len() as u64;
        messages += got as u64;
    }
    println!("{tried} frames, {messages} messages");
    // Else the mutations have become too wild, or the decoder too strict, to test anything.
    assert!(seconds == 0 || messages * 50 > tried, "{messages} messages of {tried} frames");
}

/// The frames of some messages of one sender, some changed, lost, doubled, or in the wrong order.
fn made_up(random: &mut Random) -> Vec<Vec<u8>> {
    let flow = Flow::new(
        Tag::of(frames::NAME),
        None,
        [0, 20, 100][random.below(3)],
        sys::random::bytes().expect("random numbers"),
    );
    let mut packed = Packed::default();
    let mut made = Vec::new();
    for _ in 0..=random.below(6) {
        let message = vec![random.below(256) as u8; random.below(1000)];
        if random.below(4) == 0 {
            let mut entries = Vec::new();
            message.chunks(random.below(300) + 1).for_each(|message| bundle::push(&mut entries, message));
            flow.pack_bundle(&entries, &mut packed);
        } else {
            flow.pack(&message, 256, &mut packed);
        }
        made.extend(packed.frames().map(<[u8]>::to_vec));
    }
    for _ in 0..random.below(8) {
        if made.is_empty() {
            break;
        }
        let (one, other) = (random.below(made.len()), random.below(made.len()));
        match random.below(4) {
            0 => made.swap(one, other),
            1 => made.insert(one, made[other].clone()),
            2 => drop(made.remove(one)),
            _ => mutate(&mut made[one], random),
        }
    }
    made
}

fn mutate(frame: &mut Vec<u8>, random: &mut Random) {
    // Most in the header, but rarely where another version or group would be the end of it.
    let at = [random.below(frame.len()), 36 + random.below(20), random.below(4)][random.below(3)];
    match random.below(6) {
        0 => frame.truncate(at),
        1 => frame.extend(std::iter::repeat_n(0, random.below(20))),
        2 => frame.insert(at.min(frame.len()), random.below(256) as u8),
        3 => frame.iter_mut().skip(at).take(8).for_each(|byte| *byte = 0xff),
        _ => frame.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
