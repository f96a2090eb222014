use super::*;
use crate::membership::events::names::LEAVING;
use crate::membership::events::{MAILBOX, Next, Note, What, next};
use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

thread_local! {
    static JOINED: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
    static OWN: RefCell<Vec<OwnGroup>> = const { RefCell::new(Vec::new()) };
    static TABLES: RefCell<Vec<KernelState>> = const { RefCell::new(Vec::new()) };
    static REMOTE: RefCell<Vec<known::RemoteState>> = const { RefCell::new(Vec::new()) };
    static NAMED: Cell<bool> = const { Cell::new(false) };
}

const A: &str = "239.1.1.1";
const FOREIGN: &str = "ham:ip:239.1.1.1";
const OWN_NAME: &str = "ham:ip:239.1.1.1:5000";

fn place(address: &str) -> Place {
    (2, address.parse().unwrap())
}

fn fresh() -> Instant {
    JOINED.take();
    OWN.take();
    TABLES.take();
    REMOTE.take();
    NAMED.take();
    Instant::now()
}

fn begin(now: Instant) -> States {
    let joined = || {
        let of = |&(ifindex, address): &Place| Joined { ifindex, address, users: 1 };
        JOINED.with_borrow(|j| j.iter().map(of).collect())
    };
    let source = Source {
        own: || OWN.with_borrow(Clone::clone),
        joined,
        tables: || TABLES.with_borrow(Clone::clone),
        remote: || REMOTE.with_borrow(Clone::clone),
        named: || NAMED.get(),
    };
    States::of(source, now)
}

fn own_note(states: &mut States, at: Instant, event: EventType) {
    let spot = Spot { ifindex: 2, address: A.parse().unwrap(), source: None };
    states.own(at, event, spot, OWN_NAME);
}

fn kernel_note(states: &mut States, at: Instant, joined: bool) {
    states.kernel(at, Change::Group { ifindex: 2, address: A.parse().unwrap(), joined });
}

fn told(states: &mut States, at: Instant) -> Vec<(EventType, String)> {
    states.due(at);
    std::iter::from_fn(|| states.next_event()).map(|e| (e.event, e.name)).collect()
}

fn join(name: &str) -> (EventType, String) {
    (EventType::Join, name.into())
}

fn leave(name: &str) -> (EventType, String) {
    (EventType::Leave, name.into())
}

#[test]
fn what_there_is_comes_first_and_once() {
    let t = fresh();
    JOINED.set(vec![place(A), place("239.2.2.2")]);
    OWN.set(vec![OwnGroup {
        ifindex: 2,
        name: Arc::from(OWN_NAME),
        address: A.parse().unwrap(),
        source: None,
        listener: true,
        sender: true,
    }]);
    let mut states = begin(t);
    states.expect_early(2);
    // Both notes were written before the states were read.
    own_note(&mut states, t, EventType::Join);
    states.early_taken();
    own_note(&mut states, t, EventType::NewSource);
    states.early_taken();
    assert_eq!(told(&mut states, t), [join(OWN_NAME), (EventType::NewSource, OWN_NAME.into())]);
    assert_eq!(told(&mut states, t + GRACE), [join("ham:ip:239.2.2.2")]);
    // A later one is new.
    own_note(&mut states, t + GRACE, EventType::NewSource);
    assert_eq!(told(&mut states, t + GRACE), [(EventType::NewSource, OWN_NAME.into())]);
}

#[test]
fn another_process_joins_and_leaves() {
    let t = fresh();
    let mut states = begin(t);
    kernel_note(&mut states, t, true);
    assert_eq!(told(&mut states, t), []);
    kernel_note(&mut states, t + GRACE / 2, false);
    assert_eq!(told(&mut states, t + 2 * GRACE), [join(FOREIGN), leave(FOREIGN)]);
    // A leave whose join was never told is not told either.
    kernel_note(&mut states, t + 2 * GRACE, false);
    assert_eq!(told(&mut states, t + 4 * GRACE), []);
}

#[test]
fn the_kernels_word_on_own_sockets_is_no_second_event() {
    for own_first in [true, false] {
        let t = fresh();
        let mut states = begin(t);
        let (own, kernel) = if own_first { (t, t + GRACE / 2) } else { (t + GRACE / 2, t) };
        own_note(&mut states, own, EventType::Join);
        kernel_note(&mut states, kernel, true);
        assert_eq!(told(&mut states, t + 2 * GRACE), [join(OWN_NAME)]);
        own_note(&mut states, t + 2 * GRACE, EventType::Leave);
        kernel_note(&mut states, t + 2 * GRACE, false);
        assert_eq!(told(&mut states, t + 4 * GRACE), [leave(OWN_NAME)]);
    }
}

