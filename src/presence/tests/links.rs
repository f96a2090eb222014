//! A few nodes on a LAN.

use super::lan::{FLIGHT, Lan, address, id};
use super::{BOTH, LISTENER, SENDER, numbered};
use crate::frame::GroupKey;
use crate::frame::seal::Algorithm;
use crate::presence::packet::{Body, NodeId, Packet, PlacedGroup};
use crate::presence::{Change, Link, LinkSettings, Neighbor};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// The changes at every member, in their order, as "member: +name roles of node".
fn record(lan: &mut Lan) -> Rc<RefCell<Vec<(usize, Change)>>> {
    let all = Rc::<RefCell<Vec<_>>>::default();
    let notes = all.clone();
    lan.changed = Box::new(move |member, change| notes.borrow_mut().push((member, change)));
    all
}

fn change(of: usize, group: PlacedGroup, came: bool) -> Change {
    Change { node: id(of), address: address(of), group, came }
}

#[test]
fn a_join_and_a_leave_are_told_within_milliseconds() {
    let mut lan = Lan::new();
    let changes = record(&mut lan);
    let (a, b) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    lan.run(SECOND);
    lan.set(a, &[numbered(1, LISTENER)]);
    lan.run(3 * MS);
    assert_eq!(changes.take(), [(b, change(a, numbered(1, LISTENER), true))]);
    lan.run(100 * MS);
    lan.set(a, &[numbered(1, BOTH), numbered(2, SENDER)]);
    lan.run(3 * MS);
    let came = [numbered(1, SENDER), numbered(2, SENDER)].map(|group| (b, change(a, group, true)));
    assert_eq!(changes.take(), came);
    lan.run(100 * MS);
    lan.set(a, &[numbered(1, SENDER)]);
    lan.run(3 * MS);
    let mut went = changes.take();
    went.sort_by_key(|(_, change)| change.group.name.clone());
    let expected = [numbered(1, LISTENER), numbered(2, SENDER)].map(|group| (b, change(a, group, false)));
    assert_eq!(went, expected);
    lan.run(100 * MS);
    lan.set(a, &[]);
    lan.run(3 * MS);
    assert_eq!(changes.take(), [(b, change(a, numbered(1, SENDER), false))]);
    assert_eq!(lan.link(b).neighbors().count(), 0);
}

#[test]
fn a_node_in_no_group_only_asks_once_and_one_that_is_not_curious_says_nothing() {
    let mut lan = Lan::new();
    lan.add(LinkSettings::default());
    lan.add(LinkSettings { curious: false, ..LinkSettings::default() });
    lan.run(60 * SECOND);
    assert_eq!(lan.packets, 1);
}

#[test]
fn changes_in_a_burst_share_packets() {
    let mut lan = Lan::new();
    lan.add(LinkSettings::default());
    let a = lan.add(LinkSettings::default());
    lan.run(SECOND);
    let before = lan.packets;
    for i in 0..2000 {
        lan.set(a, &(0..=i / 20).map(|i| numbered(i, LISTENER)).collect::<Vec<_>>());
        lan.run(MS / 10);
    }
    // 200 ms, one packet in each 20.
    assert!(lan.packets - before <= 11, "{}", lan.packets - before);
    lan.run(50 * MS);
    assert_eq!(lan.behind(), 0);
}

#[test]
fn two_thousand_groups_at_once_are_all_known() {
    let mut lan = Lan::new();
    let (a, b) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    lan.loss = 50;
    lan.run(SECOND);
    lan.set(a, &(0..2000).map(|i| numbered(i, LISTENER)).collect::<Vec<_>>());
    lan.run(4 * SECOND);
    assert_eq!(lan.behind(), 0);
    assert_eq!(lan.link(b).state_of(&id(a)).unwrap().groups().count(), 2000);
}

#[test]
fn a_late_comer_learns_what_there_is() {
    let mut lan = Lan::new();
    for i in 0..10 {
        let member = lan.add(LinkSettings::default());
        lan.set(member, &(0..50).map(|n| numbered(100 * i + n, LISTENER)).collect::<Vec<_>>());
    }
    lan.run(10 * SECOND);
    assert_eq!(lan.behind(), 0);
    lan.add(LinkSettings::default());
    lan.run(300 * MS);
    assert_eq!(lan.behind(), 0);
}

