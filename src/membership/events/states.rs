//! What the application has been told, and what it has to be told next.

use super::{Event, EventType};
use crate::interfaces::watch::Change;
use crate::membership::kernel::{self, Joined};
use crate::membership::service::{State, table_states};
use crate::name::ip_name;
use crate::socket::{OwnGroup, own_groups};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How long a note of the kernel waits for the own socket that may have caused it.
pub const GRACE: Duration = Duration::from_millis(50);

/// A Group Address at a device.
type Place = (u32, IpAddr);

/// What the kernel tells, through these functions so that a test can tell it instead.
pub struct Source {
    pub own: fn() -> Vec<OwnGroup>,
    pub joined: fn() -> Vec<Joined>,
    pub tables: fn() -> Vec<State>,
}

const HOST: Source =
    Source { own: own_groups, joined: || logged(kernel::joined()), tables: || logged(table_states()) };

fn logged<T>(read: crate::error::Result<Vec<T>>) -> Vec<T> {
    read.unwrap_or_else(|e| {
        log::warn!("membership events: {e}");
        Vec::new()
    })
}

/// The states known, and the events that wait to be passed on.
pub struct States {
    source: Source,
    events: VecDeque<Event>,
    /// Own names that are listened to, with their Group Addresses.
    own: HashSet<(u32, String, IpAddr)>,
    /// How many own names hold a place; kept for [`GRACE`] after the last one left.
    held: HashMap<Place, Held>,
    /// Own sources that were there when events began; an early note of one is about that.
    begun_sources: HashSet<(u32, String)>,
    /// How many notes are left that were written before what there is was read.
    early: usize,
    /// Places of other processes that the application knows.
    foreign: BTreeSet<Place>,
    /// States of the forwarding caches and bridges that the application knows.
    tables: BTreeSet<State>,
    /// Notes of the kernel in its order, each with the time when it is decided.
    pending: VecDeque<(Instant, Change)>,
    /// Places that own sockets left: do others still hold them?
    left: Vec<Place>,
    /// When that is looked up.
    look: Option<Instant>,
    /// When the tables are read again.
    reread: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Held {
    names: usize,
    until: Instant,
}

impl States {
    /// Begins with what there is: own states at once, the kernel's with the first notes.
    pub fn begin(now: Instant) -> States {
        States::of(HOST, now)
    }

    fn of(source: Source, now: Instant) -> States {
        let mut states = States {
            source,
            events: VecDeque::new(),
            own: HashSet::new(),
            held: HashMap::new(),
            begun_sources: HashSet::new(),
            early: 0,
            foreign: BTreeSet::new(),
            tables: BTreeSet::new(),
            pending: VecDeque::new(),
            left: Vec::new(),
            look: None,
            reread: Some(now),
        };
        let mut own = (states.source.own)();
        own.sort_unstable_by(|a, b| (a.ifindex, &a.name, a.address).cmp(&(b.ifindex, &b.name, b.address)));
        for group in own {
            let event = |event| Event { event, ifindex: group.ifindex, name: group.name.to_string() };
            if group.listener {
                states.own(now, event(EventType::Join), group.address);
            }
            if group.sender {
                states.own(now, event(EventType::NewSource), group.address);
                states.begun_sources.insert((group.ifindex, group.name.to_string()));
            }
        }
        for Joined { ifindex, address, .. } in (states.source.joined)() {
            states.kernel(now, Change::Group { ifindex, address, joined: true });
        }
        states
    }

    /// Says how many notes were written before the states were read, at the latest.
    pub fn expect_early(&mut self, notes: usize) {
        self.early = notes + 1;
        self.early_taken();
    }

    /// A note was taken.
    pub fn early_taken(&mut self) {
        self.early = self.early.saturating_sub(1);
        if self.early == 0 {
            self.begun_sources.clear();
        }
    }

    /// How much waits to be decided or passed on.
    pub fn waiting(&self) -> usize {
        self.events.len() + self.pending.len()
    }

    /// Notes were lost: what there is, is read anew.
    pub fn resync(&mut self, now: Instant) {
        let own = (self.source.own)().into_iter().filter(|g| g.listener);
        let own: HashSet<_> = own.map(|g| (g.ifindex, g.name.to_string(), g.address)).collect();
        let gone: Vec<_> = self.own.iter().filter(|key| !own.contains(*key)).cloned().collect();
        for (ifindex, name, address) in gone {
            self.own(now, Event { event: EventType::Leave, ifindex, name }, address);
        }
        for (ifindex, name, address) in own {
            self.own(now, Event { event: EventType::Join, ifindex, name }, address);
        }
        self.kernel(now, Change::Resync);
    }

    /// The next event to pass on.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`States::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.front().map(|(at, _)| *at);
        [pending, self.look, self.reread].into_iter().flatten().min()
    }

    /// A note of an own multicast socket.
    pub fn own(&mut self, at: Instant, event: Event, address: IpAddr) {
        let place = (event.ifindex, address);
        let key = (event.ifindex, event.name.clone(), address);
        match event.event {
            EventType::Join => {
                if !self.own.insert(key) {
                    return;
                }
                self.held.entry(place).or_insert(Held { names: 0, until: at }).names += 1;
            }
            EventType::Leave => {
                if !self.own.remove(&key) {
                    return;
                }
                if let Some(held) = self.held.get_mut(&place) {
                    held.names = held.names.saturating_sub(1);
                    held.until = at + GRACE;
                    if held.names == 0 {
                        self.left.push(place);
                        self.look.get_or_insert(at + GRACE);
                    }
                }
            }
            EventType::NewSource => {
                if self.begun_sources.remove(&(event.ifindex, event.name.clone())) {
                    return;
                }
            }
        }
        self.events.push_back(event);
    }

