//! A state that is announced, and what others make of it.

use super::{BOTH, LISTENER, SENDER, group, numbered};
use crate::presence::Change;
use crate::presence::feed::Feed;
use crate::presence::own::{GROUPS_MAX, Own};
use crate::presence::packet::{Announce, NodeId, PlacedGroup, Record, Roles, Span};
use crate::presence::remote::State;
use carrier::Role;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What was told: it must come before it goes, and each once.
#[derive(Default)]
struct Told(HashMap<(String, String), Roles>);

impl Told {
    fn take(&mut self, state: &mut State, announce: &Announce) -> bool {
        let told = &mut self.0;
        let taken = state.take(announce, usize::MAX, &mut |group, came| tell(told, &group, came));
        taken.progress
    }

    fn all(&self) -> HashMap<(String, String), Roles> {
        self.0
            .iter()
            .filter(|(_, roles)| !roles.is_none())
            .map(|(key, roles)| (key.clone(), *roles))
            .collect()
    }
}

fn key(group: &PlacedGroup) -> (String, String) {
    (group.name.to_string(), group.address.to_string())
}

fn tell(told: &mut HashMap<(String, String), Roles>, group: &PlacedGroup, came: bool) {
    let known = told.entry(key(group)).or_default();
    assert!(!group.roles.is_none());
    if came {
        assert_eq!(known.without(group.roles), *known, "{group:?} came again");
        *known = known.or(group.roles);
    } else {
        assert_eq!(known.or(group.roles), *known, "{group:?} went and was not there");
        *known = known.without(group.roles);
    }
}

fn truth(groups: &[PlacedGroup]) -> HashMap<(String, String), Roles> {
    groups.iter().map(|group| (key(group), group.roles)).collect()
}

/// Announces `span` in packets of at most `room` bytes of records.
fn packets(own: &Own, span: Span, room: usize) -> Vec<Announce> {
    let mut all = Vec::new();
    let mut after = span.after;
    loop {
        let next = own.announce(Span { after, last: span.last }, room);
        after = next.covers.last;
        all.push(next);
        if after >= span.last.min(own.version()) {
            return all;
        }
    }
}

#[test]
fn what_is_announced_is_known() {
    let groups = [numbered(1, LISTENER), numbered(2, SENDER), group("ham:ip:[ff15::5]", "ff15::5", BOTH)];
    let (mut own, mut state, mut told) = (Own::default(), State::default(), Told::default());
    assert_eq!(own.set(&groups), 0);
    let packets = packets(&own, Span::ALL, 60);
    assert_eq!(packets.len(), 3);
    for (i, packet) in packets.iter().enumerate() {
        assert!(!state.is_complete() || i == 0);
        assert!(told.take(&mut state, packet));
        assert!(!told.take(&mut state, packet));
    }
    assert!(state.is_complete());
    assert_eq!(told.all(), truth(&groups));
}

#[test]
fn only_what_changed_is_said_and_slots_are_used_again() {
    let mut own = Own::default();
    let all: Vec<PlacedGroup> = (0..100).map(|i| numbered(i, LISTENER)).collect();
    own.set(&all);
    let version = own.version();
    own.set(&all);
    assert_eq!(own.version(), version);
    let (gone, rest) = all.split_first().unwrap();
    own.set(rest);
    let news = own.announce(Span { after: version, last: own.version() }, 1000);
    assert_eq!((news.records.len(), news.slots), (1, 100));
    assert_eq!(news.records[0].group, None);
    own.put(&numbered(1000, SENDER));
    own.put(gone);
    let news = own.announce(Span { after: version, last: own.version() }, 1000);
    let said: Vec<_> =
        news.records.iter().map(|record| (record.slot, record.group.clone().unwrap())).collect();
    assert_eq!(said, [(0, numbered(1000, SENDER)), (100, gone.clone())]);
    own.set(&[]);
    let nothing = own.announce(Span::ALL, 1000);
    assert_eq!((nothing.slots, nothing.digest, nothing.records.len(), own.bytes()), (0, 0, 0, 0));
}

#[test]
fn more_groups_than_slots_are_left_out() {
    let all: Vec<PlacedGroup> =
        (0..GROUPS_MAX + 5).map(|i| group(&format!("ham:opaque:{i}"), "239.192.0.1", LISTENER)).collect();
    let mut own = Own::default();
    assert_eq!(own.set(&all), 5);
    own.put(&PlacedGroup { roles: Roles::NONE, ..all[7].clone() });
    assert_eq!(own.set(&all), 5);
}

#[test]
fn a_lie_is_found_out_by_the_digest() {
    let (mut own, mut state, mut told) = (Own::default(), State::default(), Told::default());
    own.set(&[numbered(1, LISTENER), numbered(2, LISTENER)]);
    let mut other = Own::default();
    other.set(&[numbered(1, LISTENER), numbered(3, LISTENER)]);
    // The same versions, and other groups.
    let [lie] = &packets(&other, Span::ALL, 1000)[..] else { panic!() };
    told.take(&mut state, lie);
    let hello = own.announce(Span { after: 2, last: 2 }, 1000);
    told.take(&mut state, &hello);
    assert_eq!(told.all(), HashMap::new());
    assert!(!told.take(&mut state, &hello) && !state.is_complete());
    assert_eq!(state.gaps(9), [Span { after: 0, last: 2 }]);
    told.take(&mut state, &own.announce(Span::ALL, 1000));
    assert_eq!(told.all(), truth(&[numbered(1, LISTENER), numbered(2, LISTENER)]));
}