#[test]
fn one_that_becomes_curious_learns_what_there_is() {
    let mut lan = Lan::new();
    let a = lan.add(LinkSettings::default());
    lan.set(a, &[numbered(1, LISTENER)]);
    let b = lan.add(LinkSettings { curious: false, ..LinkSettings::default() });
    lan.run(10 * SECOND);
    let changes = record(&mut lan);
    lan.with(b, |link, now| link.be_curious(now));
    lan.run(100 * MS);
    assert_eq!(changes.take(), [(b, change(a, numbered(1, LISTENER), true))]);
}

#[test]
fn a_lost_change_is_made_up_for() {
    let mut lan = Lan::new();
    let (a, _) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    lan.set(a, &[numbered(1, LISTENER)]);
    lan.run(SECOND);
    lan.loss = 1000;
    lan.set(a, &[numbered(1, LISTENER), numbered(2, LISTENER)]);
    lan.run(10 * MS);
    lan.loss = 0;
    assert_eq!(lan.behind(), 1);
    // The refresh that confirms, the request, the answer.
    lan.run(400 * MS);
    assert_eq!(lan.behind(), 0);
}

#[test]
fn a_crashed_node_is_forgotten_after_three_intervals() {
    let mut lan = Lan::new();
    let (a, b) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    lan.set(a, &[numbered(1, LISTENER)]);
    lan.run(10 * SECOND);
    let changes = record(&mut lan);
    lan.crash(a);
    lan.run(2 * SECOND);
    assert_eq!(changes.take(), []);
    lan.run(SECOND + FLIGHT);
    assert_eq!(changes.take(), [(b, change(a, numbered(1, LISTENER), false))]);
}

#[test]
fn a_node_that_is_only_hard_to_hear_is_asked_before_it_is_forgotten() {
    let mut lan = Lan::new();
    let (a, _) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    lan.set(a, &[numbered(1, LISTENER)]);
    lan.run(10 * SECOND);
    let changes = record(&mut lan);
    // Nothing of a second and a half, and more, arrives.
    lan.loss = 1000;
    lan.run(1500 * MS);
    lan.loss = 0;
    lan.run(20 * SECOND);
    assert_eq!(changes.take(), []);
}

#[test]
fn nobody_is_forgotten_for_a_pause_of_ones_own() {
    let mut now = Instant::now();
    let [mut us, mut other] = [0, 1].map(|i| Link::new(LinkSettings::default(), id(i), 1, address(i), now));
    other.set_groups(now, &[numbered(1, LISTENER)]);
    let mut said = Vec::new();
    let end = now + 10 * SECOND;
    while let Some(at) = other.deadline().filter(|at| *at < end) {
        other.due(at);
        said.extend(std::iter::from_fn(|| other.next_packet()).map(|packet| (at, packet)));
    }
    let (before, meanwhile) = said.split_at(said.iter().position(|(at, _)| *at > now + SECOND).unwrap());
    for (at, packet) in before {
        us.hear(*at, address(1), packet, 100);
        us.due(*at);
    }
    assert_eq!(us.next_change().map(|change| change.came), Some(true));
    // Ten seconds later what was said meanwhile is there to be read, but not read yet.
    now = end;
    us.due(now);
    assert_eq!(us.next_change(), None);
    for (_, packet) in meanwhile {
        us.hear(now, address(1), packet, 100);
    }
    // Now it is silent indeed.
    while us.neighbors().count() > 0 {
        now = us.deadline().unwrap();
        us.due(now);
    }
    assert_eq!(us.next_change().map(|change| change.came), Some(false));
    assert!(now <= end + 4 * SECOND);
}

#[test]
fn an_old_packet_brings_nobody_back() {
    let now = Instant::now();
    let mut link = Link::new(LinkSettings::default(), id(0), 1, address(0), now);
    let mut other = Link::new(LinkSettings::default(), id(1), 2, address(1), now);
    other.set_groups(now, &[numbered(1, LISTENER)]);
    other.due(now + 10 * MS);
    let said =
        std::iter::from_fn(|| other.next_packet()).find(|p| matches!(p.body, Body::Announce(_))).unwrap();
    let hear =
        |link: &mut Link, packet: &Packet| link.receive(now, address(1), &mut packet.write(address(1), None));
    hear(&mut link, &said);
    assert_eq!(link.neighbors().count(), 1);
    other.end(now);
    let bye = std::iter::from_fn(|| other.next_packet()).last().unwrap();
    // Only the node itself can say it, and only once.
    link.receive(now, address(2), &mut bye.write(address(1), None));
    hear(&mut link, &Packet { number: said.number, ..bye.clone() });
    assert_eq!(link.neighbors().count(), 1);
    hear(&mut link, &bye);
    assert_eq!(link.neighbors().count(), 0);
    hear(&mut link, &said);
    assert_eq!(link.neighbors().count(), 0);
    hear(&mut link, &Packet { number: bye.number + 1, ..said });
    assert_eq!(link.neighbors().count(), 1);
}

