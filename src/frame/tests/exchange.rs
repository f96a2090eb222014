//! What is sent arrives, once.

use super::*;

#[test]
fn every_kind_of_message_arrives() {
    for key in keys() {
        for fec in [0, 20, 100] {
            let flow = Flow::new(tag(), key.as_ref(), fec).unwrap();
            let mut decoder = Decoder::new(tag(), key.clone(), LIMIT);
            let mut packed = Packed::default();
            for length in [0, 1, 195, 196, 197, 211, 212, 213, 1400, 1500, 60_000, MESSAGE_MAX] {
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
            assert_eq!(decoder.counts(), Counts::default());
        }
    }
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
