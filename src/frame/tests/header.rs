//! What is well-formed, to the last bit.

use super::*;
use crate::frame::header::{Fragment, Header};

/// A fragment with these fields, and a payload of this length.
fn fragment(length: u32, size: u16, index: u16, parity: u16, payload: usize) -> Vec<u8> {
    let mut frame = vec![1, 1, 0, 0];
    frame.extend_from_slice(tag().bytes());
    frame.extend_from_slice(&[5; 16]);
    frame.extend_from_slice(&7u64.to_be_bytes());
    Fragment { length, size, index, parity }.write(&mut frame);
    frame.resize(FRAGMENT_HEADER + payload, 0);
    frame
}

fn parse(frame: &[u8]) -> Result<Option<Header>, Refusal> {
    Header::parse(frame, &tag())
}

#[test]
fn the_fields_of_a_fragment_have_bounds() {
    let max = MAX_MESSAGE as u32;
    for (length, size, index, parity, payload) in [
        (65, 64, 0, 0, 64),
        (65, 64, 1, 0, 1),
        (65, 64, 1, 1, 64),
        (65, 64, 3, 2, 64),
        (128, 64, 1, 0, 64),
        (129, 65, 1, 0, 64),
        (max, 64, 1023, 0, 35),
        (max, 64, 2047, 1024, 64),
        (max, 65506, 1, 0, 1),
        (max, 65506, 3, 2, 65506),
    ] {
        let frame = fragment(length, size, index, parity, payload);
        let fragment = Some(Fragment { length, size, index, parity });
        let header = Header { bundle: false, algorithm: None, sender: [5; 16], sequence: 7, fragment };
        assert_eq!(parse(&frame), Ok(Some(header)));
        // The payload is exactly as long.
        assert_eq!(parse(&frame[..frame.len() - 1]), Err(Refusal::Malformed("payload length")));
        assert_eq!(parse(&[&frame[..], &[0]].concat()), Err(Refusal::Malformed("payload length")));
    }
    for (length, size, index, parity, why) in [
        (0, 64, 0, 0, "fragment size"),
        (64, 64, 0, 0, "fragment size"),
        (100, 63, 0, 0, "fragment size"),
        (100, 0, 0, 0, "fragment size"),
        (130, 65, 0, 1, "fragment size"),
        (max, 65507, 0, 0, "fragment size"),
        (max + 1, 1000, 0, 0, "message length"),
        (u32::MAX, 1000, 0, 0, "message length"),
        (65, 64, 2, 0, "index"),
        (65, 64, 3, 1, "index"),
        (65, 64, u16::MAX, 2, "index"),
        (65, 64, 0, 3, "more parity than data"),
        (max, 64, 0, u16::MAX, "more parity than data"),
    ] {
        let frame = fragment(length, size, index, parity, 64);
        assert_eq!(parse(&frame), Err(Refusal::Malformed(why)), "{length} {size} {index} {parity}");
    }
    let mut reserved = fragment(65, 64, 0, 0, 64);
    reserved[55] = 1;
    assert_eq!(parse(&reserved), Err(Refusal::Malformed("the reserved field is not 0")));
}

#[test]
fn the_fields_of_every_frame_have_bounds() {
    let whole = [&[1, 0, 0, 0], &tag().bytes()[..], &[5; 16], &7u64.to_be_bytes()].concat();
    let changed = |at: usize, byte: u8| {
        let mut frame = whole.clone();
        frame[at] = byte;
        frame
    };
    let header = Header { bundle: false, algorithm: None, sender: [5; 16], sequence: 7, fragment: None };
    assert_eq!(parse(&whole), Ok(Some(header)));
    assert_eq!(parse(&changed(1, 2)), Ok(Some(Header { bundle: true, ..header })));
    assert_eq!(parse(&changed(2, 255)), Ok(Some(header)));
    for length in 0..HEADER {
        assert_eq!(parse(&whole[..length]), Err(Refusal::Short));
    }
    // A version to come may have its tag elsewhere.
    assert_eq!(parse(&[2; HEADER]), Err(Refusal::Version(2)));
    assert_eq!(parse(&changed(0, 0)), Err(Refusal::Version(0)));
    assert_eq!(parse(&changed(19, !whole[19])), Ok(None));
    for flags in [3, 7, 8, 16, 128] {
        assert_eq!(parse(&changed(1, flags)), Err(Refusal::Flags(flags)));
    }
    let mismatch = Err(Refusal::Malformed("flag SEALED and algorithm differ"));
    assert_eq!(parse(&changed(1, 4)), mismatch);
    assert_eq!(parse(&changed(3, 1)), mismatch);
    assert_eq!(parse(&changed(43, 0)), Err(Refusal::Malformed("sequence number 0")));
    assert_eq!(parse(&changed(1, 1)), Err(Refusal::Short));

    let mut sealed = changed(1, 4);
    for (code, algorithm) in [(1, Algorithm::ChaCha20Poly1305), (2, Algorithm::Aes256Gcm)] {
        sealed[3] = code;
        sealed.resize(HEADER + 15, 0);
        assert_eq!(parse(&sealed), Err(Refusal::Short));
        sealed.push(0);
        assert_eq!(parse(&sealed), Ok(Some(Header { algorithm: Some(algorithm), ..header })));
    }
    sealed[3] = 3;
    assert_eq!(parse(&sealed), Err(Refusal::Algorithm(3)));
}

#[test]
fn every_refusal_says_what_to_do() {
    for refusal in [
        Refusal::Short,
        Refusal::Version(9),
        Refusal::Flags(9),
        Refusal::Algorithm(9),
        Refusal::Malformed("index"),
        Refusal::Sealed,
        Refusal::Plain,
        Refusal::OtherAlgorithm,
        Refusal::Unauthentic,
        Refusal::Contradiction,
    ] {
        let text = refusal.to_string();
        assert!(text.contains(": ") && text.is_ascii() && text.len() < 120, "{text}");
    }
}