#[test]
fn one_that_leaves_its_last_group_and_joins_again_is_heard_again() {
    let mut lan = Lan::new();
    let (a, _) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    for _ in 0..3 {
        lan.set(a, &[numbered(1, LISTENER), numbered(2, LISTENER)]);
        lan.run(30 * MS);
        assert_eq!(lan.behind(), 0);
        assert_eq!(lan.link(1).neighbors().count(), 1);
        lan.set(a, &[]);
        lan.run(30 * MS);
        assert_eq!(lan.link(1).neighbors().count(), 0);
    }
    let changes = record(&mut lan);
    lan.set(a, &[numbered(3, LISTENER)]);
    // The second farewell of the last time must not come.
    lan.run(SECOND);
    assert_eq!(changes.take(), [(1, change(a, numbered(3, LISTENER), true))]);
    assert_eq!(lan.behind(), 0);
}

#[test]
fn with_a_key_only_those_who_have_it_are_heard() {
    let now = Instant::now();
    let key = |byte| Some(GroupKey::new(Algorithm::ChaCha20Poly1305, [byte; 32]));
    let link = |key, i| Link::new(LinkSettings { key, ..LinkSettings::default() }, id(i), 1, address(i), now);
    let packet = |mut link: Link| -> Vec<u8> {
        link.set_groups(now, &[numbered(1, LISTENER)]);
        link.due(now + 10 * MS);
        let said = std::iter::from_fn(|| link.next_packet()).find(|p| matches!(p.body, Body::Announce(_)));
        link.write(&said.unwrap())
    };
    for (theirs, ours, heard) in
        [(key(1), key(1), 1), (key(2), key(1), 0), (None, key(1), 0), (key(1), None, 0), (None, None, 1)]
    {
        let mut us = link(ours, 0);
        let mut bytes = packet(link(theirs, 1));
        // A second packet of a node that is known is opened with the key that is kept.
        us.receive(now, address(1), &mut bytes.clone());
        us.receive(now, address(1), &mut bytes);
        assert_eq!(us.neighbors().count(), heard);
        assert_eq!(us.counts().refused, if heard == 0 { 2 } else { 0 });
    }
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let now = Instant::now();
    let mut link = Link::new(LinkSettings::default(), id(0), 1, address(0), now);
    let long = format!("ham:opaque:{}", "x".repeat(1000));
    for node in 2..=6000u128 {
        let mut own = crate::presence::own::Own::default();
        own.set(&[PlacedGroup { name: long.as_str().into(), ..numbered(1, LISTENER) }]);
        let body = Body::Announce(own.announce(crate::presence::packet::Span::ALL, 1100));
        let packet = Packet { node: NodeId(node.to_be_bytes()), number: 1, body };
        link.hear(now, address(1), &packet, 1100);
    }
    assert_eq!(link.neighbors().count(), crate::presence::NODES_MAX);
    assert!(link.memory() <= crate::presence::MEMORY_MAX);
    assert_eq!(link.counts().left_out, 5999 - crate::presence::NODES_MAX as u64);
    let mut own = crate::presence::own::Own::default();
    let many = (0..60_000)
        .map(|i| PlacedGroup { name: format!("{long}{i}")[..900].into(), ..numbered(i, LISTENER) });
    own.set(&many.collect::<Vec<_>>());
    let mut after = 0;
    let mut number = 1;
    while after < own.version() {
        let announce = own.announce(crate::presence::packet::Span { after, last: u64::MAX }, 1100);
        (after, number) = (announce.covers.last, number + 1);
        let packet = Packet { node: NodeId(2u128.to_be_bytes()), number, body: Body::Announce(announce) };
        link.hear(now, address(1), &packet, 1100);
    }
    assert!(link.memory() <= crate::presence::MEMORY_MAX / 4 + 2 * crate::presence::NODES_MAX * 1200);
}

