//! What the application has been told, and what it has to be told next.

use super::names::{By, Names, Spot};
use super::{Event, EventType};
use crate::control::own_groups;
use crate::group::OwnGroup;
use crate::membership::kernel::{self, Joined, KernelState, table_states};
use crate::membership::known::{self, GroupId};
use crate::name::ip_name;
use crate::presence;
use carrier::Role;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use watch::Change;

/// How long a note of the kernel waits for the own socket that may have caused it.
pub const GRACE: Duration = Duration::from_millis(50);

/// How long a Group Address that others listen to waits for a name that they say.
const NAMING: Duration = Duration::from_millis(50);
/// The same for those that are there when events begin.
const LEARNING: Duration = Duration::from_millis(500);

/// A Group Address at a device.
type Place = (u32, IpAddr);

/// What the kernel tells, through these functions so that a test can tell it instead.
pub struct Source {
    pub own: fn() -> Vec<OwnGroup>,
    pub joined: fn() -> Vec<Joined>,
    pub tables: fn() -> Vec<KernelState>,
    pub remote: fn() -> Vec<known::RemoteState>,
    /// Other nodes can say their names.
    pub named: fn() -> bool,
}

const HOST: Source = Source {
    own: own_groups,
    joined: || logged(kernel::joined()),
    tables: || logged(table_states()),
    remote: || known::look(|known| known.states().map(|(state, _)| state.clone()).collect()),
    named: presence::is_heard,
};

fn logged<T>(read: crate::error::Result<Vec<T>>) -> Vec<T> {
    read.unwrap_or_else(|e| {
        log::warn!("membership events: {e}");
        Vec::new()
    })
}

