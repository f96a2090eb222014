//! What is known of other nodes: who listens or sends to which group at which Interface, whoever said so.
//!
//! Those who find it out say what came and what went, and mind its age themselves; membership events and service calls
//! take it from here. The table is bounded, and none of those who find out at one device what there is may take more of it
//! than is left for all others: what does not fit is counted, told once in a while, and asked for when there is room again.

use super::{events, observer};
use arc_swap::ArcSwapOption;
use carrier::Role;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use sys::fork::Hook;
use sys::logging::Pace;

/// Who found it out; several may know the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The observer of IGMP and MLD.
    Observer = 1,
    /// The other libham processes' own word.
    Presence = 2,
    /// An Interface whose technology knows by itself.
    Carrier = 4,
}

/// A group, as what was heard of the other node names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupId {
    /// A Group Address, and the source where it asks for one.
    Address(IpAddr, Option<IpAddr>),
    /// A Group Name in normal form, where it is placed, and the source.
    Name(Arc<str>, IpAddr, Option<IpAddr>),
}

impl GroupId {
    /// The Group Address, and the source.
    pub fn address(&self) -> (IpAddr, Option<IpAddr>) {
        let (GroupId::Address(address, source) | GroupId::Name(_, address, source)) = *self;
        (address, source)
    }
}

/// A group state at a device that other nodes have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteState {
    /// The device.
    pub ifindex: u32,
    /// The group.
    pub group: GroupId,
    /// What they do.
    pub role: Role,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteChange {
    /// A node has a state (again is nothing new).
    Came(RemoteState, IpAddr),
    /// It has it no more (never had it is nothing new).
    Went(RemoteState, IpAddr),
    /// Nothing is known of the device any more.
    Vanished(u32),
}

/// At most this many pairs of state and node are kept.
pub const LIMIT: usize = 131_072;
/// When so many have gone, what was left out is asked for.
const ROOM: usize = LIMIT / 16;

/// The table.
#[derive(Debug, Default)]
pub struct Known {
    /// The nodes of each state, each with the bits of its origins.
    states: HashMap<RemoteState, HashMap<IpAddr, u8>>,
    pairs: usize,
    /// How many each origin has at each device.
    shares: HashMap<(u32, u8), usize>,
    left_out: u64,
    /// With how many pairs something was left out that is still to be asked for.
    full_at: Option<usize>,
}

impl Known {
    /// Takes a change in. `tell` gets each state that its first node has come to (true), or its last one has left.
    pub fn apply(&mut self, origin: Origin, change: RemoteChange, tell: &mut impl FnMut(&RemoteState, bool)) {
        match change {
            RemoteChange::Came(state, node) => self.came(origin, state, node, tell),
            RemoteChange::Went(state, node) => self.went(origin, &state, node, tell),
            RemoteChange::Vanished(ifindex) => {
                let there = self.states.iter().filter(|(state, _)| state.ifindex == ifindex);
                let pairs = there.flat_map(|(state, nodes)| nodes.keys().map(|node| (state.clone(), *node)));
                for (state, node) in pairs.collect::<Vec<_>>() {
                    self.went(origin, &state, node, tell);
                }
            }
        }
    }

    fn came(
        &mut self,
        origin: Origin,
        state: RemoteState,
        node: IpAddr,
        tell: &mut impl FnMut(&RemoteState, bool),
    ) {
        let share = (state.ifindex, origin as u8);
        if let Some(origins) = self.states.get_mut(&state).and_then(|nodes| nodes.get_mut(&node)) {
            if *origins & origin as u8 == 0 {
                *origins |= origin as u8;
                *self.shares.entry(share).or_default() += 1;
            }
            return;
        }
        if self.shares.get(&share).copied().unwrap_or_default() >= LIMIT - self.pairs.min(LIMIT) {
            self.left_out += 1;
            self.full_at = Some(self.full_at.unwrap_or_default().max(self.pairs));
            return;
        }
        *self.shares.entry(share).or_default() += 1;
        self.pairs += 1;
        let nodes = self.states.entry(state.clone()).or_default();
        nodes.insert(node, origin as u8);
        if nodes.len() == 1 {
            tell(&state, true);
        }
    }