#[test]
fn an_own_join_and_leave_within_the_grace_stay_own() {
    let t = fresh();
    let mut states = begin(t);
    own_note(&mut states, t, EventType::Join);
    own_note(&mut states, t, EventType::Leave);
    kernel_note(&mut states, t + GRACE / 4, true);
    kernel_note(&mut states, t + GRACE / 4, false);
    assert_eq!(told(&mut states, t + 4 * GRACE), [join(OWN_NAME), leave(OWN_NAME)]);
    // And nothing is kept of it.
    states.due(t + 6 * GRACE);
    assert!(states.held.is_empty() && states.deadline().is_none());
}

#[test]
fn who_stays_behind_an_own_leave_is_told() {
    let t = fresh();
    let mut states = begin(t);
    own_note(&mut states, t, EventType::Join);
    // Another process joins: the kernel is silent, for the device has the group already.
    JOINED.set(vec![place(A)]);
    own_note(&mut states, t, EventType::Leave);
    assert_eq!(told(&mut states, t + 2 * GRACE), [join(OWN_NAME), leave(OWN_NAME), join(FOREIGN)]);
    kernel_note(&mut states, t + 3 * GRACE, false);
    assert_eq!(told(&mut states, t + 4 * GRACE), [leave(FOREIGN)]);
}

#[test]
fn a_device_that_vanishes_takes_its_groups_along() {
    let t = fresh();
    JOINED.set(vec![place(A), (3, A.parse().unwrap())]);
    let mut states = begin(t);
    states.kernel(t, Change::Gone { index: 2, name: "v0".into() });
    assert_eq!(told(&mut states, t + GRACE), [join(FOREIGN), join(FOREIGN), leave(FOREIGN)]);
    assert_eq!(states.foreign.iter().map(|p| p.0).collect::<Vec<_>>(), [3]);
}

#[test]
fn after_lost_notes_the_difference_is_told() {
    let t = fresh();
    JOINED.set(vec![place(A), place("239.2.2.2")]);
    let mut states = begin(t);
    assert_eq!(told(&mut states, t + GRACE).len(), 2);
    JOINED.set(vec![place("239.2.2.2"), place("239.3.3.3")]);
    states.resync(t + GRACE);
    assert_eq!(told(&mut states, t + 2 * GRACE), [leave(FOREIGN), join("ham:ip:239.3.3.3")]);
}

#[test]
fn forwarding_tells_sources_and_listeners() {
    let t = fresh();
    let mut states = begin(t);
    let source = Some("10.0.0.9".parse().unwrap());
    let state = |ifindex, sender| KernelState { ifindex, address: A.parse().unwrap(), source, sender };
    TABLES.set(vec![state(2, true), state(3, false)]);
    states.kernel(t, Change::Members);
    let name = "ham:ip:239.1.1.1@10.0.0.9";
    assert_eq!(told(&mut states, t + GRACE), [(EventType::NewSource, name.to_string()), join(name)]);
    TABLES.set(vec![]);
    states.kernel(t + GRACE, Change::Members);
    assert_eq!(told(&mut states, t + 2 * GRACE), [leave(name)]);
}

fn remote(role: Role, source: Option<&str>) -> known::RemoteState {
    let group = GroupId::Address(A.parse().unwrap(), source.map(|s| s.parse().unwrap()));
    known::RemoteState { ifindex: 2, group, role }
}

fn now_told(states: &mut States) -> Vec<(EventType, String)> {
    std::iter::from_fn(|| states.next_event()).map(|e| (e.event, e.name)).collect()
}

#[test]
fn other_nodes_are_told_once_and_at_once() {
    let t = fresh();
    REMOTE.set(vec![remote(Role::Listener, None)]);
    let mut states = begin(t);
    assert_eq!(now_told(&mut states), [join(FOREIGN)]);
    // A note from before the states were read.
    states.remote(t, remote(Role::Listener, None), true);
    // Another process of this host listens as well.
    kernel_note(&mut states, t, true);
    assert_eq!(told(&mut states, t + GRACE), []);
    states.remote(t, remote(Role::Listener, None), false);
    assert_eq!(now_told(&mut states), []);
    kernel_note(&mut states, t + GRACE, false);
    assert_eq!(told(&mut states, t + 2 * GRACE), [leave(FOREIGN)]);
    states.remote(t, remote(Role::Listener, Some("10.0.0.9")), true);
    states.remote(t, remote(Role::Sender, Some("10.0.0.9")), true);
    let name = "ham:ip:239.1.1.1@10.0.0.9";
    assert_eq!(now_told(&mut states), [join(name), (EventType::NewSource, name.into())]);
}

