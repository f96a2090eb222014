//! What holds for any bytes given to a presence `Link` as packets. The fuzz target and a test share it.

use ham::frame::GroupKey;
use ham::frame::seal::Algorithm;
use ham::presence::packet::PACKET_MAX;
use ham::presence::{Link, LinkSettings, MEMORY_MAX, NODES_MAX, NodeId};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Panics when a rule is broken. The bytes are packets: a byte of origin and time, two bytes of length, then the packet.
/// Returns how many nodes are known in the end.
pub fn check(bytes: &[u8]) -> usize {
    let mut now = Instant::now();
    let key = (bytes.first() == Some(&0xff)).then(|| GroupKey::new(Algorithm::ChaCha20Poly1305, [7; 32]));
    let priority = bytes.first().map_or(0, |first| first & 2);
    let settings = LinkSettings { key, priority, ..LinkSettings::default() };
    let mut link = Link::new(settings, NodeId([1; 16]), 1, IpAddr::from([10, 0, 0, 1]), now);
    let mut rest = bytes;
    while let Some(([how, high, low], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high & 7, *low])).min(after.len());
        let (packet, after) = after.split_at(length);
        rest = after;
        now += Duration::from_millis(u64::from(how >> 2) * 50);
        link.receive(now, IpAddr::from([10, 0, 0, 2 + (how & 3)]), &mut packet.to_vec());
        link.due(now);
        assert!(link.deadline().is_none_or(|next| next > now), "it never rests");
        while let Some(packet) = link.next_packet() {
            assert!(link.write(&packet).len() <= PACKET_MAX);
        }
        while let Some(change) = link.next_change() {
            assert!(change.group.name.starts_with("ham:") && change.group.address.is_multicast());
            assert!(!change.group.roles.is_none());
        }
        assert!(link.neighbors().count() <= NODES_MAX && link.memory() <= MEMORY_MAX);
        if let Some(roster) = link.take_roster() {
            assert_eq!(roster.others.len(), link.neighbors().count());
        }
    }
    link.neighbors().count()
}