    fn went(
        &mut self,
        origin: Origin,
        state: &RemoteState,
        node: IpAddr,
        tell: &mut impl FnMut(&RemoteState, bool),
    ) {
        let Some(nodes) = self.states.get_mut(state) else { return };
        let Some(origins) = nodes.get_mut(&node) else { return };
        let share = (state.ifindex, origin as u8);
        if let Some(count) = self.shares.get_mut(&share).filter(|_| *origins & origin as u8 != 0) {
            *count -= 1;
            if *count == 0 {
                self.shares.remove(&share);
            }
        }
        *origins &= !(origin as u8);
        if *origins != 0 {
            return;
        }
        nodes.remove(&node);
        self.pairs -= 1;
        if nodes.is_empty() {
            self.states.remove(state);
            tell(state, false);
        }
    }

    /// True once when there is room again for what was left out.
    fn has_room_again(&mut self) -> bool {
        self.full_at.take_if(|full| self.pairs + ROOM <= *full).is_some()
    }

    /// Every state, with its nodes.
    pub fn states(&self) -> impl Iterator<Item = (&RemoteState, impl Iterator<Item = IpAddr>)> {
        self.states.iter().map(|(state, nodes)| (state, nodes.keys().copied()))
    }
}

// No lock that a thread of the parent may hold is met in a forked child: it drops the pointer unread.
static KNOWN: ArcSwapOption<Mutex<Known>> = ArcSwapOption::const_empty();

/// Takes in what `origin` has found out, and passes on what is new to membership events, in this order. Never blocks
/// for longer than another such call takes.
pub fn report(origin: Origin, changes: impl IntoIterator<Item = RemoteChange>) {
    static PACE: Pace = Pace::new();
    let mut changes = changes.into_iter().peekable();
    if changes.peek().is_none() {
        return;
    }
    ON_FORK.set();
    if KNOWN.load().is_none() {
        KNOWN.compare_and_swap(&None::<Arc<_>>, Some(Arc::default()));
    }
    let Some(known) = KNOWN.load_full() else { return };
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    for change in changes {
        // Under the lock, so that events keep the order.
        known.apply(origin, change, &mut |state, came| events::remote_change(state, came));
    }
    if known.has_room_again() {
        observer::tell_again();
    }
    if known.left_out > 0 && PACE.due() {
        let left_out = std::mem::take(&mut known.left_out);
        log::warn!("group states: {left_out} of other nodes are left out, {LIMIT} are kept");
    }
}

