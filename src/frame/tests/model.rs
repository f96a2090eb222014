//! The decoder against a model of docs/wire-format.md that keeps everything in plain collections, under loss,
//! duplication, reordering, several senders and forged frames.

use super::*;
use proptest::prelude::*;
use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{HighRateDecoder, RateDecoder};
use std::collections::{HashMap, HashSet};

struct Model {
    tag: Tag,
    key: Option<GroupKey>,
    senders: HashMap<Vec<u8>, Sender>,
    counts: FrameCounts,
}

#[derive(Default)]
struct Sender {
    first: u64,
    heard: u64,
    delivered: HashSet<u64>,
    /// The stalest first.
    unfinished: Vec<Unfinished>,
}

struct Unfinished {
    sequence: u64,
    /// Message length, fragment size, parity.
    division: (usize, usize, usize),
    fragments: HashMap<usize, Vec<u8>>,
}

impl Model {
    fn accept(&mut self, frame: &[u8]) -> Got {
        self.take(frame).unwrap_or_else(|| {
            self.counts.refused += 1;
            Got::Nothing
        })
    }

    /// None when the frame is refused.
    fn take(&mut self, frame: &[u8]) -> Option<Got> {
        let number = |range: Range<usize>| {
            frame
                .get(range)
                .map(|bytes| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)))
        };
        number(0..44)?;
        if frame[0] != 1 {
            return None;
        }
        if frame[4..20] != self.tag.0 {
            return Some(Got::Nothing);
        }
        let (flags, sequence) = (frame[1], number(36..44)?);
        let (is_fragment, is_bundle, is_sealed) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        if flags > 7 || (is_fragment && is_bundle) || is_sealed != (frame[3] != 0) || sequence == 0 {
            return None;
        }
        let head = if is_fragment { 56 } else { 44 };
        let text = frame.len().checked_sub(head)?.checked_sub(if is_sealed { 16 } else { 0 })?;
        let mut index = 0;
        let mut division = (0, 0, 0);
        if is_fragment {
            let [length, size, at, parity, zero] =
                [44..48, 48..50, 50..52, 52..54, 54..56].map(|range| number(range).unwrap_or(0) as usize);
            if length > 65507 || size < 64 || size >= length || (parity > 0 && size % 2 == 1) || zero != 0 {
                return None;
            }
            let data = length.div_ceil(size);
            let full = parity > 0 || at + 1 < data;
            let expected = if full { size } else { length - (data - 1) * size };
            if parity > data || at >= data + parity || text != expected {
                return None;
            }
            (index, division) = (at, (length, size, parity));
        }
        if self.key.as_ref().map_or(0, |key| key.algorithm().code()) != frame[3] {
            return None;
        }
        let id = frame[20..36].to_vec();
        if let Some(sender) = self.senders.get(&id) {
            let highest = sender.delivered.iter().max().copied().unwrap_or(0);
            if sender.delivered.contains(&sequence) || highest.saturating_sub(sequence) >= 4096 {
                self.counts.duplicates += u64::from(index == 0);
                return Some(Got::Nothing);
            }
        }
        let mut payload = frame[head..head + text].to_vec();
        if let Some(key) = &self.key {
            let mut aad = frame[..head].to_vec();
            aad[2] = 0;
            let mut nonce = (index as u32).to_be_bytes().to_vec();
            nonce.extend(sequence.to_be_bytes());
            let key = key.sender_key(&self.tag, frame[20..36].try_into().unwrap());
            let seal = frame[head + text..].try_into().unwrap();
            if !key.open(nonce[..].try_into().unwrap(), &aad, &mut payload, seal) {
                return None;
            }
        }
        let bundle = if is_bundle { Some(entries(&payload)?) } else { None };
        let new = Sender { first: sequence, heard: sequence - 1, ..Sender::default() };
        let sender = self.senders.entry(id).or_insert(new);
        sender.heard = sender.heard.max(sequence);
        let got = if is_fragment {
            sender.assemble(sequence, division, index, payload, &mut self.counts)?
        } else {
            bundle.map_or(Got::Message(payload), Got::Bundle)
        };
        if got != Got::Nothing {
            sender.delivered.insert(sequence);
            sender.unfinished.retain(|one| one.sequence != sequence);
        }
        Some(got)
    }

    fn counts(&self) -> FrameCounts {
        let lost = |sender: &Sender| {
            let delivered = sender.delivered.iter().filter(|sequence| **sequence >= sender.first).count();
            (sender.heard - (sender.first - 1)) - delivered as u64
        };
        let lost = self.senders.values().map(lost).fold(0, u64::saturating_add);
        FrameCounts { lost, ..self.counts }
    }
}

