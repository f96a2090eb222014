//! Mutates packets of IGMP, MLD and PIM for a bounded time: `HAM_FUZZ_SECONDS`, else 3. `TARGETS=observer fuzz/run` does
//! it guided by coverage.

#[path = "../fuzz/observer.rs"]
mod observer;

use std::panic;
use std::time::Instant;
use testbed::mutation::{Random, Run};

fn packets() -> Vec<Vec<u8>> {
    let byte = |line: &str, i: usize| u8::from_str_radix(&line[i..i + 2], 16).expect("hexadecimal digits");
    let packet = |line: &str| (0..line.len()).step_by(2).map(|i| byte(line, i)).collect();
    include_str!("../fuzz/packets.txt").lines().map(packet).collect()
}

#[test]
fn no_packets_break_a_rule() {
    let (Run { seconds, end, seed }, mut random) = Run::begin();
    let packets = packets();
    let (mut tried, mut understood) = (0usize, 0usize);
    while tried % 64 != 0 || Instant::now() < end {
        let mut bytes = Vec::new();
        for _ in 0..=random.below(12) {
            let mut packet = packets[random.below(packets.len())].clone();
            for _ in 0..random.below(4) {
                mutate(&mut packet, &mut random);
            }
            packet.truncate(255);
            bytes.extend([packet.len() as u8, random.below(200) as u8]);
            bytes.append(&mut packet);
            tried += 1;
        }
        let Ok(count) = panic::catch_unwind(|| observer::check(&bytes)) else {
            panic!("seed {seed}, try {tried}: {bytes:02x?}");
        };
        understood += count;
    }
    println!("{tried} packets, {understood} understood");
    // Else the mutations have become too wild, or the parser too strict, to test anything.
    assert!(seconds == 0 || understood * 2 > tried, "{understood} of {tried} are understood");
}

fn mutate(packet: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(packet.len());
    match random.below(5) {
        0 => packet[at] ^= 1 << random.below(8),
        1 => packet[at] = random.below(256) as u8,
        2 => packet.truncate(packet.len() - random.below(12)),
        3 => packet.extend((0..random.below(24)).map(|_| random.below(256) as u8)),
        _ => {
            let from = random.below(packet.len());
            packet[at] = packet[from];
        }
    }
    if packet.is_empty() {
        packet.push(0x45);
    }
}
