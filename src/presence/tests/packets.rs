//! The bytes of `docs/presence.md`, and others.

use super::{BOTH, LISTENER, group};
use crate::frame::GroupKey;
use crate::frame::seal::Algorithm;
use crate::presence::packet::{
    Announce, Body, GAPS_MAX, NodeId, PACKET_MAX, Packet, PacketRefusal, Record, Seal, Span,
};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn node() -> NodeId {
    NodeId(std::array::from_fn(|i| 0x10 + i as u8))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn announcement() -> Packet {
    let record = |slot, version, group| Arc::new(Record::new(slot, version, group));
    let records = vec![
        record(0, 5, Some(group("ham:opaque:news", "239.192.1.2", BOTH))),
        record(1, 6, None),
        record(2, 7, Some(group("ham:ip:[ff15::5]", "ff15::5", LISTENER))),
    ];
    let digest = records.iter().map(|record| record.hash).fold(0, u64::wrapping_add);
    let announce = Announce {
        interval: Duration::from_millis(1000),
        priority: 3,
        slots: 3,
        version: 7,
        digest,
        covers: Span { after: 4, last: 7 },
        records,
    };
    Packet { node: node(), number: 9, body: Body::Announce(announce) }
}

fn request() -> Packet {
    let gaps = vec![Span { after: 0, last: 3 }, Span { after: 5, last: 6 }];
    Packet { node: node(), number: 10, body: Body::Request { target: NodeId([0xaa; 16]), gaps } }
}

fn bye() -> Packet {
    Packet { node: node(), number: 11, body: Body::Bye }
}

fn seal(algorithm: Algorithm) -> Seal {
    Seal::new(GroupKey::new(algorithm, std::array::from_fn(|i| i as u8)))
}

/// The examples of `docs/presence.md`: each is a block that begins with its name.
#[test]
fn the_examples_of_the_specification_are_these() {
    let text = include_str!("../../../docs/presence.md");
    let example = |name: &str| -> String {
        let (_, rest) = text.split_once(&format!("```text {name}\n")).unwrap_or_else(|| panic!("{name}"));
        let (block, _) = rest.split_once("```").expect("the block's end");
        block.chars().filter(|c| !c.is_whitespace()).collect()
    };
    for (name, packet) in [("announcement", announcement()), ("request", request()), ("bye", bye())] {
        let mut bytes = packet.write(FROM, None);
        assert_eq!(hex(&bytes), example(name), "{name}");
        assert_eq!(bytes.len(), packet.length());
        assert_eq!(Packet::read(&mut bytes, FROM, None), Ok(packet));
    }
    let seal = seal(Algorithm::ChaCha20Poly1305);
    let key = seal.of(&node());
    assert_eq!(hex(&request().write(FROM, Some((&seal, &key)))), example("sealed request"));
}

#[test]
fn sealed_packets_open_with_the_key_from_the_address_only() {
    for algorithm in Algorithm::ALL {
        let seal = seal(algorithm);
        let key = seal.of(&node());
        for packet in [announcement(), request(), bye()] {
            let sealed = packet.write(FROM, Some((&seal, &key)));
            let read = |bytes: &[u8], from: IpAddr, seal: Option<(&Seal, &_)>| {
                Packet::read(&mut bytes.to_vec(), from, seal)
            };
            assert_eq!(read(&sealed, FROM, Some((&seal, &key))), Ok(packet.clone()));
            let elsewhere = "10.0.0.2".parse().unwrap();
            assert_eq!(read(&sealed, elsewhere, Some((&seal, &key))), Err(PacketRefusal::Forged));
            assert_eq!(read(&sealed, FROM, None), Err(PacketRefusal::Sealed));
            assert_eq!(read(&packet.write(FROM, None), FROM, Some((&seal, &key))), Err(PacketRefusal::Plain));
            let other = Seal::new(GroupKey::new(algorithm, [9; 32]));
            assert_eq!(read(&sealed, FROM, Some((&other, &other.of(&node())))), Err(PacketRefusal::Forged));
            for i in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[i] ^= 0x10;
                assert!(read(&changed, FROM, Some((&seal, &key))).is_err(), "byte {i}");
            }
        }
    }
}

