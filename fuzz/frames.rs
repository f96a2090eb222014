//! What holds for any bytes given to a `Decoder`. The fuzz target and the tests share it.

use ham::frame::seal::{Algorithm, GroupKey};
use ham::frame::{Accepted, Decoder, Flow, HEADER, MAX_MESSAGE, Packed, Tag, bundle};
use std::ops::Range;

/// The group in whose name frames are made up.
pub const NAME: &str = "ham:opaque:news@cnn.com";

/// Cuts the input into frames, a u16 length before each, gives them to a plain and to a sealed decoder, and panics when
/// a rule is broken. Returns how many messages came out of the plain one.
pub fn check(input: &[u8]) -> usize {
    let tag = Tag::of(NAME);
    let key = GroupKey::new(Algorithm::ChaCha20Poly1305, [7; 32]);
    let mut plain = Decoder::new(tag, None, 0);
    let mut sealed = Decoder::new(tag, Some(key.clone()), 0);
    let mut messages = 0;
    for frame in frames(input) {
        // Nobody without the key can make anything that comes through.
        assert_eq!(accept(&mut sealed, frame), 0);
        messages += accept(&mut plain, frame);
    }
    assert_eq!(sealed.counts().lost, 0);
    // And what comes next is heard as ever, though the decoder may take it for anything but a frame in vain.
    for (decoder, key) in [(&mut plain, None), (&mut sealed, Some(&key))] {
        let flow = Flow::new(tag, key, 0, sys::random::bytes().expect("random numbers"));
        let mut packed = Packed::default();
        flow.pack(&[1; 700], 256, &mut packed);
        let got: usize = packed.frames().map(|frame| accept(decoder, frame)).sum();
        assert_eq!(got, 1);
    }
    messages
}

/// The frames of an input.
pub fn frames(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first_chunk::<2>()?;
        let (frame, rest) = rest.split_at(rest.len().min(u16::from_be_bytes(*length).into()));
        input = rest;
        Some(frame)
    })
}

/// The messages that a frame gives.
fn accept(decoder: &mut Decoder, frame: &[u8]) -> usize {
    let before = decoder.counts();
    let mut copy = frame.to_vec();
    let accepted = decoder.accept(&mut copy);
    let after = decoder.counts();
    assert!(after.duplicates >= before.duplicates && after.incomplete >= before.incomplete);
    let refused = after.refused - before.refused;
    assert_eq!(decoder.take_refusal().is_some(), refused == 1 && after.refused.is_power_of_two());
    match accepted {
        Accepted::Nothing => 0,
        Accepted::Message(range) => {
            assert!(refused == 0 && inside(&range, &copy));
            1
        }
        Accepted::Bundle(range) => {
            assert!(refused == 0 && inside(&range, &copy));
            let entries = &copy[range];
            let messages =
                bundle::messages(entries).inspect(|range| assert!(range.end <= entries.len())).count();
            assert!(messages > 0);
            messages
        }
        Accepted::Whole(whole) => {
            assert!(refused == 0 && whole.len() > 64 && whole.len() <= MAX_MESSAGE);
            decoder.recycle(whole);
            1
        }
    }
}

fn inside(range: &Range<usize>, frame: &[u8]) -> bool {
    range.start == HEADER && range.start <= range.end && range.end <= frame.len()
}
