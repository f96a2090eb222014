//! Frames from a flow to a decoder.

use super::seal::{Algorithm, GroupKey};
use super::*;

mod exchange;
mod vectors;

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