#[test]
fn a_group_in_many_slots_goes_with_the_last_one() {
    let (mut state, mut told) = (State::default(), Told::default());
    let x = group("ham:opaque:x", "239.192.1.1", LISTENER);
    let mut say = |slots: std::ops::Range<u16>, group: Option<&PlacedGroup>, version: u64| {
        let record = |slot| Arc::new(Record::new(slot, version + u64::from(slot), group.cloned()));
        let records = slots.map(record).collect();
        let (interval, covers) = (Duration::from_secs(1), Span { after: version, last: version });
        let known =
            Announce { interval, priority: 0, slots: 5000, version: 1 << 20, digest: 0, covers, records };
        told.take(&mut state, &known);
        told.all().len()
    };
    assert_eq!(say(0..5000, Some(&x), 1), 1);
    assert_eq!(say(0..4999, None, 10_000), 1);
    assert_eq!(say(4999..5000, None, 10_000), 0);
}

#[test]
fn without_room_nothing_is_taken_as_known() {
    let (mut own, mut state) = (Own::default(), State::default());
    own.set(&(0..10).map(|i| numbered(i, LISTENER)).collect::<Vec<_>>());
    let all = own.announce(Span::ALL, 1000);
    let taken = state.take(&all, 500, &mut |_, _| {});
    assert!(taken.full && !taken.progress && !state.is_complete());
    assert!(state.cost() <= 500 && state.groups().count() == 3);
    let taken = state.take(&all, 5000, &mut |_, _| {});
    assert!(!taken.full && state.is_complete() && state.groups().count() == 10);
    state.end(&mut |_, _| {});
    assert_eq!(state.cost(), 0);
}

#[test]
fn a_host_is_in_a_group_as_long_as_one_of_its_nodes_is() {
    let mut feed = Feed::default();
    let mut news = |node: u8, address: &str, roles, came| {
        let group = group("ham:opaque:news", address, roles);
        let change = Change { node: NodeId([node; 16]), address: "10.0.0.1".parse().unwrap(), group, came };
        let mut told = Vec::new();
        let own = "10.0.0.2".parse().unwrap();
        feed.take((7, own), change, &mut |change| {
            assert_eq!((change.ifindex, &*change.name, change.own), (7, "ham:opaque:news", false));
            assert_eq!(change.group.to_string(), address);
            told.push((change.role, change.came));
        });
        told
    };
    assert_eq!(news(1, "239.1.1.1", BOTH, true), [(Role::Listener, true), (Role::Sender, true)]);
    assert_eq!(news(1, "239.1.1.2", LISTENER, true), [(Role::Listener, true)]);
    assert_eq!(news(2, "239.1.1.1", SENDER, true), []);
    assert_eq!(news(1, "239.1.1.1", BOTH, false), [(Role::Listener, false)]);
    assert_eq!(news(1, "239.1.1.2", LISTENER, false), [(Role::Listener, false)]);
    assert_eq!(news(2, "239.1.1.1", SENDER, false), [(Role::Sender, false)]);
    assert_eq!(news(2, "239.1.1.1", SENDER, false), []);
}

/// One thing that happens in the life of a state.
#[derive(Debug, Clone)]
enum Step {
    /// A group's roles change.
    Put(usize, Roles),
    /// What is new is announced, and some of the packets arrive, in this order.
    News(Vec<usize>),
    /// What is missing is asked for, and answered, and some of the packets arrive.
    Ask(Vec<usize>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let roles = prop_oneof![Just(Roles::NONE), Just(LISTENER), Just(SENDER), Just(BOTH)];
    let some = || prop::collection::vec(0usize..6, 0..6);
    let step = prop_oneof![
        6 => (0usize..60, roles).prop_map(|(group, roles)| Step::Put(group, roles)),
        2 => some().prop_map(Step::News),
        1 => some().prop_map(Step::Ask),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_lost_or_late_the_state_is_learned(steps in steps()) {
        let (mut own, mut state, mut told) = (Own::default(), State::default(), Told::default());
        let mut groups: HashMap<usize, Roles> = HashMap::new();
        let mut announced = 0;
        // Packets of any time, which may still arrive.
        let mut late: Vec<Announce> = Vec::new();
        for step in steps {
            let arrive = match step {
                Step::Put(number, roles) => {
                    groups.insert(number, roles);
                    prop_assert!(own.put(&numbered(number, roles)));
                    continue;
                }
                Step::News(arrive) => {
                    late.extend(packets(&own, Span { after: announced, last: own.version() }, 120));
                    announced = own.version();
                    arrive
                }
                Step::Ask(arrive) => {
                    for gap in state.gaps(32) {
                        late.extend(packets(&own, gap, 120));
                    }
                    arrive
                }
            };
            for which in arrive {
                if which < late.len() {
                    let packet = late.swap_remove(late.len() - 1 - which);
                    told.take(&mut state, &packet);
                }
            }
        }
        told.take(&mut state, &own.announce(Span { after: own.version(), last: own.version() }, 120));
        for gap in state.gaps(1000) {
            for packet in packets(&own, gap, 120) {
                told.take(&mut state, &packet);
            }
        }
        prop_assert!(state.is_complete());
        let truth: Vec<PlacedGroup> = groups.iter().filter(|(_, r)| !r.is_none()).map(|(n, r)| numbered(*n, *r)).collect();
        prop_assert_eq!(told.all(), self::truth(&truth));
        for packet in late {
            told.take(&mut state, &packet);
        }
        prop_assert_eq!(told.all(), self::truth(&truth));
    }
}
