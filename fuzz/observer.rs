//! What holds for any bytes that are heard as packets, one after the other. The fuzz target and the tests share it.

use ham::membership::known::RemoteChange;
use ham::membership::observer::hosts::Hosts;
use ham::membership::observer::packet::{self, sum};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Panics when a rule is broken. Gives how many packets were understood. In the bytes each packet follows its length and
/// the seconds that pass before it.
pub fn check(mut bytes: &[u8]) -> usize {
    let mut hosts = Hosts::default();
    let mut now = Instant::now();
    let (mut known, mut out) = (HashSet::new(), Vec::new());
    let mut understood = 0;
    while let [length, seconds, rest @ ..] = bytes {
        let (packet, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        now += Duration::from_secs(u64::from(*seconds));
        hosts.due(now, &mut out);
        for packet in [packet.to_vec(), sealed(packet)] {
            if let Some(heard) = packet::read(&packet) {
                assert!(!heard.from.is_multicast());
                hosts.heard(now, 2, &heard, &mut out);
                understood += 1;
            }
        }
        for change in out.drain(..) {
            // Each is told once, and what ends was there.
            match change {
                RemoteChange::Came(state, node) => assert!(known.insert((state, node))),
                RemoteChange::Went(state, node) => assert!(known.remove(&(state, node))),
                RemoteChange::Vanished(_) => panic!("nothing vanishes by itself"),
            }
        }
    }
    // In the end all of it has grown old: the longest interval seven times.
    hosts.due(now + Duration::from_secs(8 * 31_744), &mut out);
    assert_eq!(known.len(), out.len());
    assert_eq!(hosts.deadline(), None);
    understood
}

/// With the lengths, hop limit and checksums of a packet from the link, so that what is behind them is reached.
fn sealed(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let length = packet.len();
    match packet.first().map(|byte| byte >> 4) {
        Some(4) if length >= 28 => {
            let header = (usize::from(packet[0] & 15) * 4).clamp(20, length - 8);
            packet[0] = 0x40 | (header / 4) as u8;
            packet[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            (packet[6], packet[7], packet[8]) = (0, 0, 1);
            put(&mut packet[..header], 10, 0);
            put(&mut packet[header..], 2, 0);
        }
        Some(6) if length >= 56 => {
            packet[4..6].copy_from_slice(&(length as u16 - 40).to_be_bytes());
            (packet[6], packet[7]) = (0, 1);
            (packet[8], packet[9]) = (0xfe, 0x80);
            packet[40..48].copy_from_slice(&[58, 0, 5, 2, 0, 0, 1, 0]);
            let pseudo = sum(&packet[8..40], (length - 48) as u32 + 58);
            put(&mut packet[48..], 2, pseudo);
        }
        _ => {}
    }
    packet
}

fn put(bytes: &mut [u8], at: usize, begin: u16) {
    bytes[at..at + 2].fill(0);
    let check = !sum(bytes, begin.into());
    bytes[at..at + 2].copy_from_slice(&check.to_be_bytes());
}
