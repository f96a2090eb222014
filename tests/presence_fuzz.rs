//! Mutates presence packets for a bounded time: `HAM_FUZZ_SECONDS`, else 3. `fuzz/run` does it guided by coverage.

#[path = "../fuzz/heard.rs"]
mod heard;

use std::panic;
use std::time::Instant;
use testbed::mutation::{Random, Run};

const SPECIFICATION: &str = include_str!("../docs/presence.md");

/// The packets of the specification's examples.
fn examples() -> Vec<Vec<u8>> {
    let blocks = SPECIFICATION.split("```text ").skip(1);
    let packet = |block: &str| -> Vec<u8> {
        let (_, rest) = block.split_once('\n').expect("a name");
        let (digits, _) = rest.split_once("```").expect("an end");
        let digits: Vec<u8> =
            digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
    };
    blocks.map(packet).collect()
}

#[test]
fn no_packets_break_a_rule() {
    let (Run { seconds, end, seed }, mut random) = Run::begin();
    let seeds = examples();
    assert_eq!(seeds.len(), 4);
    let (mut tried, mut heard) = (0u64, 0u64);
    while tried % 64 != 0 || Instant::now() < end {
        let mut input = Vec::new();
        for _ in 0..=random.below(12) {
            let mut packet = seeds[random.below(seeds.len())].clone();
            for _ in 0..random.below(3) {
                mutate(&mut packet, &mut random);
            }
            // Several nodes, each with growing numbers.
            if packet.len() > 28 && random.below(4) > 0 {
                packet[19] = random.below(3) as u8;
                packet[27] = input.len() as u8;
            }
            input.push(random.below(255) as u8);
            input.extend_from_slice(&(packet.len() as u16).to_be_bytes());
            input.extend_from_slice(&packet);
        }
        let Ok(nodes) = panic::catch_unwind(|| heard::check(&input)) else {
            panic!("seed {seed}, try {tried}: {input:02x?}");
        };
        tried += 1;
        heard += u64::from(nodes > 0);
    }
    println!("{tried} conversations, {heard} with a node that was heard");
    // Else the mutations have become too wild, or the link too strict, to test anything.
    assert!(seconds == 0 || heard * 10 > tried, "{heard} of {tried}");
}

fn mutate(packet: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(packet.len() + 1);
    match random.below(5) {
        0 => packet.insert(at, random.below(256) as u8),
        1 | 2 => {
            if let Some(byte) = packet.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => {
            let end = (at + random.below(20)).min(packet.len());
            packet.drain(at..end);
        }
        _ => {
            let end = (at + random.below(60)).min(packet.len());
            let piece = packet[at..end].to_vec();
            packet.splice(at..at, piece);
        }
    }
    packet.truncate(1400);
}
