//! Each once: sequence numbers, senders that begin anew, and what is refused.

use super::*;

/// A plain message of one byte.
fn frame(sender: u8, sequence: u64) -> Vec<u8> {
    let mut packed = Packed::default();
    Flow::resume(tag(), None, 0, [sender; 16], sequence).pack(b"x", 256, &mut packed);
    packed.bytes().to_vec()
}

/// Which of these numbers are delivered, one after the other.
fn delivered(sequences: &[u64]) -> (Vec<u64>, FrameCounts) {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let is_new = |sequence: &u64| accept(&mut decoder, &frame(1, *sequence)) != Got::Nothing;
    let new = sequences.iter().copied().filter(is_new).collect();
    (new, decoder.counts())
}

fn counts(duplicates: u64, lost: u64) -> FrameCounts {
    FrameCounts { duplicates, lost, ..FrameCounts::default() }
}

#[test]
fn the_edges_of_the_window() {
    for top in [5000, 1 << 40, u64::MAX] {
        let (new, found) = delivered(&[1, top, top - 4095, top - 4096, top - 4097, top - 4095, top]);
        assert_eq!(new, [1, top, top - 4095]);
        assert_eq!(found, counts(4, top - 3));
    }
}

#[test]
fn numbers_come_in_any_order() {
    assert_eq!(delivered(&[1, 2, 3, 3, 2, 1]), (vec![1, 2, 3], counts(3, 0)));
    assert_eq!(delivered(&[3, 1, 2, 2]), (vec![3, 1, 2], counts(1, 0)));
    assert_eq!(delivered(&[1, 4, 2, 4, 2]), (vec![1, 4, 2], counts(2, 1)));
    assert_eq!(delivered(&[5, 4, 3, 8, 4, 6]), (vec![5, 4, 3, 8, 6], counts(1, 1)));
    assert_eq!(
        delivered(&[u64::MAX - 1, u64::MAX, 1, u64::MAX]),
        (vec![u64::MAX - 1, u64::MAX], counts(2, 0))
    );
    assert_eq!(delivered(&[1, 4097, 1, 2]), (vec![1, 4097, 2], counts(1, 4094)));
    assert_eq!(delivered(&[1, 4096, 1, 2]), (vec![1, 4096, 2], counts(1, 4093)));
}

#[test]
fn a_window_moves_over_many_numbers() {
    // Every third one is late, and comes again.
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    for number in 1..20_000u64 {
        if number % 3 != 0 {
            assert_ne!(accept(&mut decoder, &frame(1, number)), Got::Nothing);
        }
        if number % 3 == 0 && number > 3000 {
            let late = number - 3000;
            assert_ne!(accept(&mut decoder, &frame(1, late)), Got::Nothing, "{late}");
            assert_eq!(accept(&mut decoder, &frame(1, late)), Got::Nothing, "{late}");
        }
    }
    assert_eq!(decoder.counts(), counts(5666, 1000));
}

#[test]
fn lost_messages_are_counted_across_senders() {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    for (sender, sequence) in [(1, 10), (2, 5), (1, 12), (2, 9)] {
        accept(&mut decoder, &frame(sender, sequence));
    }
    assert_eq!(decoder.counts(), counts(0, 4));
    accept(&mut decoder, &frame(2, 7));
    accept(&mut decoder, &frame(2, 3));
    assert_eq!(decoder.counts(), counts(0, 3));
}

#[test]
fn a_sender_that_begins_anew_is_no_duplicate() {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut packed = Packed::default();
    for _ in 0..3 {
        let flow = Flow::new(tag(), None, 0, sys::random::bytes().unwrap());
        for _ in 0..3 {
            flow.pack(b"again", 256, &mut packed);
            assert_eq!(accept(&mut decoder, packed.bytes()), Got::Message(b"again".into()));
        }
    }
    assert_eq!(decoder.counts(), FrameCounts::default());
}

#[test]
fn a_message_over_two_interfaces_is_one() {
    for key in keys() {
        let flow = Flow::new(tag(), key.as_ref(), 50, sys::random::bytes().unwrap());
        let mut decoder = Decoder::new(tag(), key, LIMIT);
        let mut packed = Packed::default();
        for length in [10, 3000] {
            flow.pack(&message(length), 256, &mut packed);
            // One behind the other, then both at the same time.
            let both = packed.frames().chain(packed.frames());
            let got = both.map(|frame| accept(&mut decoder, frame)).filter(|got| *got != Got::Nothing);
            assert_eq!(got.count(), 1);
            flow.pack(&message(length), 256, &mut packed);
            let both = packed.frames().flat_map(|frame| [frame, frame]);
            let got = both.map(|frame| accept(&mut decoder, frame)).filter(|got| *got != Got::Nothing);
            assert_eq!(got.count(), 1);
        }
        assert_eq!(decoder.counts(), counts(4, 0));
    }
}

