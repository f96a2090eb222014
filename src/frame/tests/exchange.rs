//! What is sent arrives, once.

use super::*;
use proptest::prelude::*;

#[test]
fn every_kind_of_message_arrives() {
    for key in keys() {
        for fec in [0, 20, 100] {
            let flow = Flow::new(tag(), key.as_ref(), fec, sys::random::bytes().unwrap());
            let mut decoder = Decoder::new(tag(), key.clone(), LIMIT);
            let mut packed = Packed::default();
            for length in [0, 1, 195, 196, 197, 211, 212, 213, 1500, MAX_MESSAGE] {
                for limit in [0, 256, 257, 1472, 65507] {
                    let sent = message(length);
                    flow.pack(&sent, limit, &mut packed);
                    let got: Vec<Got> = packed
                        .frames()
                        .inspect(|frame| assert!(frame.len() <= limit.max(256)))
                        .map(|frame| accept(&mut decoder, frame))
                        .filter(|got| *got != Got::Nothing)
                        .collect();
                    assert_eq!(got, [Got::Message(sent)], "{length} bytes, limit {limit}, fec {fec}");
                }
            }
            let mut entries = Vec::new();
            bundle::push(&mut entries, b"one");
            bundle::push(&mut entries, b"");
            flow.pack_bundle(&entries, &mut packed);
            assert_eq!(accept(&mut decoder, packed.bytes()), Got::Bundle(vec![b"one".into(), b"".into()]));
            assert_eq!(decoder.counts(), FrameCounts::default());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Whatever the size, the limit and the parity: as many frames as there is parity may be lost, others may come
    /// twice, and all in any order.
    #[test]
    fn a_message_arrives_once_as_long_as_no_more_is_lost_than_parity(
        seed in 1u64..,
        which in 0usize..5,
        length in prop_oneof![3 => 0usize..2000, 2 => 0..=MAX_MESSAGE, 1 => MAX_MESSAGE - 3..=MAX_MESSAGE],
        limit in prop_oneof![1 => 256usize..300, 2 => 256usize..3000, 1 => 256..=MAX_MESSAGE],
        fec in prop_oneof![Just(0u8), 1..=100u8, Just(100)],
    ) {
        let key = keys()[which.saturating_sub(2)].clone();
        let mut random = Random(seed);
        let sent = random.bytes(length);
        let flow = Flow::new(tag(), key.as_ref(), fec, sys::random::bytes().unwrap());
        let mut packed = Packed::default();
        flow.pack(&sent, limit, &mut packed);

        let mut frames: Vec<&[u8]> = packed.frames().collect();
        prop_assert_eq!(frames.concat(), packed.bytes());
        let (last, others) = frames.split_last().unwrap();
        prop_assert!(others.iter().all(|frame| frame.len() == packed.segment()));
        prop_assert!(last.len() <= packed.segment() && packed.segment() <= limit);
        let parity = frames[0].get(52..54).filter(|_| frames.len() > 1);
        let parity = parity.map_or(0, |parity| usize::from(u16::from_be_bytes([parity[0], parity[1]])));
        let data = frames.len() - parity;
        if data > 1 {
            prop_assert_eq!(parity, (data * usize::from(fec)).div_ceil(100));
        }

        for _ in 0..random.below(parity + 1) {
            frames.swap_remove(random.below(frames.len()));
        }
        for _ in 0..random.below(frames.len() + 1) {
            frames.push(frames[random.below(frames.len())]);
        }
        for place in 0..frames.len() {
            let other = random.below(frames.len());
            frames.swap(place, other);
        }
        let mut decoder = Decoder::new(tag(), key, LIMIT);
        let got = frames.iter().map(|frame| accept(&mut decoder, frame));
        let got: Vec<Got> = got.filter(|got| *got != Got::Nothing).collect();
        prop_assert!(got == [Got::Message(sent)], "{} came", got.len());
        let FrameCounts { lost, incomplete, refused, .. } = decoder.counts();
        prop_assert_eq!((lost, incomplete, refused), (0, 0, 0));
        // But for the buffer of what was delivered, nothing is left.
        prop_assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn each_frame_more_that_is_lost_loses_the_message() {
    let flow = Flow::new(tag(), None, 20, sys::random::bytes().unwrap());
    let mut packed = Packed::default();
    for (length, parity) in [(300, 1), (60_000, 9)] {
        flow.pack(&message(length), if length == 300 { 256 } else { 1472 }, &mut packed);
        for lost in [parity, parity + 1] {
            let mut decoder = Decoder::new(tag(), None, LIMIT);
            let got = packed.frames().skip(lost).map(|frame| accept(&mut decoder, frame));
            assert_eq!(got.filter(|got| *got != Got::Nothing).count(), usize::from(lost == parity));
        }
    }
}

#[test]
fn a_message_longer_than_any_can_be_and_an_empty_bundle_make_no_frame() {
    let flow = Flow::resume(tag(), None, 0, [1; 16], 7);
    let mut packed = Packed::default();
    flow.pack(&message(10), 256, &mut packed);
    flow.pack(&message(MAX_MESSAGE + 1), 256, &mut packed);
    assert_eq!((packed.frames().count(), packed.segment()), (0, 0));
    flow.pack_bundle(&[], &mut packed);
    assert_eq!((packed.frames().count(), packed.segment()), (0, 0));
    // And take no number.
    flow.pack(&message(10), 256, &mut packed);
    assert_eq!(packed.bytes()[36..44], [0, 0, 0, 0, 0, 0, 0, 8]);
}

#[test]
fn threads_share_a_flow() {
    fn can_move<T: Send>() {}
    can_move::<Packed>();
    can_move::<Decoder>();
    let flow = Flow::new(tag(), None, 0, sys::random::bytes().unwrap());
    let mut frames: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let pack = || {
            let mut packed = Packed::default();
            let frame = |_| {
                flow.pack(b"hello", 256, &mut packed);
                packed.bytes().to_vec()
            };
            (0..1000).map(frame).collect::<Vec<_>>()
        };
        let threads = [scope.spawn(pack), scope.spawn(pack)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    frames.sort();
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    assert!(frames.iter().all(|frame| accept(&mut decoder, frame) != Got::Nothing));
    assert_eq!(decoder.counts(), FrameCounts::default());
}

#[test]
fn a_key_that_has_sealed_enough_is_spent() {
    for (key, end) in keys().into_iter().zip([false, true, true]) {
        let flow = Flow::resume(tag(), key.as_ref(), 0, [1; 16], 1 << 18);
        assert!(!flow.is_spent());
        flow.pack(b"the last one", 1472, &mut Packed::default());
        assert_eq!(flow.is_spent(), end);
    }
}

#[test]
fn a_number_that_did_not_leave_the_host_is_the_next_ones() {
    let sealed = Flow::resume(tag(), keys()[1].as_ref(), 0, [1; 16], 5);
    let flow = Flow::resume(tag(), None, 0, [1; 16], 5);
    let [mut one, mut other] = [Packed::default(), Packed::default()];
    let sequence = |packed: &Packed| packed.bytes()[43];
    flow.take_back(&one);
    flow.pack(b"one", 1472, &mut one);
    flow.take_back(&one);
    flow.pack(&message(3000), 1472, &mut other);
    assert_eq!((sequence(&one), sequence(&other)), (5, 5));
    sealed.pack(b"one", 1472, &mut one);
    sealed.take_back(&one);
    sealed.pack(b"two", 1472, &mut one);
    assert_eq!(sequence(&one), 6);
    // Another one has taken the next number: too late.
    flow.pack(b"one", 1472, &mut one);
    flow.take_back(&other);
    flow.pack(b"two", 1472, &mut other);
    assert_eq!((sequence(&one), sequence(&other)), (6, 7));
}
