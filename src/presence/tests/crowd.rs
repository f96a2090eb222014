//! A thousand nodes with ten thousand groups: what it costs, and how long it takes until all know all.

use super::lan::Lan;
use super::{BOTH, LISTENER, SENDER, numbered};
use crate::presence::LinkSettings;
use crate::presence::packet::PlacedGroup;
use std::time::Duration;

const NODES: usize = 1000;
const OWN: usize = 10;
const MS: Duration = Duration::from_millis(1);

/// The groups of a member, a few of them changing with `turn`.
fn groups(member: usize, turn: usize) -> Vec<PlacedGroup> {
    let roles = [LISTENER, SENDER, BOTH][(member + turn) % 3];
    (0..OWN).filter(|i| turn % 4 != 3 || *i > 2).map(|i| numbered(member * OWN + i, roles)).collect()
}

/// Bytes in a second, of all members and of the one that sent most.
fn rate(lan: &mut Lan, time: Duration) -> (f64, f64) {
    lan.bytes.fill(0);
    lan.run(time);
    let all: u64 = lan.bytes.iter().sum();
    let most = lan.bytes.iter().max().copied().unwrap_or_default();
    (all as f64 / time.as_secs_f64(), most as f64 / time.as_secs_f64())
}

/// The time until all but one state in a thousand are known, and until all are.
fn level(lan: &mut Lan) -> (Duration, Duration) {
    let begin = lan.now;
    let mut nearly = None;
    loop {
        let behind = lan.behind();
        if behind <= lan.curious() * NODES / 1000 {
            nearly.get_or_insert(lan.now - begin);
        }
        if behind == 0 {
            return (nearly.unwrap_or_default(), lan.now - begin);
        }
        assert!(lan.now - begin < Duration::from_secs(20), "{behind} states are not known after 20 s");
        lan.run(500 * MS);
    }
}

/// `curious` of the members want to know all; the others say what they are in, and count who else is there.
fn simulate(curious: usize) {
    let mut lan = Lan::new();
    lan.loss = 10;
    lan.crowded = true;
    let settings =
        |member| LinkSettings { curious: member % (NODES / curious) == 0, ..LinkSettings::default() };

    // All machines start within a second.
    for member in 0..NODES {
        lan.add(settings(member));
        lan.set(member, &groups(member, 0));
        lan.run(MS);
    }
    let (nearly, took) = level(&mut lan);
    let (all, packets): (u64, u64) = (lan.bytes.iter().sum(), lan.packets);
    println!("started in a second: known after {nearly:?}, all {took:?}; {packets} packets, {all} bytes");
    assert!(nearly <= Duration::from_secs(7));

    let (all, most) = rate(&mut lan, Duration::from_secs(3));
    println!("quiet: {all:.0} bytes/s together, {most:.0} bytes/s the most of one");
    assert!(all < 64_000.0 && most < 512.0);

    // A hundred nodes change their groups in a second.
    lan.bytes.fill(0);
    for turn in 0..200 {
        let member = lan.random.below(NODES as u64) as usize;
        lan.set(member, &groups(member, turn));
        lan.run(10 * MS);
    }
    let all = lan.bytes.iter().sum::<u64>() as f64 / 2.0;
    let (nearly, took) = level(&mut lan);
    println!("100 changes in a second: {all:.0} bytes/s together; known after {nearly:?}, all {took:?}");
    assert!(all < 256_000.0 && nearly <= Duration::from_secs(1));

    let new = lan.add(settings(0));
    lan.set(new, &groups(new, 0));
    let (nearly, took) = level(&mut lan);
    println!("a new node: known after {nearly:?}, all {took:?}");
    assert!(took <= Duration::from_secs(15));

    for member in 1..20 {
        lan.leave(member);
        lan.crash(100 + member);
    }
    lan.run(MS);
    // What is known wrongly now is those that crashed, and what was lost of the farewells.
    let behind = lan.behind();
    println!("19 have left and 19 crashed: {behind} are known who are not there");
    let (nearly, took) = level(&mut lan);
    println!("those that crashed: known after {nearly:?}, all {took:?}");
    assert!(took <= Duration::from_secs(15) + 500 * MS);
}

#[test]
fn a_thousand_nodes_and_ten_thousand_groups() {
    simulate(25);
}

#[test]
#[ignore = "minutes, and a gigabyte; what docs/presence.md tells of a thousand nodes comes from here"]
fn a_thousand_nodes_that_all_want_to_know_all() {
    simulate(NODES);
}