#[test]
fn a_lost_fragment_loses_one_message() {
    let flow = Flow::new(tag(), None, 0, sys::random::bytes().unwrap());
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut packed = Packed::default();
    for lost in 0..20 {
        flow.pack(&message(3000), 256, &mut packed);
        let frames = packed.frames().enumerate().filter(|(i, _)| *i != lost);
        let got: Vec<Got> =
            frames.map(|(_, frame)| accept(&mut decoder, frame)).filter(|got| *got != Got::Nothing).collect();
        // It has 15 fragments.
        assert_eq!(got.is_empty(), lost < 15);
    }
    // A whole one made the eighth way for itself; the others may still come.
    assert_eq!(decoder.counts(), FrameCounts { lost: 15, incomplete: 8, ..FrameCounts::default() });
}

#[test]
fn the_other_group_at_the_same_address_is_not_heard() {
    let flow = Flow::new(Tag::of("ham:opaque:other"), None, 0, sys::random::bytes().unwrap());
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut packed = Packed::default();
    for length in [10, 3000] {
        flow.pack(&message(length), 256, &mut packed);
        packed.frames().for_each(|frame| assert_eq!(accept(&mut decoder, frame), Got::Nothing));
    }
    assert_eq!((decoder.counts(), decoder.take_refusal()), (FrameCounts::default(), None));
}

#[test]
fn frames_of_another_key_are_refused() {
    for (i, send) in keys().iter().enumerate() {
        for (j, receive) in keys().iter().enumerate() {
            let flow = Flow::new(tag(), send.as_ref(), 0, sys::random::bytes().unwrap());
            let mut decoder = Decoder::new(tag(), receive.clone(), LIMIT);
            let mut packed = Packed::default();
            flow.pack(b"hello", 256, &mut packed);
            let got = accept(&mut decoder, packed.bytes());
            let refusal = match (i, j) {
                _ if i == j => None,
                (0, _) => Some(Refusal::Plain),
                (_, 0) => Some(Refusal::Sealed),
                _ => Some(Refusal::OtherAlgorithm),
            };
            assert_eq!((decoder.take_refusal(), decoder.take_refusal()), (refusal, None));
            assert_eq!(got != Got::Nothing, i == j);
            assert_eq!(decoder.counts().refused, u64::from(i != j));
        }
    }
}

#[test]
fn a_new_key_takes_the_place_of_the_old() {
    let [_, first, _] = keys();
    let second = Some(GroupKey::new(Algorithm::ChaCha20Poly1305, [8; 32]));
    let flows = [&first, &second].map(|key| Flow::new(tag(), key.as_ref(), 0, sys::random::bytes().unwrap()));
    let mut decoder = Decoder::new(tag(), first.clone(), LIMIT);
    let mut packed = Packed::default();
    let mut hears = |decoder: &mut Decoder| {
        flows.each_ref().map(|flow| {
            flow.pack(b"hello", 256, &mut packed);
            accept(decoder, packed.bytes()) != Got::Nothing
        })
    };
    assert_eq!(hears(&mut decoder), [true, false]);
    decoder.set_key(first);
    assert_eq!(hears(&mut decoder), [true, false]);
    decoder.set_key(second);
    assert_eq!(hears(&mut decoder), [false, true]);
    assert_eq!((decoder.counts().refused, decoder.take_refusal()), (3, Some(Refusal::Unauthentic)));
}

#[test]
fn no_changed_bit_of_a_sealed_frame_goes_through_but_of_the_hop_limit() {
    for key in keys().into_iter().flatten() {
        let flow = Flow::new(tag(), Some(&key), 100, sys::random::bytes().unwrap());
        let mut packed = Packed::default();
        for length in [20, 300] {
            flow.pack(&message(length), 256, &mut packed);
            let frame = packed.frames().next().unwrap();
            let mut decoder = Decoder::new(tag(), Some(key.clone()), LIMIT);
            let mut refused = 0;
            for bit in 0..frame.len() * 8 {
                let mut forged = frame.to_vec();
                forged[bit / 8] ^= 1 << (bit % 8);
                if bit / 8 != 2 {
                    assert_eq!(accept(&mut decoder, &forged), Got::Nothing);
                    // That of another group counts nowhere.
                    refused += u64::from(!(4..20).contains(&(bit / 8)));
                    assert_eq!(decoder.counts(), FrameCounts { refused, ..FrameCounts::default() });
                }
            }
            assert_eq!(decoder.senders(), 0);
            let far: Vec<Got> = packed
                .frames()
                .map(|frame| {
                    let mut frame = frame.to_vec();
                    frame[2] = 17;
                    accept(&mut decoder, &frame)
                })
                .filter(|got| *got != Got::Nothing)
                .collect();
            assert_eq!(far, [Got::Message(message(length))]);
        }
    }
}

#[test]
fn what_is_refused_is_said_at_a_bounded_rate() {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut said = Vec::new();
    for count in 1..=1000 {
        assert_eq!(accept(&mut decoder, &[2; 60]), Got::Nothing);
        if let Some(refusal) = decoder.take_refusal() {
            assert_eq!(refusal, Refusal::Version(2));
            said.push(count);
        }
    }
    assert_eq!(said, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    assert_eq!(decoder.counts(), FrameCounts { refused: 1000, ..FrameCounts::default() });
}
