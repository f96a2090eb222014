//! Group states at carriers, whose technologies know by themselves who is in which group. Service calls read what they
//! have in memory; for membership events their changes go into the table of other nodes.

use super::known::{self, GroupId, Origin, RemoteState};
use super::service::GroupType;
use crate::control::news::{self, News};
use crate::control::{carriers_in_use, own_groups};
use crate::error::Result;
use crate::frame::Tag;
use crate::interfaces::carriers;
use crate::name::{Group, Name};
use crate::technology::Carrier;
use carrier::Change;
use carrier::Role;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sys::fork::Hook;

/// Somebody wants to know of group states.
static WANTED: AtomicBool = AtomicBool::new(false);

/// The carriers that are watched, as bits; beyond the 64th, none.
static WATCHED: AtomicU64 = AtomicU64::new(0);

/// From now on the carriers that multicast sockets have are watched.
pub fn start() {
    static SUBSCRIBED: AtomicBool = AtomicBool::new(false);
    ON_FORK.set();
    if !SUBSCRIBED.swap(true, Ordering::SeqCst) {
        news::subscribe(hear);
    }
    if !WANTED.swap(true, Ordering::SeqCst) {
        carriers_in_use().into_iter().for_each(watch);
    }
}

fn hear(news: &News<'_>) {
    if let News::Carrier(id) = *news {
        if WANTED.load(Ordering::SeqCst) {
            watch(id);
        }
    }
}

fn watch(id: u32) {
    let carrier = carriers::carrier(id).ok().flatten();
    let Some((carrier, bit)) = carrier.zip(1u64.checked_shl(id & 0xff_ffff)) else { return };
    ON_FORK.set();
    if WATCHED.fetch_or(bit, Ordering::SeqCst) & bit == 0 {
        carrier.watch(Arc::new(move |change| report(id, change)));
    }
}

fn report(ifindex: u32, Change { group, role, present }: Change) {
    let address = Tag::of(&group).address();
    let state = RemoteState { ifindex, group: GroupId::Name(group, address, None), role };
    // All other nodes together.
    let node = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let change =
        if present { known::RemoteChange::Came(state, node) } else { known::RemoteChange::Went(state, node) };
    known::report(Origin::Carrier, [change]);
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// A forked child asks for itself.
extern "C" fn forget_after_fork() {
    WANTED.store(false, Ordering::Relaxed);
    WATCHED.store(0, Ordering::Relaxed);
}

/// A question at a carrier.
pub struct At {
    id: u32,
    carrier: &'static Carrier,
}

/// The carrier of this id, if there is one.
pub fn at(id: u32) -> Result<Option<At>> {
    let carrier = carriers::carrier(id)?;
    carrier.iter().for_each(|_| watch(id));
    Ok(carrier.map(|carrier| At { id, carrier }))
}

impl At {
    /// The groups registered there, each once.
    pub fn group_set(&self) -> Vec<(String, GroupType)> {
        let mut states: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        let own = own_groups().into_iter().filter(|own| own.ifindex == self.id);
        let own = own.map(|own| (own.name, own.listener, own.sender));
        let others = self.carrier.states().into_iter();
        let others = others.map(|(name, role)| (name, role == Role::Listener, role == Role::Sender));
        for (name, listener, sender) in own.chain(others) {
            let state = states.entry(name.to_string()).or_default();
            *state = (state.0 || listener, state.1 || sender);
        }
        let states = states.into_iter();
        states
            .filter_map(|(name, (listener, sender))| Some((name, GroupType::of(listener, sender)?)))
            .collect()
    }

    /// The neighbouring nodes that take part in the group.
    pub fn neighbors(&self, group: Option<&[u8]>) -> Result<Vec<String>> {
        Ok(self.carrier.neighbors(wanted(group)?.as_deref()))
    }

    /// The neighbours that the group is passed on to.
    pub fn children(&self, group: Option<&[u8]>) -> Result<Vec<String>> {
        Ok(self.carrier.children(wanted(group)?.as_deref()))
    }

    /// The neighbours that the group comes from.
    pub fn parents(&self, group: Option<&[u8]>) -> Result<Vec<String>> {
        Ok(self.carrier.parents(wanted(group)?.as_deref()))
    }

    /// This node forwards the group.
    pub fn designated(&self, group: Option<&[u8]>) -> Result<bool> {
        Ok(self.carrier.designated(wanted(group)?.as_deref()))
    }
}

/// The group that is asked for; `None`: any.
fn wanted(group: Option<&[u8]>) -> Result<Option<Arc<str>>> {
    let group = group.map(Name::parse).transpose()?;
    Ok(group.filter(|name| *name.group() != Group::All).map(|name| name.normal().clone()))
}