#[test]
fn the_only_own_name_of_an_address_is_its_name() {
    let t = fresh();
    let mut states = begin(t);
    states.remote(t, remote(Role::Listener, None), true);
    own_note(&mut states, t, EventType::NewSource);
    let source = (EventType::NewSource, OWN_NAME.to_string());
    assert_eq!(told(&mut states, t), [join(FOREIGN), source, leave(FOREIGN), join(OWN_NAME)]);
    own_note(&mut states, t, EventType::Join);
    own_note(&mut states, t, EventType::Leave);
    // The other node listened before and still does.
    assert_eq!(told(&mut states, t), []);
    states.remote(t, remote(Role::Listener, None), false);
    states.remote(t, remote(Role::Listener, None), true);
    assert_eq!(now_told(&mut states), [leave(OWN_NAME), join(OWN_NAME)]);
    // The own source ends.
    states.sources_ended(t);
    assert_eq!(told(&mut states, t + GRACE), [leave(OWN_NAME), join(FOREIGN)]);
}

#[test]
fn of_two_own_names_neither_is_its_name() {
    let t = fresh();
    let mut states = begin(t);
    let spot = Spot { ifindex: 2, address: A.parse().unwrap(), source: None };
    states.own(t, EventType::Join, spot, OWN_NAME);
    states.own(t, EventType::Join, spot, "ham:ip:239.1.1.1:5001");
    now_told(&mut states);
    states.remote(t, remote(Role::Listener, None), true);
    assert_eq!(now_told(&mut states), [join(FOREIGN)]);
    states.own(t, EventType::Leave, spot, "ham:ip:239.1.1.1:5001");
    assert_eq!(now_told(&mut states), [leave("ham:ip:239.1.1.1:5001"), leave(FOREIGN)]);
    states.own(t, EventType::Leave, spot, OWN_NAME);
    assert_eq!(now_told(&mut states), [leave(OWN_NAME), join(FOREIGN)]);
}

#[test]
fn a_name_with_several_addresses_is_told_once() {
    let t = fresh();
    let mut states = begin(t);
    let spot = |address: &str| Spot { ifindex: 2, address: address.parse().unwrap(), source: None };
    let spots = ["239.192.1.1", "ff15::1"].map(spot);
    let name = "ham:opaque:x";
    for event in [EventType::Join, EventType::NewSource, EventType::NewSource, EventType::Leave] {
        spots.into_iter().for_each(|spot| states.own(t, event, spot, name));
    }
    let source = || (EventType::NewSource, name.to_string());
    assert_eq!(now_told(&mut states), [join(name), source(), source(), leave(name)]);
    // And by a node that names it.
    for role in [Role::Listener, Role::Sender] {
        spots.into_iter().for_each(|spot| states.remote(t, named(name, spot, role), true));
    }
    spots.into_iter().for_each(|spot| states.own(t, EventType::Join, spot, name));
    assert_eq!(now_told(&mut states), [join(name), source()]);
    spots.into_iter().for_each(|spot| states.remote(t, named(name, spot, Role::Sender), false));
    states.remote(t, named(name, spots[1], Role::Sender), true);
    assert_eq!(now_told(&mut states), [source()]);
}

#[test]
fn after_lost_notes_other_nodes_are_read_anew() {
    let t = fresh();
    let mut states = begin(t);
    states.remote(t, remote(Role::Listener, None), true);
    REMOTE.set(vec![remote(Role::Listener, Some("10.0.0.9"))]);
    states.resync(t);
    let name = "ham:ip:239.1.1.1@10.0.0.9";
    assert_eq!(now_told(&mut states), [join(FOREIGN), leave(FOREIGN), join(name)]);
}

fn named(name: &str, spot: Spot, role: Role) -> known::RemoteState {
    let group = GroupId::Name(name.into(), spot.address, spot.source);
    known::RemoteState { ifindex: spot.ifindex, group, role }
}

const SPOT: Spot = Spot { ifindex: 2, address: IpAddr::V4(Ipv4Addr::new(239, 1, 1, 1)), source: None };