/// The states known, and the events that wait to be passed on.
pub struct States {
    source: Source,
    names: Names,
    /// Own names that are listened to, with their Group Addresses.
    own: HashSet<(Spot, String)>,
    /// Own sources, each with its Group Addresses; the first one stands for all.
    own_sources: HashMap<(u32, String), Vec<Spot>>,
    /// How many own names hold a place; kept for [`GRACE`] after the last one left.
    held: HashMap<Place, Held>,
    /// Where own sockets listened when that was looked up last, which is when.
    listened: Option<(Instant, HashSet<Place>)>,
    /// Own sources that were there when events began; an early note of one is about that.
    begun_sources: HashSet<(u32, String)>,
    /// How many notes are left that were written before what there is was read.
    early: usize,
    /// Places of other processes that the application knows.
    foreign: BTreeSet<Place>,
    /// States of other nodes that the application knows.
    remote: HashSet<known::RemoteState>,
    /// Names of which other nodes say that they send, and at how many Group Addresses.
    remote_sources: HashMap<(u32, String), usize>,
    /// States of the forwarding caches and bridges that the application knows.
    tables: BTreeSet<KernelState>,
    /// Notes of the kernel in its order, each with the time when it is decided.
    pending: VecDeque<(Instant, Change)>,
    /// Places that own sockets left: do others still hold them?
    left: Vec<Place>,
    /// When that is looked up.
    look: Option<Instant>,
    /// When the tables are read again.
    reread: Option<Instant>,
    /// How long that took last.
    reading: Duration,
    /// When own sources are read again, because some have ended.
    recount: Option<Instant>,
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
            names: Names::default(),
            own: HashSet::new(),
            own_sources: HashMap::new(),
            held: HashMap::new(),
            listened: None,
            begun_sources: HashSet::new(),
            early: 0,
            foreign: BTreeSet::new(),
            remote: HashSet::new(),
            remote_sources: HashMap::new(),
            tables: BTreeSet::new(),
            pending: VecDeque::new(),
            left: Vec::new(),
            look: None,
            reread: Some(now),
            reading: Duration::ZERO,
            recount: None,
        };
        let mut own = (states.source.own)();
        own.sort_unstable_by(|a, b| (a.ifindex, &a.name, a.address).cmp(&(b.ifindex, &b.name, b.address)));
        for group in own {
            if group.listener {
                states.own(now, EventType::Join, spot(&group), &group.name);
            }
            if group.sender {
                states.own(now, EventType::NewSource, spot(&group), &group.name);
                states.begun_sources.insert((group.ifindex, group.name.to_string()));
            }
        }
        let named = (states.source.named)();
        states.names.patience = if named { LEARNING } else { Duration::ZERO };
        for state in (states.source.remote)() {
            states.remote(now, state, true);
        }
        states.names.patience = if named { NAMING } else { Duration::ZERO };
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
        self.names.events.len() + self.pending.len()
    }

    /// Notes were lost: what there is, is read anew.
    pub fn resync(&mut self, now: Instant) {
        let mut groups = (self.source.own)();
        groups.sort_unstable_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
        let named = |g: &OwnGroup| (spot(g), g.name.to_string());
        let own: HashSet<_> = groups.iter().filter(|g| g.listener).map(named).collect();
        let gone: Vec<_> = self.own.difference(&own).cloned().collect();
        for (spot, name) in gone {
            self.own(now, EventType::Leave, spot, &name);
        }
        for (spot, name) in own {
            self.own(now, EventType::Join, spot, &name);
        }
        self.keep_sources(&groups);
        for (spot, name) in groups.iter().filter(|g| g.sender).map(named) {
            let known = self.own_sources.get(&(spot.ifindex, name.clone()));
            if !known.is_some_and(|spots| spots.contains(&spot)) {
                self.own(now, EventType::NewSource, spot, &name);
            }
        }
        let remote: HashSet<_> = (self.source.remote)().into_iter().collect();
        let gone: Vec<_> = self.remote.difference(&remote).cloned().collect();
        gone.into_iter().for_each(|state| self.remote(now, state, false));
        remote.into_iter().for_each(|state| self.remote(now, state, true));
        self.kernel(now, Change::Resync);
    }

    /// The next event to pass on.
    pub fn next_event(&mut self) -> Option<Event> {
        self.names.events.pop_front()
    }

    /// When [`States::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.front().map(|(at, _)| *at);
        [pending, self.look, self.reread, self.recount, self.names.deadline()].into_iter().flatten().min()
    }

    /// A note of an own multicast socket.
    pub fn own(&mut self, at: Instant, event: EventType, spot: Spot, name: &str) {
        let place = (spot.ifindex, spot.address);
        match event {
            EventType::Join => {
                if self.own.insert((spot, name.into())) {
                    self.held.entry(place).or_insert(Held { names: 0, until: at }).names += 1;
                    self.names.hold(spot.ifindex, name);
                    self.names.own_came(spot, name);
                }
            }
            EventType::Leave => {
                if !self.own.remove(&(spot, name.into())) {
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
                self.names.release(spot.ifindex, name);
                self.names.own_went(spot, name);
            }
            EventType::NewSource => {
                let key = (spot.ifindex, name.to_string());
                let spots = self.own_sources.entry(key.clone()).or_default();
                let new = !spots.contains(&spot);
                if new {
                    spots.push(spot);
                }
                // A name with several Group Addresses is one source.
                if spots[0] == spot && !self.begun_sources.remove(&key) {
                    self.names.tell(event, spot.ifindex, name);
                }
                if new {
                    self.names.own_came(spot, name);
                }
            }
        }
    }

    /// A note that own sources have ended.
    pub fn sources_ended(&mut self, at: Instant) {
        self.recount.get_or_insert(at + GRACE);
    }

    /// A note on other nodes.
    pub fn remote(&mut self, at: Instant, state: known::RemoteState, came: bool) {
        let changed = if came { self.remote.insert(state.clone()) } else { self.remote.remove(&state) };
        if !changed {
            return;
        }
        let known::RemoteState { ifindex, group, role } = state;
        let (address, source) = group.address();
        let spot = Spot { ifindex, address, source };
        match (role, group, came) {
            (Role::Listener, GroupId::Address(..), true) => self.names.others_listen(at, spot, By::Remote),
            (Role::Listener, GroupId::Address(..), false) => self.names.others_left(at, spot, By::Remote),
            (Role::Listener, GroupId::Name(name, ..), true) => self.names.said(spot, &name),
            (Role::Listener, GroupId::Name(name, ..), false) => self.names.unsaid(at, spot, &name),
            (Role::Sender, GroupId::Address(..), true) => {
                let name = self.names.of(spot);
                self.names.tell(EventType::NewSource, ifindex, &name);
            }
            (Role::Sender, GroupId::Address(..), false) => {}
            (Role::Sender, GroupId::Name(name, ..), true) => {
                let count = self.remote_sources.entry((ifindex, name.to_string())).or_insert(0);
                *count += 1;
                if *count == 1 {
                    self.names.tell(EventType::NewSource, ifindex, &name);
                }
            }
            (Role::Sender, GroupId::Name(name, ..), false) => {
                let key = (ifindex, name.to_string());
                if let Some(count) = self.remote_sources.get_mut(&key) {
                    *count -= 1;
                    if *count == 0 {
                        self.remote_sources.remove(&key);
                    }
                }
            }
        }
    }

    /// A note of the interface watch.
    pub fn kernel(&mut self, at: Instant, change: Change) {
        match change {
            Change::Members | Change::Forwarding => {
                // Long tables that change all the time take a tenth of it.
                self.reread.get_or_insert(at + GRACE.max(self.reading * 10));
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
            self.decide(now, at, change);
        }
        if self.look.is_some_and(|at| at <= now) {
            self.look = None;
            self.look_after_own_leaves(now);
        }
        if self.reread.is_some_and(|at| at <= now) {
            self.reread = None;
            self.read_tables(now);
        }
        if self.recount.is_some_and(|at| at <= now) {
            self.recount = None;
            self.keep_sources(&(self.source.own)());
        }
        self.names.due(now);
    }

    /// Own sources that are not among these groups have ended.
    fn keep_sources(&mut self, groups: &[OwnGroup]) {
        let mut now: HashMap<(u32, String), HashSet<Spot>> = HashMap::new();
        for group in groups.iter().filter(|g| g.sender) {
            now.entry((group.ifindex, group.name.to_string())).or_default().insert(spot(group));
        }
        let names = &mut self.names;
        self.own_sources.retain(|key, spots| {
            let there = now.get(key);
            spots.retain(|spot| {
                let stays = there.is_some_and(|there| there.contains(spot));
                if !stays {
                    names.own_went(*spot, &key.1);
                }
                stays
            });
            !spots.is_empty()
        });
    }

    fn decide(&mut self, now: Instant, at: Instant, change: Change) {
        match change {
            Change::Group { ifindex, address, joined: true } => {
                let place = (ifindex, address);
                // `at` is the note's time and the grace: an own socket that held the place since is meant.
                let own = self.held.get(&place).is_some_and(|h| h.names > 0 || h.until + GRACE >= at);
                if !own && !self.is_own(now, at, place) {
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
                    let left = self.held.get(&place).is_none_or(|h| h.names == 0 && h.until < at);
                    if left && !self.is_own(now, at, place) {
                        self.foreign_join(place);
                    }
                }
                self.reread.get_or_insert(at);
            }
            _ => {}
        }
    }

    /// True when an own socket listens there whose word has not come yet, because many join at once. `at` is when the
    /// note is decided.
    fn is_own(&mut self, now: Instant, at: Instant, place: Place) -> bool {
        // What was read after the note was written holds for it: many notes cost one reading.
        let listened = self.listened.take().filter(|(read, _)| *read + GRACE >= at);
        let (read, places) = listened.unwrap_or_else(|| {
            let own = (self.source.own)().into_iter().filter(|g| g.listener);
            (now, own.map(|g| (g.ifindex, g.address)).collect())
        });
        let own = places.contains(&place);
        self.listened = Some((read, places));
        own
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
            let until = self.held.get(&place).map_or(now, |h| h.until);
            if self.pending.front().is_none_or(|(at, _)| *at > until + GRACE) {
                self.held.remove(&place);
            } else {
                self.left.push(place);
                self.look = Some(now + GRACE);
            }
        }
    }

    fn read_tables(&mut self, at: Instant) {
        let begun = Instant::now();
        let now: BTreeSet<KernelState> = (self.source.tables)().into_iter().collect();
        self.reading = begun.elapsed();
        let spot = |state: &KernelState| {
            let KernelState { ifindex, address, source, .. } = *state;
            Spot { ifindex, address, source }
        };
        for gone in self.tables.difference(&now).filter(|s| !s.sender) {
            self.names.others_left(at, spot(gone), By::Tables);
        }
        for new in now.difference(&self.tables) {
            if new.sender {
                let name = self.names.of(spot(new));
                self.names.tell(EventType::NewSource, new.ifindex, &name);
            } else {
                self.names.others_listen(at, spot(new), By::Tables);
            }
        }
        self.tables = now;
    }

    fn foreign_join(&mut self, (ifindex, address): Place) {
        if self.foreign.insert((ifindex, address)) {
            self.names.hold(ifindex, &ip_name(address, None, None));
        }
    }

    fn foreign_leave(&mut self, (ifindex, address): Place) {
        if self.foreign.remove(&(ifindex, address)) {
            self.names.release(ifindex, &ip_name(address, None, None));
        }
    }
}

fn spot(group: &OwnGroup) -> Spot {
    Spot { ifindex: group.ifindex, address: group.address, source: group.source }
}

#[cfg(test)]
mod tests;