#[test]
fn what_is_not_of_this_version_is_refused() {
    let bytes = announcement().write(FROM, None);
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Packet::read(&mut bytes, FROM, None).unwrap_err()
    };
    assert_eq!(with(0, 2), PacketRefusal::Version(2));
    assert_eq!(with(1, 0), PacketRefusal::Unknown);
    assert_eq!(with(1, 4), PacketRefusal::Unknown);
    assert_eq!(with(2, 0x02), PacketRefusal::Unknown);
    assert_eq!(with(2, 0x01), PacketRefusal::Malformed);
    assert_eq!(with(3, 1), PacketRefusal::Malformed);
    // Reserved, interval 0, a role of a later version, an address that is no group's, slots and versions out of order.
    for (at, byte) in [(31, 1), (79, 1), (78, 0x08), (78, 0x04), (80, 10), (77, 9), (75, 8), (28 + 5, 2)] {
        assert_eq!(with(at, byte), PacketRefusal::Malformed, "byte {at}");
    }
    let mut none = bytes.clone();
    none[28..30].fill(0);
    assert_eq!(Packet::read(&mut none, FROM, None), Err(PacketRefusal::Malformed));
}

#[test]
fn a_name_of_a_later_libham_takes_its_slot_and_counts() {
    let mut packet = announcement();
    let mut bytes = packet.write(FROM, None);
    let at = bytes.windows(4).position(|four| four == b"ham:").unwrap();
    bytes[at..at + 4].copy_from_slice(b"HAM:");
    let Ok(Packet { body: Body::Announce(read), .. }) = Packet::read(&mut bytes, FROM, None) else {
        panic!()
    };
    let Body::Announce(sent) = &mut packet.body else { panic!() };
    assert_eq!((read.records.len(), &read.records[0].group), (3, &None));
    assert!(read.records[0].hash != 0 && read.records[0].hash != sent.records[0].hash);
    assert_eq!(read.records[1..], sent.records[1..]);
}

#[test]
fn every_cut_and_every_byte_too_many_is_malformed() {
    for packet in [announcement(), request(), bye()] {
        let bytes = packet.write(FROM, None);
        for end in 0..bytes.len() {
            assert_eq!(
                Packet::read(&mut bytes[..end].to_vec(), FROM, None),
                Err(PacketRefusal::Malformed),
                "{end}"
            );
        }
        let mut more = bytes.clone();
        more.push(0);
        assert_eq!(Packet::read(&mut more, FROM, None), Err(PacketRefusal::Malformed));
    }
}

#[test]
fn a_request_names_its_gaps_in_order_and_not_too_many() {
    let with = |gaps: Vec<Span>| {
        let packet = Packet { body: Body::Request { target: node(), gaps }, ..request() };
        Packet::read(&mut packet.write(FROM, None), FROM, None)
    };
    let gap = |after, last| Span { after, last };
    assert!(with(vec![]).is_ok() && with(vec![Span::ALL]).is_ok());
    for bad in [vec![gap(3, 3)], vec![gap(4, 3)], vec![gap(0, 3), gap(3, 4)], vec![gap(5, 6), gap(0, 3)]] {
        assert_eq!(with(bad), Err(PacketRefusal::Malformed));
    }
    let many: Vec<Span> = (0..100).map(|i| gap(2 * i, 2 * i + 1)).collect();
    let Ok(Packet { body: Body::Request { gaps, .. }, .. }) = with(many.clone()) else { panic!() };
    assert_eq!(gaps, many[..GAPS_MAX]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_read_is_written_alike(
        which in 0usize..3,
        edits in prop::collection::vec((0usize..400, any::<u8>()), 0..6),
    ) {
        let mut bytes = [announcement(), request(), bye()][which].write(FROM, None);
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(packet) = Packet::read(&mut bytes, FROM, None) {
            let known = match &packet.body {
                Body::Announce(announce) => announce.records.iter().all(|r| r.group.is_some() || r.hash == 0),
                _ => true,
            };
            if known {
                prop_assert_eq!(&packet.write(FROM, None), &bytes);
            }
            prop_assert!(packet.length() <= PACKET_MAX || bytes.len() > PACKET_MAX);
        }
    }

    #[test]
    fn no_bytes_are_too_wild(mut bytes in prop::collection::vec(any::<u8>(), 0..1400), v in any::<bool>()) {
        if v && bytes.len() > 3 {
            bytes[..4].copy_from_slice(&[1, 1, 0, 0]);
        }
        let seal = seal(Algorithm::Aes256Gcm);
        let key = seal.of(&node());
        prop_assert!(Packet::read(&mut bytes.clone(), FROM, Some((&seal, &key))).is_err());
        let _ = Packet::read(&mut bytes, FROM, None);
    }
}
