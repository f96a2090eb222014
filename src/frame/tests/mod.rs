//! Frames from a flow to a decoder.

use super::seal::{Algorithm, GroupKey};
use super::*;
use std::ops::Range;

mod exchange;
mod header;
mod memory;
mod model;
mod vectors;
mod window;

const LIMIT: usize = 4 << 20;

fn tag() -> Tag {
    Tag::of("ham:opaque:news%40cnn.com")
}

fn keys() -> [Option<GroupKey>; 3] {
    let key = |algorithm| Some(GroupKey::new(algorithm, [7; 32]));
    [None, key(Algorithm::ChaCha20Poly1305), key(Algorithm::Aes256Gcm)]
}

/// Bytes that differ from place to place.
fn message(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}

/// What a frame gives, with the bytes.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Message(Vec<u8>),
    Bundle(Vec<Vec<u8>>),
    Nothing,
}

fn accept(decoder: &mut Decoder, frame: &[u8]) -> Got {
    let mut frame = frame.to_vec();
    match decoder.accept(&mut frame) {
        Accepted::Message(range) => Got::Message(frame[range].to_vec()),
        Accepted::Whole(whole) => Got::Message(whole),
        Accepted::Nothing => Got::Nothing,
        Accepted::Bundle(range) => {
            let entries = &frame[range];
            Got::Bundle(bundle::messages(entries).map(|range| entries[range].to_vec()).collect())
        }
    }
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

impl Decoder {
    /// Bytes held for unfinished messages, recounted.
    fn held(&self) -> usize {
        self.heard.as_ref().map_or(0, |heard| heard.reassembly.held())
    }

    fn senders(&self) -> usize {
        self.heard.as_ref().map_or(0, |heard| heard.senders.len())
    }
}