#[test]
fn the_forwarder_is_the_one_of_the_highest_priority_and_then_of_the_lowest_address() {
    let mut lan = Lan::new();
    let forwarder = |lan: &Lan| -> Option<IpAddr> { lan.link(0).roster().forwarder(lan.now) };
    for (priority, expected) in [(0, None), (5, Some(1)), (9, Some(2)), (9, Some(2)), (1, Some(2))] {
        let member = lan.add(LinkSettings { priority, ..LinkSettings::default() });
        lan.set(member, &[numbered(1, LISTENER)]);
        lan.run(SECOND);
        assert_eq!(forwarder(&lan), expected.map(address));
    }
    lan.leave(2);
    lan.run(SECOND);
    assert_eq!(forwarder(&lan), Some(address(3)));
}

#[test]
fn a_node_with_a_priority_says_so_in_no_group() {
    let mut lan = Lan::new();
    let b = lan.add(LinkSettings::default());
    let a = lan.add(LinkSettings { priority: 7, ..LinkSettings::default() });
    let there =
        |lan: &Lan| lan.link(b).neighbors().map(|(_, of, priority)| (of, priority)).collect::<Vec<_>>();
    lan.run(60 * MS);
    assert_eq!(there(&lan), [(address(a), 7)]);
    lan.run(60 * SECOND);
    assert_eq!(there(&lan), [(address(a), 7)]);
    // In a group for a while: it stays when that ends, and nothing of the group does.
    let changes = record(&mut lan);
    lan.set(a, &[numbered(1, LISTENER)]);
    lan.run(100 * MS);
    lan.set(a, &[]);
    lan.run(100 * MS);
    assert_eq!(changes.take(), [true, false].map(|came| (b, change(a, numbered(1, LISTENER), came))));
    assert_eq!((there(&lan), lan.behind()), (vec![(address(a), 7)], 0));
    // Who comes later asks.
    let late = lan.add(LinkSettings::default());
    lan.run(300 * MS);
    assert_eq!(lan.link(late).neighbors().count(), 1);
    lan.leave(a);
    lan.run(3 * MS);
    assert_eq!(there(&lan), []);
}

#[test]
fn who_has_just_come_is_not_elected() {
    let mut lan = Lan::new();
    let elected = |lan: &Lan, by: usize| lan.link(by).roster().forwarder(lan.now);
    let low = lan.add(LinkSettings { priority: 5, ..LinkSettings::default() });
    lan.run(900 * MS);
    assert_eq!(elected(&lan, low), None);
    lan.run(100 * MS);
    assert_eq!(elected(&lan, low), Some(address(low)));
    // Never two who take themselves for it: the old one gives way first.
    let high = lan.add(LinkSettings { priority: 9, ..LinkSettings::default() });
    for _ in 0..1100 {
        lan.run(MS);
        let both = elected(&lan, low) == Some(address(low)) && elected(&lan, high) == Some(address(high));
        assert!(!both);
    }
    assert_eq!([low, high].map(|by| elected(&lan, by)), [Some(address(high)); 2]);
    lan.crash(high);
    lan.run(2 * SECOND);
    assert_eq!(elected(&lan, low), Some(address(high)));
    lan.run(SECOND + 10 * MS);
    assert_eq!(elected(&lan, low), Some(address(low)));
}

#[test]
fn a_roster_is_told_when_it_changes() {
    let mut lan = Lan::new();
    let (a, b) = (lan.add(LinkSettings::default()), lan.add(LinkSettings::default()));
    let taken = |lan: &mut Lan| {
        let mut roster = None;
        lan.with(a, |link, _| roster = link.take_roster());
        roster.map(|roster| roster.others)
    };
    assert_eq!(taken(&mut lan), Some(vec![]));
    assert_eq!(taken(&mut lan), None);
    lan.set(b, &[numbered(1, LISTENER)]);
    lan.run(SECOND);
    assert_eq!(taken(&mut lan), Some(vec![Neighbor { address: address(b), priority: 0 }]));
    lan.run(10 * SECOND);
    assert_eq!(taken(&mut lan), None);
    lan.leave(b);
    lan.run(SECOND);
    assert_eq!(taken(&mut lan), Some(vec![]));
}
