//! What frames cost, without any socket: `cargo bench --bench frame`. Prints lines `NAME NS`, the nanoseconds for each
//! message: the median of nine runs.

use ham::frame::seal::{Algorithm, GroupKey};
use ham::frame::{Accepted, Decoder, Flow, Packed, Tag, bundle};
use std::hint::black_box;
use std::time::Instant;

const LIMIT: usize = 4 << 20;
/// Of Ethernet: 1500 bytes without the headers of IPv4 and UDP.
const DATAGRAM: usize = 1472;

fn main() {
    let keys = [
        ("chacha20-poly1305", GroupKey::new(Algorithm::ChaCha20Poly1305, [7; 32])),
        ("aes-256-gcm", GroupKey::new(Algorithm::Aes256Gcm, [7; 32])),
    ];
    pack("pack-64", None, 64, 0, 100_000);
    accept("accept-64", None, 64, 20_000);
    accept_from_several("accept-64-of-16-senders", 16);
    duplicate("accept-64-duplicate");
    foreign("accept-64-foreign");
    bundled("accept-64-bundled");
    for (name, key) in &keys {
        pack(&format!("seal-1400-{name}"), Some(key), 1400, 0, 5_000);
        accept(&format!("open-1400-{name}"), Some(key), 1400, 5_000);
    }
    pack("pack-60000", None, 60_000, 0, 1_000);
    accept("accept-60000", None, 60_000, 500);
    pack("pack-60000-fec-20", None, 60_000, 20, 500);
    restore("accept-60000-fec-20-lost-1", 1);
    restore("accept-60000-fec-20-lost-8", 8);
    restore("accept-60000-fec-20-lost-0", 0);
}

fn tag() -> Tag {
    Tag::of("ham:opaque:bench")
}

/// Runs `body`, which handles `count` messages, nine times, each time on what `prepare` makes.
fn measure<T>(name: &str, count: usize, mut prepare: impl FnMut() -> T, mut body: impl FnMut(T) -> T) {
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let input = prepare();
            let start = Instant::now();
            let output = body(input);
            let time = start.elapsed();
            drop(black_box(output));
            time.as_nanos() as f64 / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name} {:.1}", times[times.len() / 2]);
}

fn pack(name: &str, key: Option<&GroupKey>, length: usize, fec: u8, count: usize) {
    let flow = Flow::new(tag(), key, fec, sys::random::bytes().expect("random numbers"));
    let message = vec![1; length];
    measure(name, count, Packed::default, |mut packed| {
        for _ in 0..count {
            flow.pack(black_box(&message), DATAGRAM, &mut packed);
            black_box(packed.bytes());
        }
        packed
    });
}

/// The frames of `count` messages, each in a buffer of its own.
fn frames(flow: &Flow, length: usize, count: usize) -> Vec<Vec<u8>> {
    let message = vec![1; length];
    let mut packed = Packed::default();
    let mut frames = Vec::new();
    for _ in 0..count {
        flow.pack(&message, DATAGRAM, &mut packed);
        frames.extend(packed.frames().map(<[u8]>::to_vec));
    }
    frames
}

fn take(decoder: &mut Decoder, frames: &mut [Vec<u8>]) -> usize {
    let mut messages = 0;
    for frame in frames {
        match decoder.accept(frame) {
            Accepted::Nothing => continue,
            Accepted::Whole(buffer) => decoder.recycle(buffer),
            Accepted::Message(range) | Accepted::Bundle(range) => {
                black_box(&frame[range]);
            }
        }
        messages += 1;
    }
    messages
}

fn accept(name: &str, key: Option<&GroupKey>, length: usize, count: usize) {
    let flow = Flow::new(tag(), key, 0, sys::random::bytes().expect("random numbers"));
    let mut decoder = Decoder::new(tag(), key.cloned(), LIMIT);
    measure(
        name,
        count,
        || frames(&flow, length, count),
        |mut frames| {
            assert_eq!(take(&mut decoder, &mut frames), count);
            frames
        },
    );
}

fn accept_from_several(name: &str, senders: usize) {
    let flows: Vec<Flow> = (0..senders)
        .map(|_| Flow::new(tag(), None, 0, sys::random::bytes().expect("random numbers")))
        .collect();
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let count = 20_000 / senders * senders;
    measure(
        name,
        count,
        || (0..count).flat_map(|i| frames(&flows[i % senders], 64, 1)).collect::<Vec<_>>(),
        |mut frames| {
            assert_eq!(take(&mut decoder, &mut frames), count);
            frames
        },
    );
}

fn duplicate(name: &str) {
    let flow = Flow::new(tag(), None, 0, sys::random::bytes().expect("random numbers"));
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    // The others of the window come again and again.
    let count = 4000;
    let first = frames(&flow, 64, count);
    take(&mut decoder, &mut first.clone());
    measure(
        name,
        count,
        || first.clone(),
        |mut frames| {
            assert_eq!(take(&mut decoder, &mut frames), 0);
            frames
        },
    );
}

fn foreign(name: &str) {
    let flow = Flow::new(Tag::of("ham:opaque:other"), None, 0, sys::random::bytes().expect("random numbers"));
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let count = 20_000;
    measure(
        name,
        count,
        || frames(&flow, 64, count),
        |mut frames| {
            assert_eq!(take(&mut decoder, &mut frames), 0);
            frames
        },
    );
}

fn bundled(name: &str) {
    let flow = Flow::new(tag(), None, 0, sys::random::bytes().expect("random numbers"));
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let mut entries = Vec::new();
    let each = (DATAGRAM - flow.overhead()) / (64 + 2);
    (0..each).for_each(|_| bundle::push(&mut entries, &[1; 64]));
    let bundles = 1000;
    let prepare = || {
        let mut packed = Packed::default();
        let mut frames = Vec::new();
        for _ in 0..bundles {
            flow.pack_bundle(&entries, &mut packed);
            frames.push(packed.bytes().to_vec());
        }
        frames
    };
    measure(name, bundles * each, prepare, |mut frames| {
        let mut messages = 0;
        for frame in &mut frames {
            let Accepted::Bundle(range) = decoder.accept(frame) else { continue };
            let entries = &frame[range];
            for range in bundle::messages(entries) {
                black_box(&entries[range]);
                messages += 1;
            }
        }
        assert_eq!(messages, bundles * each);
        frames
    });
}

fn restore(name: &str, lost: usize) {
    let flow = Flow::new(tag(), None, 20, sys::random::bytes().expect("random numbers"));
    let mut decoder = Decoder::new(tag(), None, LIMIT);
    let count = 100;
    let message = vec![1; 60_000];
    let prepare = || {
        let mut packed = Packed::default();
        let mut left = Vec::new();
        for _ in 0..count {
            flow.pack(&message, DATAGRAM, &mut packed);
            let frames = packed.frames().enumerate();
            left.extend(frames.filter(|(i, _)| i % 5 != 3 || i / 5 >= lost).map(|(_, frame)| frame.to_vec()));
        }
        left
    };
    measure(name, count, prepare, |mut frames| {
        assert_eq!(take(&mut decoder, &mut frames), count);
        frames
    });
}
