//! Mutates ham-URIs for a bounded time: `HAM_FUZZ_SECONDS`, else 3. `fuzz/run` does it guided by coverage.

#[path = "../fuzz/invariants.rs"]
mod invariants;

use std::panic;
use std::time::Instant;
use testbed::mutation::{Random, Run};

const SEEDS: &str = include_str!("../fuzz/seeds.txt");
const DICTIONARY: &str = include_str!("../fuzz/uri.dict");

#[test]
fn no_bytes_break_a_rule() {
    let (Run { seconds, end, seed }, mut random) = Run::begin();

    let mut pool: Vec<Vec<u8>> = SEEDS.lines().map(|line| line.into()).collect();
    let seeds = pool.len();
    let words: Vec<&[u8]> = DICTIONARY.lines().map(|line| line.trim_matches('"').as_bytes()).collect();
    let (mut tried, mut accepted) = (0u64, 0u64);
    while tried % 64 != 0 || Instant::now() < end {
        let mut uri = pool[random.below(pool.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut uri, &pool, &words, &mut random);
        }
        let Ok(is_name) = panic::catch_unwind(|| invariants::check(&uri)) else {
            panic!("seed {seed}, try {tried}: \"{}\"", uri.escape_ascii());
        };
        tried += 1;
        if is_name {
            accepted += 1;
            // Accepted names breed; the seeds themselves stay.
            if pool.len() < 1000 {
                pool.push(uri);
            } else {
                let old = seeds + random.below(pool.len() - seeds);
                pool[old] = uri;
            }
        }
    }
    println!("{tried} URIs, {accepted} of them Group Names");
    // Else the mutations have become too wild, or the parser too strict, to test anything.
    assert!(seconds == 0 || accepted * 50 > tried, "{accepted} of {tried} are Group Names");
}

fn mutate(uri: &mut Vec<u8>, pool: &[Vec<u8>], words: &[&[u8]], random: &mut Random) {
    let at = random.below(uri.len() + 1);
    match random.below(7) {
        0 => uri.insert(at, random.below(256) as u8),
        1 => {
            if let Some(byte) = uri.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => {
            let end = (at + random.below(8)).min(uri.len());
            uri.drain(at..end);
        }
        3 => {
            let word = words[random.below(words.len())];
            uri.splice(at..at, word.iter().copied());
        }
        4 => {
            let end = (at + random.below(32)).min(uri.len());
            let piece = uri[at..end].to_vec();
            for _ in 0..random.below(8) {
                uri.splice(at..at, piece.iter().copied());
            }
        }
        5 => {
            let other = &pool[random.below(pool.len())];
            uri.truncate(at);
            uri.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ => {
            if let Some(&byte) = uri.get(at) {
                uri.splice(at..=at, format!("%{byte:02x}").into_bytes());
            }
        }
    }
    uri.truncate(1100);
}