impl Sender {
    fn assemble(
        &mut self,
        sequence: u64,
        division: (usize, usize, usize),
        index: usize,
        payload: Vec<u8>,
        counts: &mut FrameCounts,
    ) -> Option<Got> {
        let at = self.unfinished.iter().position(|one| one.sequence == sequence);
        let one = match at {
            Some(at) => self.unfinished.remove(at),
            None => Unfinished { sequence, division, fragments: HashMap::new() },
        };
        if self.unfinished.len() == 8 {
            self.unfinished.remove(0);
            counts.incomplete += 1;
        }
        self.unfinished.push(one);
        let one = self.unfinished.last_mut().unwrap();
        if one.division != division {
            return None;
        }
        let (length, size, parity) = division;
        let data = length.div_ceil(size);
        if one.fragments.contains_key(&index) {
            counts.duplicates += u64::from(index == 0);
            return Some(Got::Nothing);
        }
        one.fragments.insert(index, payload);
        if one.fragments.len() < data {
            return Some(Got::Nothing);
        }
        let mut message = vec![0; data * size];
        if parity > 0 {
            // The padding counts as zero, whatever was sent.
            if let Some(last) = one.fragments.get_mut(&(data - 1)) {
                last[length - (data - 1) * size..].fill(0);
            }
            let mut code = HighRateDecoder::new(data, parity, size, DefaultEngine::new(), None).unwrap();
            for (index, fragment) in &one.fragments {
                match index.checked_sub(data) {
                    None => code.add_original_shard(*index, fragment).unwrap(),
                    Some(number) => code.add_recovery_shard(number, fragment).unwrap(),
                }
            }
            for (index, fragment) in code.decode().unwrap().restored_original_iter() {
                one.fragments.insert(index, fragment.to_vec());
            }
        }
        for (index, fragment) in one.fragments.iter().filter(|(index, _)| **index < data) {
            message[index * size..][..fragment.len()].copy_from_slice(fragment);
        }
        message.truncate(length);
        Some(Got::Message(message))
    }
}

fn entries(mut payload: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !payload.is_empty() {
        let length = usize::from(*payload.first()?) << 8 | usize::from(*payload.get(1)?);
        entries.push(payload.get(2..2 + length)?.to_vec());
        payload = &payload[2 + length..];
    }
    (!entries.is_empty()).then_some(entries)
}

/// What is sent by several senders, as it arrives.
fn arrivals(key: Option<&GroupKey>, random: &mut Random) -> Vec<Vec<u8>> {
    let mut packed = Packed::default();
    let senders = 1 + random.below(3);
    let mut flows = Vec::new();
    for id in 0..senders {
        let first = [1, 1, 4000, u64::MAX - 60][random.below(4)];
        let fec = [0, 0, 10, 50, 100][random.below(5)];
        flows.push(Flow::resume(tag(), key, fec, [id as u8; 16], first));
    }
    let mut sent = Vec::new();
    for _ in 0..50 {
        let flow = &flows[random.below(senders)];
        let length = [0, 20, 300, 700, 2000][random.below(5)] + random.below(100);
        let content = random.bytes(length);
        if random.below(8) == 0 {
            let mut entries = Vec::new();
            content.chunks(random.below(100) + 1).for_each(|message| bundle::push(&mut entries, message));
            flow.pack_bundle(&entries, &mut packed);
        } else {
            flow.pack(&content, 256 + random.below(300), &mut packed);
        }
        sent.extend(packed.frames().map(<[u8]>::to_vec));
    }
    let (loss, copies, forged) = (random.below(30), random.below(30), random.below(20));
    let distance = [1, 4, 40][random.below(3)];
    let mut arriving = Vec::new();
    for (place, frame) in sent.into_iter().enumerate() {
        if random.below(100) < forged {
            let mut forgery = frame.clone();
            forge(&mut forgery, random);
            arriving.push((place + random.below(distance), forgery));
        }
        if random.below(100) < copies {
            arriving.push((place + random.below(2 * distance), frame.clone()));
        }
        if random.below(100) >= loss {
            arriving.push((place + random.below(distance), frame));
        }
    }
    arriving.sort_by_key(|(place, _)| *place);
    arriving.into_iter().map(|(_, frame)| frame).collect()
}

fn forge(frame: &mut Vec<u8>, random: &mut Random) {
    let at = match random.below(3) {
        0 => random.below(frame.len()),
        1 => random.below(FRAGMENT_HEADER.min(frame.len())),
        _ => 36 + random.below(8),
    };
    match random.below(6) {
        0 => frame.truncate(at),
        1 => frame.push(0),
        2 => frame[at] = random.below(256) as u8,
        3 => frame[36..44].fill(0xff),
        _ => frame[at] ^= 1 << random.below(8),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_decoder_does_as_the_model(seed in 1u64.., which in 0usize..4) {
        let key = keys()[which.saturating_sub(1)].clone();
        let mut random = Random(seed);
        let mut decoder = Decoder::new(tag(), key.clone(), 1 << 30);
        let mut model = Model { tag: tag(), key: key.clone(), senders: HashMap::new(), counts: FrameCounts::default() };
        for (place, frame) in arrivals(key.as_ref(), &mut random).iter().enumerate() {
            let header = &frame[..frame.len().min(FRAGMENT_HEADER)];
            prop_assert_eq!(accept(&mut decoder, frame), model.accept(frame), "{}: {:02x?}", place, header);
            prop_assert_eq!(decoder.counts(), model.counts(), "{}: {:02x?}", place, header);
        }
    }
}
