//! The control state of every multicast socket of the process, behind one lock.
//!
//! Whatever changes memberships or Interfaces computes what should be, and `settle` makes it so: a join, an Interface
//! added, a device recreated and a failed join tried again are the same step. GroupState is changed where it lies, so a panic
//! between two steps loses no group.

mod attached;
mod carried;
mod fork;
mod groups;
pub mod news;
mod state;
#[cfg(test)]
mod tests;
mod ways;

pub(crate) use fork::prepare_for_fork;

use crate::core::Core;
use crate::error::{Error, Result};
use crate::group::OwnGroup;
use crate::interfaces;
use crate::mapping::Mapped;
use crate::name::Name;
use crate::presence;
use crate::receive::Inbound;
use crate::send::{Outbound, Outlet, Route};
use crate::technology::Carrier;
use crate::watching::Follower;
use news::{News, tell};
use state::{Control, Happened};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use watch::{Change, Filter};

/// A multicast socket's core and its two halves.
#[derive(Clone)]
pub(crate) struct Halves {
    pub core: Arc<Core>,
    pub inbound: Arc<Inbound>,
    pub outbound: Arc<Outbound>,
}

type Registry = BTreeMap<u64, Control>;

static REGISTRY: Mutex<Registry> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, Registry> {
    // A panic under the lock is caught at the C boundary; the state is kept consistent step by step.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every group state of this process's own multicast sockets, one entry per name, address and device.
pub(crate) fn own_groups() -> Vec<OwnGroup> {
    let registry = lock();
    let mut all: HashMap<(u32, Arc<str>, IpAddr, Option<IpAddr>), OwnGroup> = HashMap::new();
    for control in registry.values().filter(|control| !control.core().is_inherited()) {
        for group in control.own_groups() {
            let key = (group.ifindex, group.name.clone(), group.address, group.source);
            let merged = all.entry(key).or_insert_with(|| OwnGroup {
                listener: false,
                sender: false,
                ..group.clone()
            });
            merged.listener |= group.listener;
            merged.sender |= group.sender;
        }
    }
    all.into_values().collect()
}

/// Makes the control state of a multicast socket over the Interfaces `ifs` (the default ones when it is empty).
pub(crate) fn enter(halves: Halves, ifs: &[u32]) -> Result<()> {
    let id = halves.core.id;
    let control = Control::new(halves, ifs)?;
    control.carriers().for_each(|id| tell(&News::Carrier(id)));
    lock().insert(id, control);
    if fork::is_watched() {
        // What changed while the socket was made, no one has told it.
        refresh(id);
    }
    Ok(())
}

/// Takes the socket out, so that no control call finds it any more.
pub(crate) fn remove(core: &Core) {
    let mut registry = lock();
    let Some(mut control) = registry.remove(&core.id) else { return };
    control.forget_routes();
    if core.is_inherited() {
        return;
    }
    control.end();
    tell(&News::SourcesEnded);
    announce(&registry, core.id, control.take_happened());
    presence::groups_changed();
    // First the lock, then the descriptors: to close many takes the kernel a while.
    drop(registry);
}

/// Runs `change` on the socket's control state, under the lock.
pub(crate) fn with<R>(core: &Core, change: impl FnOnce(&mut Control) -> Result<R>) -> Result<R> {
    if core.is_inherited() {
        log::error!(
            "a multicast socket made before fork() can only send, receive and be deleted in the child; \
             create a new one there"
        );
        return Err(Error::NoSuchSocket);
    }
    if !core.is_held() {
        return Err(Error::NoSuchSocket);
    }
    on_control(core, change)
}

/// Runs `act` under the lock and passes on what happened.
fn on_control<R>(core: &Core, act: impl FnOnce(&mut Control) -> Result<R>) -> Result<R> {
    let mut registry = lock();
    let control = registry.get_mut(&core.id).ok_or(Error::NoSuchSocket)?;
    let result = act(control);
    let happened = control.take_happened();
    announce(&registry, core.id, happened);
    presence::groups_changed();
    result
}

/// Looks at the socket's control state, also at an inherited one.
pub(crate) fn look<R>(core: &Core, at: impl FnOnce(&Control) -> Result<R>) -> Result<R> {
    at(lock().get(&core.id).ok_or(Error::NoSuchSocket)?)
}

/// Where the socket's group `name` is mapped to, if it has joined it, is registered there or has sent to it.
pub(crate) fn known(core: &Core, name: &str) -> Option<Mapped> {
    lock().get(&core.id)?.mapped(name)
}

/// Whether the socket has an Interface of technology `ip`, and those of other technologies.
pub(crate) fn technologies(core: &Core) -> (bool, Vec<&'static Carrier>) {
    lock().get(&core.id).map_or((false, Vec::new()), Control::technologies)
}

/// The carriers that multicast sockets of the process have.
pub(crate) fn carriers_in_use() -> BTreeSet<u32> {
    let registry = lock();
    let controls = registry.values().filter(|control| !control.core().is_inherited());
    controls.flat_map(Control::carriers).collect()
}

/// Whether the socket has joined `name`, and then whether a shared receiver hears it.
pub(crate) fn joined(core: &Core, name: &str) -> Option<bool> {
    lock().get(&core.id)?.joined(name)
}

/// Where the socket makes frames.
pub(crate) fn outlets(core: &Core) -> Vec<Arc<Outlet>> {
    lock().get(&core.id).map(Control::outlets).unwrap_or_default()
}

/// Joins, and watches the Interfaces from then on.
pub(crate) fn join(core: &Core, name: &Name, mapped: Mapped) -> Result<()> {
    watch_interfaces(core);
    let framed = !mapped.raw;
    with(core, |control| control.join(name, mapped))?;
    settle_carriers(core);
    speak_of(core, framed);
    Ok(())
}

/// Registers a source, and watches the Interfaces from then on.
pub(crate) fn src_register(core: &Core, name: &Name, mapped: Mapped) -> Result<Vec<u32>> {
    watch_interfaces(core);
    let framed = !mapped.raw;
    let failed = with(core, |control| Ok(control.src_register(name, mapped)))?;
    settle_carriers(core);
    speak_of(core, framed);
    Ok(failed)
}

/// Opens a route to a group and keeps it; the name is known as sent to from then on.
pub(crate) fn open_route(core: &Core, uri: &[u8], name: &Name, mapped: Mapped) -> Result<Arc<Route>> {
    watch_interfaces(core);
    let framed = !mapped.raw;
    let route = on_control(core, |control| control.open_route(uri, name, mapped))?;
    speak_of(core, framed);
    Ok(route)
}

/// Waits a little, without the lock, until what is wanted of the socket's carriers is so.
fn settle_carriers(core: &Core) {
    if !core.is_inherited() {
        technologies(core).1.into_iter().for_each(Carrier::settle);
    }
}

/// Framed groups are libham's own: processes tell each other who is in them.
fn speak_of(core: &Core, framed: bool) {
    if framed {
        presence::speak(&core.config.presence, own_groups);
    }
}

/// Starts the watch, before anything rests on what the Interfaces are. Without it everything works but what follows the
/// Interfaces by itself.
fn watch_interfaces(core: &Core) {
    // Nothing of an inherited socket follows the Interfaces.
    if core.is_inherited() || fork::watched() {
        return;
    }
    match DEVICES.begin() {
        // What changed before is made up for.
        Ok(()) => on_change(&[Change::Resync]),
        Err(e) => {
            log::warn!("{e}: groups will not follow Interfaces that come back");
            fork::not_watched();
        }
    }
}

/// Passes on what is news for the host: a join or source that no other socket of the process had already, a leave after
/// which none has it any more.
fn announce(registry: &Registry, id: u64, happened: Vec<Happened>) {
    for h in happened {
        if !registry.iter().any(|(other, control)| *other != id && control.has_too(&h)) {
            let Happened { event, ifindex, address, source, ref name } = h;
            tell(&News::Group { event, ifindex, address, source, name });
        }
    }
}

fn refresh(id: u64) {
    let Ok(devices) = watch::devices() else { return };
    let Ok(defaults) = interfaces::default_among(&devices) else { return };
    if let Some(control) = lock().get_mut(&id) {
        control.reconcile(&devices, &defaults);
    }
}

/// Devices and addresses; and routes, which pick the default Interfaces.
static DEVICES: Follower = Follower::new(Filter::new().links().addresses().routes().resync(), on_change);

fn on_change(changes: &[Change]) {
    let only_routes = changes.iter().all(|change| matches!(change, Change::Routes));
    if only_routes && !lock().values().any(|control| control.follows_default) {
        return;
    }
    let devices = match watch::devices() {
        Ok(devices) => devices,
        Err(e) => return log::error!("the Interfaces cannot be listed: {e}"),
    };
    let defaults = interfaces::default_among(&devices).unwrap_or_default();
    let mut registry = lock();
    let ids: Vec<u64> = registry.keys().copied().collect();
    for id in ids {
        let Some(control) = registry.get_mut(&id).filter(|control| !control.core().is_inherited()) else {
            continue;
        };
        changes.iter().for_each(|change| control.forget(change));
        control.reconcile(&devices, &defaults);
        let happened = control.take_happened();
        announce(&registry, id, happened);
    }
    presence::groups_changed();
}