#[test]
fn a_listener_of_name_and_address_is_one() {
    let said = || named("ham:opaque:x", SPOT, Role::Listener);
    for (name_first, name_last) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut t = fresh();
        NAMED.set(true);
        let mut states = begin(t);
        for first in [name_first, !name_first] {
            states.remote(t, if first { said() } else { remote(Role::Listener, None) }, true);
            t += NAMING / 2;
            states.due(t);
        }
        assert_eq!(told(&mut states, t + NAMING), [join("ham:opaque:x")]);
        for last in [!name_last, name_last] {
            states.remote(t, if last { said() } else { remote(Role::Listener, None) }, false);
            t += LEAVING / 2;
        }
        assert_eq!(told(&mut states, t + LEAVING * 2), [leave("ham:opaque:x")]);
        assert_eq!(states.deadline(), None);
    }
}

#[test]
fn who_says_no_name_is_told_by_address_a_little_later() {
    let t = fresh();
    NAMED.set(true);
    REMOTE.set(vec![remote(Role::Listener, Some("10.0.0.9"))]);
    let mut states = begin(t);
    let begun = "ham:ip:239.1.1.1@10.0.0.9";
    states.remote(t, remote(Role::Listener, None), true);
    assert_eq!(told(&mut states, t), []);
    assert_eq!(states.deadline(), Some(t + NAMING));
    assert_eq!(told(&mut states, t + NAMING), [join(FOREIGN)]);
    assert_eq!(told(&mut states, t + LEARNING), [join(begun)]);
    // Gone before it was told.
    states.remote(t, remote(Role::Listener, None), false);
    assert_eq!(now_told(&mut states), [leave(FOREIGN)]);
    states.remote(t, remote(Role::Listener, None), true);
    states.remote(t, remote(Role::Listener, None), false);
    assert_eq!(told(&mut states, t + LEARNING), []);
}

#[test]
fn a_late_name_replaces_the_address_and_leaves_it_behind() {
    let t = fresh();
    NAMED.set(true);
    let mut states = begin(t);
    let said = |name| named(name, SPOT, Role::Listener);
    states.remote(t, remote(Role::Listener, None), true);
    assert_eq!(told(&mut states, t + NAMING), [join(FOREIGN)]);
    states.remote(t, said("ham:opaque:x"), true);
    assert_eq!(now_told(&mut states), [join("ham:opaque:x"), leave(FOREIGN)]);
    // Two names at one address are two groups.
    states.remote(t, said("ham:opaque:y"), true);
    states.remote(t, said("ham:opaque:x"), false);
    assert_eq!(told(&mut states, t + LEAVING), [join("ham:opaque:y"), leave("ham:opaque:x")]);
    // A plain program stays.
    states.remote(t, said("ham:opaque:y"), false);
    assert_eq!(now_told(&mut states), [leave("ham:opaque:y")]);
    assert_eq!(told(&mut states, t + LEAVING), [join(FOREIGN)]);
}

#[test]
fn what_the_tables_say_goes_by_the_name_too() {
    let t = fresh();
    NAMED.set(true);
    let mut states = begin(t);
    states.remote(t, named("ham:opaque:x", SPOT, Role::Listener), true);
    TABLES.set(vec![KernelState { ifindex: 2, address: SPOT.address, source: None, sender: false }]);
    states.kernel(t, Change::Members);
    assert_eq!(told(&mut states, t + GRACE), [join("ham:opaque:x")]);
    states.remote(t, named("ham:opaque:x", SPOT, Role::Listener), false);
    TABLES.take();
    states.kernel(t, Change::Members);
    assert_eq!(told(&mut states, t + LEAVING), [leave("ham:opaque:x")]);
}