/// Looks at the table.
pub fn look<R>(at: impl FnOnce(&Known) -> R) -> R {
    match KNOWN.load_full() {
        Some(known) => at(&known.lock().unwrap_or_else(PoisonError::into_inner)),
        None => at(&Known::default()),
    }
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// What its parent knew is old news in a forked child.
extern "C" fn forget_after_fork() {
    std::mem::forget(KNOWN.swap(None));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(last: u8, role: Role) -> RemoteState {
        let group = GroupId::Address(IpAddr::from([239, 1, 1, last]), None);
        RemoteState { ifindex: 2, group, role }
    }

    fn node(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn told(known: &mut Known, origin: Origin, change: RemoteChange) -> Vec<(RemoteState, bool)> {
        let mut told = Vec::new();
        known.apply(origin, change, &mut |state, came| told.push((state.clone(), came)));
        told
    }

    #[test]
    fn the_first_node_and_the_last_one_are_news() {
        let mut known = Known::default();
        let (a, b) = (state(1, Role::Listener), state(1, Role::Sender));
        let came = |n| RemoteChange::Came(a.clone(), node(n));
        let went = |n| RemoteChange::Went(a.clone(), node(n));
        assert_eq!(told(&mut known, Origin::Observer, came(1)), [(a.clone(), true)]);
        assert_eq!(told(&mut known, Origin::Observer, came(1)), []);
        assert_eq!(told(&mut known, Origin::Observer, came(2)), []);
        // The other role is another state.
        assert_eq!(told(&mut known, Origin::Observer, RemoteChange::Came(b.clone(), node(1))), [(b, true)]);
        assert_eq!(told(&mut known, Origin::Observer, went(1)), []);
        assert_eq!(told(&mut known, Origin::Observer, went(3)), []);
        assert_eq!(told(&mut known, Origin::Observer, went(2)), [(a.clone(), false)]);
        assert_eq!(told(&mut known, Origin::Observer, went(2)), []);
        assert_eq!(known.pairs, 1);
    }

    #[test]
    fn what_two_know_goes_with_the_second() {
        let mut known = Known::default();
        let a = state(1, Role::Listener);
        let came = RemoteChange::Came(a.clone(), node(1));
        let went = RemoteChange::Went(a.clone(), node(1));
        assert_eq!(told(&mut known, Origin::Observer, came.clone()).len(), 1);
        assert_eq!(told(&mut known, Origin::Presence, came), []);
        assert_eq!(told(&mut known, Origin::Observer, went.clone()), []);
        assert_eq!(told(&mut known, Origin::Observer, went.clone()), []);
        assert_eq!(told(&mut known, Origin::Presence, went), [(a, false)]);
        assert!(known.states.is_empty() && known.pairs == 0);
    }

    #[test]
    fn a_device_that_vanishes_takes_its_states_along() {
        let mut known = Known::default();
        let elsewhere = RemoteState { ifindex: 3, ..state(1, Role::Listener) };
        for state in [state(1, Role::Listener), state(2, Role::Listener), elsewhere.clone()] {
            told(&mut known, Origin::Observer, RemoteChange::Came(state, node(1)));
        }
        told(&mut known, Origin::Presence, RemoteChange::Came(state(2, Role::Listener), node(1)));
        let gone = told(&mut known, Origin::Observer, RemoteChange::Vanished(2));
        assert_eq!(gone, [(state(1, Role::Listener), false)]);
        let gone = told(&mut known, Origin::Presence, RemoteChange::Vanished(2));
        assert_eq!(gone, [(state(2, Role::Listener), false)]);
        assert_eq!(known.states.keys().collect::<Vec<_>>(), [&elsewhere]);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut known = Known::default();
        for i in 0..LIMIT as u32 + 5 {
            let [a, b, c, d] = (0x0a00_0000 + i).to_be_bytes();
            let change = RemoteChange::Came(state(1, Role::Listener), IpAddr::from([a, b, c, d]));
            known.apply(Origin::Observer, change, &mut |_, _| {});
        }
        assert_eq!((known.pairs, known.left_out), (LIMIT / 2, LIMIT as u64 / 2 + 5));
        assert_eq!(known.states().map(|(_, nodes)| nodes.count()).sum::<usize>(), LIMIT / 2);
        // Others, and other devices, have room left.
        let elsewhere = RemoteState { ifindex: 3, ..state(1, Role::Listener) };
        assert_eq!(told(&mut known, Origin::Observer, RemoteChange::Came(elsewhere, node(1))).len(), 1);
        let other = RemoteChange::Came(state(2, Role::Listener), node(1));
        assert_eq!(told(&mut known, Origin::Observer, other.clone()), []);
        assert_eq!(told(&mut known, Origin::Presence, other).len(), 1);
    }

    #[test]
    fn what_was_left_out_is_asked_for_when_there_is_room() {
        let mut known = Known::default();
        let pair =
            |i: usize| (state(1, Role::Listener), IpAddr::from((0x0a00_0000 + i as u32).to_be_bytes()));
        let apply = |known: &mut Known, i: usize, came: bool| {
            let (state, node) = pair(i);
            let change = if came { RemoteChange::Came(state, node) } else { RemoteChange::Went(state, node) };
            known.apply(Origin::Observer, change, &mut |_, _| {});
        };
        (0..LIMIT / 2).for_each(|i| apply(&mut known, i, true));
        assert!(!known.has_room_again());
        apply(&mut known, LIMIT, true);
        (1..ROOM).for_each(|i| apply(&mut known, i, false));
        assert!(!known.has_room_again());
        apply(&mut known, 0, false);
        assert!(known.has_room_again() && !known.has_room_again());
        apply(&mut known, LIMIT, true);
        assert_eq!(known.pairs, LIMIT / 2 - ROOM + 1);
        assert_eq!(known.shares.values().sum::<usize>(), known.pairs);
    }
}
