//! Memory is bounded, whatever comes.

use super::*;

/// A first fragment of a message of `length` bytes.
fn fragment(sender: u64, sequence: u64, length: usize, size: usize) -> Vec<u8> {
    let mut frame = vec![1, 1, 0, 0];
    frame.extend_from_slice(tag().bytes());
    frame.extend_from_slice(&[0; 8]);
    frame.extend_from_slice(&sender.to_be_bytes());
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.extend_from_slice(&(length as u32).to_be_bytes());
    frame.extend_from_slice(&(size as u16).to_be_bytes());
    frame.resize(FRAGMENT_HEADER + size, 0);
    frame
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 128, "{}", size_of::<Decoder>());
}

#[test]
fn forged_fragments_do_not_fill_the_memory() {
    for limit in [0, 128 * 1024, 1 << 20] {
        let mut decoder = Decoder::new(tag(), None, limit);
        let mut random = Random(1);
        let (mut most, mut begun) = (0, 0);
        for i in 0..5000 {
            // Some senders begin many messages, most only one.
            let sender = if i % 3 == 0 { random.below(4) } else { 100 + i } as u64;
            let length = [65, 300, 3000, MAX_MESSAGE][random.below(4)] + random.below(2);
            let size = [64, 64, 200, 2000][random.below(4)];
            let frame = fragment(sender, 1 + i as u64, length, size.min(length - 1));
            begun += u64::from(length <= MAX_MESSAGE);
            assert_eq!(accept(&mut decoder, &frame), Got::Nothing);
            let held = decoder.held();
            assert!(held <= limit.max(128 * 1024), "{held}");
            most = most.max(held);
        }
        assert!(most > limit / 2, "{most}");
        let FrameCounts { incomplete, duplicates, refused, .. } = decoder.counts();
        assert!(incomplete > 1000 && incomplete < begun);
        assert_eq!((duplicates, refused), (0, 5000 - begun));
        // And what is whole still arrives, in the same memory.
        let flow = Flow::new(tag(), None, 100, sys::random::bytes().unwrap());
        let mut packed = Packed::default();
        flow.pack(&message(MAX_MESSAGE), 1472, &mut packed);
        let count = packed.frames().count();
        let got = packed.frames().skip(1).map(|frame| accept(&mut decoder, frame));
        assert_eq!(
            got.filter(|got| *got != Got::Nothing).collect::<Vec<_>>(),
            [Got::Message(message(MAX_MESSAGE))]
        );
        assert!(count > 90 && decoder.held() <= limit.max(128 * 1024));
    }
}

#[test]
fn parity_is_kept_only_while_there_is_room() {
    // Of two data fragments, as no flow of ours would divide it.
    let (size, sent) = (65506, message(MAX_MESSAGE));
    let mut payloads = sent.clone();
    payloads.resize(2 * size, 0);
    parity::Encoder::default().encode(&sent, size, 2, &mut payloads).unwrap();
    let frame = |index: usize| {
        let mut frame = fragment(1, 1, MAX_MESSAGE, size);
        frame[50..54].copy_from_slice(&[0, index as u8, 0, 2]);
        frame[FRAGMENT_HEADER..].copy_from_slice(&payloads[index * size..][..size]);
        frame
    };
    for (limit, room) in [(128 * 1024, false), (256 * 1024, true)] {
        let mut decoder = Decoder::new(tag(), None, limit);
        // An older message makes way.
        accept(&mut decoder, &fragment(2, 1, 1000, 500));
        assert_eq!(accept(&mut decoder, &frame(2)), Got::Nothing);
        assert!(decoder.held() <= limit);
        assert_eq!(decoder.counts().incomplete, u64::from(!room));
        let got = accept(&mut decoder, &frame(1));
        assert_eq!(got != Got::Nothing, room);
        let got = if room { got } else { accept(&mut decoder, &frame(0)) };
        assert_eq!(got, Got::Message(sent.clone()));
    }
}

#[test]
fn senders_are_bounded_and_the_stalest_goes_first() {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut packed = Packed::default();
    let flows: Vec<Flow> =
        (0..5000).map(|_| Flow::new(tag(), None, 0, sys::random::bytes().unwrap())).collect();
    let mut first = Vec::new();
    for (i, flow) in flows.iter().enumerate() {
        flow.pack(b"one", 256, &mut packed);
        first.push(packed.bytes().to_vec());
        assert_eq!(accept(&mut decoder, packed.bytes()), Got::Message(b"one".into()));
        // The first one is heard again and again.
        assert_eq!(accept(&mut decoder, &first[0]), Got::Nothing);
        assert_eq!(decoder.senders(), (i + 1).min(4096));
    }
    assert_eq!(accept(&mut decoder, &first[4999]), Got::Nothing);
    assert_eq!(accept(&mut decoder, &first[905]), Got::Nothing);
    assert_eq!(decoder.counts().duplicates, 5002);
    assert_eq!(accept(&mut decoder, &first[904]), Got::Message(b"one".into()));
    assert_eq!(decoder.senders(), 4096);
}

#[test]
fn a_sender_that_goes_takes_its_unfinished_messages_along() {
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    for sender in 0..4096 {
        accept(&mut decoder, &fragment(sender, 1, 65, 64));
    }
    let held = decoder.held();
    for sender in 5000..9096 {
        accept(&mut decoder, &fragment(sender, 1, 65, 64));
        assert_eq!(decoder.held(), held);
    }
    assert_eq!(decoder.counts().incomplete, 4096);
}

#[test]
fn buffers_are_used_again_but_not_collected() {
    let flow = Flow::new(tag(), None, 0, sys::random::bytes().unwrap());
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    decoder.recycle(vec![0; 1000]);
    let mut packed = Packed::default();
    for length in [60_000, 1000, 30_000, MAX_MESSAGE] {
        flow.pack(&message(length), 300, &mut packed);
        for frame in packed.frames() {
            if let Got::Message(whole) = accept(&mut decoder, frame) {
                assert_eq!(whole, message(length));
                decoder.recycle(whole);
            }
        }
    }
    (0..100).for_each(|_| decoder.recycle(vec![1; 60_000]));
    decoder.recycle(vec![1; 100 << 20]);
    assert!(decoder.held() <= 2 * MAX_MESSAGE, "{}", decoder.held());
}