    /// A note of the interface watch.
    pub fn kernel(&mut self, at: Instant, change: Change) {
        match change {
            Change::Tables => {
                self.reread.get_or_insert(at + GRACE);
            }
            Change::Group { .. } | Change::Gone { .. } | Change::Resync => {
                self.pending.push_back((at + GRACE, change));
            }
            _ => {}
        }
    }

    /// Decides what is due.
    pub fn due(&mut self, now: Instant) {
        while let Some((at, change)) = self.pending.front().cloned().filter(|(at, _)| *at <= now) {
            self.pending.pop_front();
            self.decide(at, change);
        }
        if self.look.is_some_and(|at| at <= now) {
            self.look = None;
            self.look_after_own_leaves(now);
        }
        if self.reread.is_some_and(|at| at <= now) {
            self.reread = None;
            self.read_tables();
        }
    }

    fn decide(&mut self, at: Instant, change: Change) {
        match change {
            Change::Group { ifindex, address, joined: true } => {
                let place = (ifindex, address);
                // `at` is the note's time and the grace: an own socket that held the place since is meant.
                let own = self.held.get(&place).is_some_and(|h| h.names > 0 || h.until + GRACE >= at);
                if !own {
                    self.foreign_join(place);
                }
            }
            Change::Group { ifindex, address, joined: false } => self.foreign_leave((ifindex, address)),
            Change::Gone { index, .. } => {
                let gone: Vec<Place> = self.foreign.iter().filter(|p| p.0 == index).copied().collect();
                gone.into_iter().for_each(|place| self.foreign_leave(place));
                self.reread.get_or_insert(at);
            }
            Change::Resync => {
                let joined: BTreeSet<Place> =
                    (self.source.joined)().iter().map(|j| (j.ifindex, j.address)).collect();
                let lost: Vec<Place> = self.foreign.difference(&joined).copied().collect();
                lost.into_iter().for_each(|place| self.foreign_leave(place));
                for place in joined {
                    if self.held.get(&place).is_none_or(|h| h.names == 0 && h.until < at) {
                        self.foreign_join(place);
                    }
                }
                self.reread.get_or_insert(at);
            }
            _ => {}
        }
    }

    /// Places that own sockets left and somebody else still holds are foreign from now on.
    fn look_after_own_leaves(&mut self, now: Instant) {
        let (ripe, rest): (Vec<Place>, Vec<Place>) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|place| self.held.get(place).is_none_or(|h| h.names > 0 || h.until <= now));
        self.left = rest;
        self.look = (!self.left.is_empty()).then_some(now + GRACE);
        let still: HashSet<Place> = (self.source.joined)().iter().map(|j| (j.ifindex, j.address)).collect();
        for place in ripe {
            if self.held.get(&place).is_none_or(|h| h.names > 0) {
                continue;
            }
            if still.contains(&place) {
                self.foreign_join(place);
            }
            // The kernel's notes of the own leave may still wait; afterwards nothing more is known of it.
            if self.pending.is_empty() {
                self.held.remove(&place);
            } else {
                self.left.push(place);
                self.look = Some(now + GRACE);
            }
        }
    }

    fn read_tables(&mut self) {
        let now: BTreeSet<State> = (self.source.tables)().into_iter().collect();
        let event = |event, state: &State| {
            let name = ip_name(state.address, state.source, None);
            Event { event, ifindex: state.ifindex, name }
        };
        for gone in self.tables.difference(&now).filter(|s| !s.sender) {
            self.events.push_back(event(EventType::Leave, gone));
        }
        for new in now.difference(&self.tables) {
            let kind = if new.sender { EventType::NewSource } else { EventType::Join };
            self.events.push_back(event(kind, new));
        }
        self.tables = now;
    }

    fn foreign_join(&mut self, place: Place) {
        if self.foreign.insert(place) {
            self.foreign_event(EventType::Join, place);
        }
    }

    fn foreign_leave(&mut self, place: Place) {
        if self.foreign.remove(&place) {
            self.foreign_event(EventType::Leave, place);
        }
    }

    fn foreign_event(&mut self, event: EventType, (ifindex, address): Place) {
        self.events.push_back(Event { event, ifindex, name: ip_name(address, None, None) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::Arc;

    thread_local! {
        static JOINED: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
        static OWN: RefCell<Vec<OwnGroup>> = const { RefCell::new(Vec::new()) };
        static TABLES: RefCell<Vec<State>> = const { RefCell::new(Vec::new()) };
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
        };
        States::of(source, now)
    }

    fn own_note(states: &mut States, at: Instant, event: EventType) {
        states.own(at, Event { event, ifindex: 2, name: OWN_NAME.into() }, A.parse().unwrap());
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
        let state = |ifindex, sender| State { ifindex, address: A.parse().unwrap(), source, sender };
        TABLES.set(vec![state(2, true), state(3, false)]);
        states.kernel(t, Change::Tables);
        let name = "ham:ip:239.1.1.1@10.0.0.9";
        assert_eq!(told(&mut states, t + GRACE), [(EventType::NewSource, name.to_string()), join(name)]);
        TABLES.set(vec![]);
        states.kernel(t + GRACE, Change::Tables);
        assert_eq!(told(&mut states, t + 2 * GRACE), [leave(name)]);
    }
}
