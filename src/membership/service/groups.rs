//! groupSet: the groups at an Interface.

use super::question::{Covered, host_memberships, own_at, states_at};
use crate::error::Result;
use crate::group::OwnGroup;
use crate::interfaces;
use crate::membership::kernel::{KernelState, table_states};
use crate::membership::known::{self, GroupId};
use crate::membership::{carried, observer, others};
use crate::name::ip_name;
use carrier::Role;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// The type of a group state (`HAM_LISTENER`, `HAM_SENDER`, `HAM_SENDER_LISTENER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum GroupType {
    /// Somebody listens.
    Listener = 0,
    /// Somebody sends.
    Sender = 1,
    /// Both.
    SenderListener = 2,
}

impl GroupType {
    /// The type of a group that somebody listens or sends to; `None`: nobody does.
    pub fn of(listener: bool, sender: bool) -> Option<GroupType> {
        match (listener, sender) {
            (true, true) => Some(GroupType::SenderListener),
            (false, true) => Some(GroupType::Sender),
            (true, false) => Some(GroupType::Listener),
            (false, false) => None,
        }
    }
}

/// The groups registered at `interface`, by name, each once.
///
/// Names of this process's own multicast sockets stand as they were given; what else is known at the device (other
/// processes, other nodes, the forwarding cache, members behind a bridge) stands as `ham:ip:GROUP` or `ham:ip:GROUP@SOURCE`.
/// What other nodes have goes by the name that they say in presence, else by the own name of the same Group Address
/// where there is just one.
pub fn group_set(interface: u32) -> Result<Vec<(String, GroupType)>> {
    if let Some(at) = carried::at(interface)? {
        return Ok(at.group_set());
    }
    observer::start();
    others::start();
    let (device, families) = interfaces::find(interface)?;
    let own = own_at(&device, families);
    let mut states: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let mut add = |name: String, listener: bool, sender: bool| {
        let state = states.entry(name).or_default();
        *state = (state.0 || listener, state.1 || sender);
    };
    for group in own.iter().filter(|g| g.listener || g.sender) {
        add(group.name.to_string(), group.listener, group.sender);
    }
    let covered = Covered::new(&own);
    let here = |state: &KernelState| {
        state.ifindex == device.index && families.hold(state.address) && !covered.holds(state)
    };
    for state in host_memberships()?.into_iter().map(KernelState::from).filter(here) {
        add(ip_name(state.address, state.source, None), true, false);
    }
    let names = OwnNames::new(&own);
    let others = states_at(&device, families);
    // A group that others listen to by name is not listed again by its address.
    let named = |state: &known::RemoteState| {
        let named = matches!(state.group, GroupId::Name(..)) && state.role == Role::Listener;
        named.then(|| state.group.address())
    };
    let named: BTreeSet<_> = others.iter().filter_map(named).collect();
    let nameless = |state: &KernelState| state.sender || !named.contains(&(state.address, state.source));
    for state in table_states()?.into_iter().filter(here).filter(nameless) {
        add(names.of(state.address, state.source), !state.sender, state.sender);
    }
    for state in others {
        let name = match state.group {
            GroupId::Address(address, source)
                if state.role == Role::Listener && named.contains(&(address, source)) =>
            {
                continue;
            }
            GroupId::Address(address, source) => names.of(address, source),
            GroupId::Name(name, ..) => name.to_string(),
        };
        add(name, state.role == Role::Listener, state.role == Role::Sender);
    }
    let states = states.into_iter();
    Ok(states
        .filter_map(|(name, (listener, sender))| Some((name, GroupType::of(listener, sender)?)))
        .collect())
}

/// The own name of each Group Address; none where there are several.
struct OwnNames<'a>(HashMap<(IpAddr, Option<IpAddr>), Option<&'a str>>);

impl OwnNames<'_> {
    fn new(own: &[OwnGroup]) -> OwnNames<'_> {
        let mut names = HashMap::new();
        for group in own {
            let name = names.entry((group.address, group.source)).or_insert(Some(&*group.name));
            *name = name.filter(|name| **name == *group.name);
        }
        OwnNames(names)
    }

    /// What a Group Address goes by here.
    fn of(&self, address: IpAddr, source: Option<IpAddr>) -> String {
        match self.0.get(&(address, source)) {
            Some(Some(name)) => (*name).to_string(),
            _ => ip_name(address, source, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_by_the_own_name_where_there_is_just_one() {
        let address: IpAddr = "239.1.1.1".parse().unwrap();
        let own = |name: &str, source| OwnGroup {
            ifindex: 2,
            name: name.into(),
            address,
            source,
            listener: true,
            sender: false,
        };
        let source = Some(IpAddr::from([10, 0, 0, 1]));
        let groups = [own("ham:opaque:a", None), own("ham:opaque:b", source)];
        let names = OwnNames::new(&groups);
        assert_eq!(names.of(address, None), "ham:opaque:a");
        assert_eq!(names.of(address, source), "ham:opaque:b");
        assert_eq!(names.of([239, 1, 1, 2].into(), None), "ham:ip:239.1.1.2");
        let groups = [own("ham:opaque:a", None), own("ham:opaque:b", None), own("ham:opaque:a", None)];
        assert_eq!(OwnNames::new(&groups).of(address, None), "ham:ip:239.1.1.1");
    }
}