#[test]
fn tables_that_lag_behind_bring_nobody_back() {
    let t = fresh();
    let mut states = begin(t);
    told(&mut states, t);
    let host = remote(Role::Listener, None);
    let member = KernelState { ifindex: 2, address: A.parse().unwrap(), source: None, sender: false };
    let tables = |states: &mut States, at: Instant, there: bool| {
        TABLES.set(if there { vec![member] } else { vec![] });
        states.kernel(at, Change::Members);
        told(states, at + GRACE)
    };
    // It has come and gone before the tables are read, which still have it.
    states.remote(t, host.clone(), true);
    states.remote(t, host.clone(), false);
    assert_eq!(now_told(&mut states), [join(FOREIGN), leave(FOREIGN)]);
    assert_eq!(tables(&mut states, t, true), []);
    assert_eq!(tables(&mut states, t + LEAVING / 2, false), []);
    assert_eq!(told(&mut states, t + 2 * LEAVING), []);
    // It comes again meanwhile: a join at once.
    let t = t + 3 * LEAVING;
    states.remote(t, host.clone(), true);
    states.remote(t, host.clone(), false);
    assert_eq!(told(&mut states, t), [join(FOREIGN), leave(FOREIGN)]);
    assert_eq!(tables(&mut states, t, true), []);
    states.remote(t + GRACE, host.clone(), true);
    assert_eq!(told(&mut states, t + GRACE), [join(FOREIGN)]);
    states.remote(t + GRACE, host.clone(), false);
    assert_eq!(told(&mut states, t + GRACE), []);
    assert_eq!(tables(&mut states, t + 2 * GRACE, false), [leave(FOREIGN)]);
    // Somebody of whom only the tables know has stayed.
    let t = t + 3 * LEAVING;
    states.remote(t, host.clone(), true);
    states.remote(t, host, false);
    assert_eq!(told(&mut states, t), [join(FOREIGN), leave(FOREIGN)]);
    assert_eq!(tables(&mut states, t, true), []);
    assert_eq!(told(&mut states, t + GRACE + LEAVING), [join(FOREIGN)]);
}

fn numbered(i: u16, listener: bool, sender: bool) -> OwnGroup {
    let [a, b] = i.to_be_bytes();
    let name = Arc::from(format!("ham:opaque:{i}"));
    OwnGroup { ifindex: 2, name, address: IpAddr::from([239, 2, a, b]), source: None, listener, sender }
}

#[test]
fn a_source_whose_note_was_lost_is_told() {
    let t = fresh();
    OWN.set(vec![numbered(1, false, true)]);
    let mut states = begin(t);
    states.expect_early(0);
    assert_eq!(told(&mut states, t + GRACE).len(), 1);
    OWN.set(vec![numbered(1, false, true), numbered(2, false, true)]);
    states.resync(t + GRACE);
    assert_eq!(told(&mut states, t + GRACE), [(EventType::NewSource, "ham:opaque:2".into())]);
}

#[test]
fn what_is_read_anew_is_not_undone_by_older_notes() {
    let t = fresh();
    let x = numbered(1, true, false);
    OWN.set(vec![x.clone()]);
    let mut states = begin(t);
    states.expect_early(0);
    assert_eq!(told(&mut states, t), [join("ham:opaque:1")]);
    // So many events wait that the note of its leave has to; that it has joined again was lost.
    for _ in 0..MAILBOX {
        states.names.tell(EventType::Join, 2, "ham:opaque:many");
    }
    let (mailbox, notes) = crossbeam_channel::bounded(1);
    let what = What::Own { event: EventType::Leave, spot: spot(&x), name: (*x.name).into() };
    mailbox.send(Note(t, what)).unwrap();
    let lost = AtomicU64::new(1);
    let mut last = None;
    while let Next::Event(event) = next(&mut states, &notes, &lost) {
        last = Some((event.event, event.name));
    }
    assert_eq!(last, Some(join("ham:opaque:1")));
    assert_eq!(lost.into_inner(), 0);
}

#[test]
fn an_own_join_that_is_told_late_is_no_one_elses() {
    let t = fresh();
    let mut states = begin(t);
    states.expect_early(0);
    // Of many that join under one lock the kernel tells the first long before the lock is let go.
    let group = numbered(1, true, false);
    OWN.set(vec![group.clone()]);
    states.kernel(t, Change::Group { ifindex: 2, address: group.address, joined: true });
    kernel_note(&mut states, t, true);
    assert_eq!(told(&mut states, t + 2 * GRACE), [join(FOREIGN)]);
    states.own(t + 2 * GRACE, EventType::Join, spot(&group), &group.name);
    assert_eq!(told(&mut states, t + 4 * GRACE), [join(&group.name)]);
}

#[test]
fn own_groups_that_come_and_go_leave_nothing_behind() {
    let t = fresh();
    let mut states = begin(t);
    states.expect_early(0);
    // The kernel's notes never all are decided.
    for i in 0..5000 {
        let at = t + Duration::from_millis(i.into());
        let group = numbered(i, true, false);
        let kernel = |joined| Change::Group { ifindex: 2, address: group.address, joined };
        states.own(at, EventType::Join, spot(&group), &group.name);
        states.kernel(at, kernel(true));
        states.own(at, EventType::Leave, spot(&group), &group.name);
        states.kernel(at, kernel(false));
        assert_eq!(told(&mut states, at), [join(&group.name), leave(&group.name)]);
    }
    assert!(states.left.len() < 300 && states.held.len() < 300, "{}", states.held.len());
}
