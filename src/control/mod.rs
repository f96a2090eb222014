//! The control state of every multicast socket of the process, behind one lock.
//!
//! Whatever changes memberships or Interfaces computes what should be, and `settle` makes it so: a join, an Interface
//! added, a device recreated and a failed join tried again are the same step.

mod attached;
mod carried;
mod fork;
mod groups;
pub mod news;

pub(crate) use fork::prepare_for_fork;

use crate::config::Config;
use crate::counters::InterfaceCounters;
use crate::error::{Error, Result};
use crate::group::{EventType, OwnGroup};
use crate::handles::Entry;
use crate::interfaces::{self, Change, Device, Families, watch};
use crate::mapping::{Mapped, MappedPlace};
use crate::name::Name;
use crate::presence;
use crate::send::{Outlet, Target};
use crate::socket::MulticastSocket;
use crate::technology::ip::{Decoding, Holders, Receiver, Sender};
use crate::technology::{self, Announcement, Carrier};
use carried::{Carried, Heard};
use news::{News, tell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use sys::udp::Membership;

/// How many names a multicast socket remembers only because it sent to them.
const SENT_NAMES: usize = 65536;

struct Member {
    socket: Arc<MulticastSocket>,
    control: Control,
}

type Registry = BTreeMap<u64, Member>;

static REGISTRY: Mutex<Registry> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, Registry> {
    // A panic under the lock is caught at the C boundary; the state is kept consistent step by step.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every group state of this process's own multicast sockets, one entry per name, address and device.
pub fn own_groups() -> Vec<OwnGroup> {
    let registry = lock();
    let mut all: HashMap<(u32, Arc<str>, IpAddr, Option<IpAddr>), OwnGroup> = HashMap::new();
    for entry in registry.values().filter(|entry| !entry.socket.is_inherited()) {
        for group in entry.control.own_groups() {
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

pub(crate) fn enter(socket: &Arc<MulticastSocket>, mut control: Control) {
    control.socket = Arc::downgrade(socket);
    control.carried.iter().for_each(|c| tell(&News::Carrier(c.id)));
    lock().insert(socket.id, Member { socket: socket.clone(), control });
    if fork::is_watched() {
        // What changed while the socket was made, no one has told it.
        refresh(socket);
    }
}

/// Takes the socket out, so that no control call finds it any more.
pub(crate) fn remove(socket: &MulticastSocket) {
    let mut registry = lock();
    let Some(mut entry) = registry.remove(&socket.id) else {
        return;
    };
    // They hold the socket: without this it would never be freed.
    socket.forget_routes();
    if socket.is_inherited() {
        return;
    }
    entry.control.end(socket);
    tell(&News::SourcesEnded);
    let happened = std::mem::take(&mut entry.control.happened);
    announce(&registry, socket.id, happened);
    presence::groups_changed();
    // First the lock, then the descriptors: to close many takes the kernel a while.
    drop(registry);
}

/// Runs `change` on the socket's control state, under the lock.
pub(crate) fn with<R>(socket: &MulticastSocket, change: impl FnOnce(&mut Control) -> Result<R>) -> Result<R> {
    if socket.is_inherited() {
        log::error!(
            "a multicast socket made before fork() can only send, receive and be deleted in the child; \
             create a new one there"
        );
        return Err(Error::NoSuchSocket);
    }
    if !socket.is_held() {
        return Err(Error::NoSuchSocket);
    }
    on_member(socket, |member| change(&mut member.control))
}

/// Runs `act` under the lock and passes on what happened.
fn on_member<R>(socket: &MulticastSocket, act: impl FnOnce(&mut Member) -> Result<R>) -> Result<R> {
    let mut registry = lock();
    let member = registry.get_mut(&socket.id).ok_or(Error::NoSuchSocket)?;
    let result = act(member);
    let happened = std::mem::take(&mut member.control.happened);
    announce(&registry, socket.id, happened);
    presence::groups_changed();
    result
}

/// Looks at the socket's control state, also at an inherited one.
pub(crate) fn look<R>(socket: &MulticastSocket, at: impl FnOnce(&Control) -> Result<R>) -> Result<R> {
    at(&lock().get(&socket.id).ok_or(Error::NoSuchSocket)?.control)
}

/// Where the socket's group `name` is mapped to, if it has joined it, is registered there or has sent to it.
pub(crate) fn known(socket: &MulticastSocket, name: &str) -> Option<Mapped> {
    let registry = lock();
    let state = registry.get(&socket.id)?.control.groups.get(name)?;
    Some(state.mapped.clone())
}

/// Whether the socket has an Interface of technology `ip`, and those of other technologies.
pub(crate) fn technologies(socket: &MulticastSocket) -> (bool, Vec<&'static Carrier>) {
    let registry = lock();
    let control = registry.get(&socket.id).map(|member| &member.control);
    control.map_or((false, Vec::new()), |control| {
        (!control.attached.is_empty(), control.carried.iter().map(|c| c.carrier).collect())
    })
}

/// The carriers that multicast sockets of the process have.
pub(crate) fn carriers_in_use() -> BTreeSet<u32> {
    let registry = lock();
    let members = registry.values().filter(|member| !member.socket.is_inherited());
    members.flat_map(|member| member.control.carried.iter().map(|c| c.id)).collect()
}

/// Whether the socket has joined `name`, and then whether a shared receiver hears it.
pub(crate) fn joined(socket: &MulticastSocket, name: &str) -> Option<bool> {
    let registry = lock();
    let state = registry.get(&socket.id)?.control.groups.get(name).filter(|state| state.listener)?;
    Some(state.places.iter().any(|(_, place)| matches!(place, Place::Shared)))
}

/// Where the socket makes frames.
pub(crate) fn outlets(socket: &MulticastSocket) -> Vec<Arc<Outlet>> {
    let registry = lock();
    let outlets = registry.get(&socket.id).map(|member| member.control.outlets.values().cloned().collect());
    outlets.unwrap_or_default()
}

/// Joins, and watches the Interfaces from then on.
pub(crate) fn join(socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<()> {
    watch_interfaces(socket);
    let framed = !mapped.raw;
    with(socket, |control| control.join(socket, name, mapped))?;
    carried::settle(socket);
    speak_of(framed);
    Ok(())
}

/// Framed groups are libham's own: processes tell each other who is in them.
fn speak_of(framed: bool) {
    if framed {
        presence::speak(own_groups);
    }
}

/// Starts the watch, before anything rests on what the Interfaces are. Without it everything works but what follows the
/// Interfaces by itself.
fn watch_interfaces(socket: &MulticastSocket) {
    // Nothing of an inherited socket follows the Interfaces.
    if socket.is_inherited() || fork::watched() {
        return;
    }
    match watch::start(on_change) {
        // What changed before is made up for.
        Ok(()) => on_change(&Change::Resync),
        Err(e) => {
            log::warn!("{e}: groups will not follow Interfaces that come back");
            fork::not_watched();
        }
    }
}

/// Registers a source, and watches the Interfaces from then on.
pub(crate) fn src_register(socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<Vec<u32>> {
    watch_interfaces(socket);
    let framed = !mapped.raw;
    let failed = with(socket, |control| {
        let failed = match control.targets(socket, name, &mapped) {
            Ok((_, failed)) => failed,
            Err(_) => return Ok(control.interface_ids()),
        };
        let state = control.state(name, mapped);
        let known = state.is_source();
        state.registered = true;
        if !known {
            control.announce_source(name.normal());
            control.note_source(name.normal(), &BTreeSet::new());
        }
        Ok(failed)
    })?;
    carried::settle(socket);
    speak_of(framed);
    Ok(failed)
}

/// Opens a route to a group and keeps it; the name is known as sent to from then on.
pub(crate) fn open_route(
    socket: &MulticastSocket,
    uri: &[u8],
    name: &Name,
    mapped: Mapped,
) -> Result<Arc<Entry>> {
    watch_interfaces(socket);
    let is_framed = !mapped.raw;
    let route = on_member(socket, |Member { control, socket: shared }| {
        let (targets, failed) = control.targets(socket, name, &mapped)?;
        let framed = control.framed(shared, name, &mapped)?;
        if framed.is_some() {
            let senders = targets.iter().filter_map(Target::sender);
            senders.for_each(|sender| sender.prepare_to_widen(socket.config));
        }
        socket.counters.send_failures.fetch_add(failed.len() as u64, Ordering::Relaxed);
        for counters in failed.iter().filter_map(|id| control.counters(*id).ok()) {
            counters.send_failures.fetch_add(1, Ordering::Relaxed);
        }
        if control.groups.len() >= SENT_NAMES {
            control.groups.retain(|_, state| state.listener || state.registered);
            tell(&News::SourcesEnded);
            let Control { groups, outlets, .. } = control;
            outlets.retain(|(name, _), _| groups.contains_key(name));
        }
        let state = control.state(name, mapped);
        let known = state.is_source();
        state.sent = true;
        if !known {
            control.announce_source(name.normal());
            control.note_source(name.normal(), &BTreeSet::new());
        }
        Ok(socket.keep_route(shared, uri, targets, framed))
    })?;
    speak_of(is_framed);
    Ok(route)
}

/// A change of group state, to become a membership event.
struct Happened {
    event: EventType,
    ifindex: u32,
    address: IpAddr,
    source: Option<IpAddr>,
    name: Arc<str>,
}

/// Passes on what is news for the host: a join or source that no other socket of the process had already, a leave after
/// which none has it any more.
fn announce(registry: &Registry, id: u64, happened: Vec<Happened>) {
    for h in happened {
        let known = registry.iter().any(|(other, entry)| {
            *other != id
                && entry.control.groups.get(&h.name).is_some_and(|state| match h.event {
                    EventType::NewSource => state.is_source() && entry.control.has(h.ifindex, h.address),
                    _ => entry.control.listens(state, h.ifindex, h.address),
                })
        });
        if !known {
            let Happened { event, ifindex, address, source, ref name } = h;
            tell(&News::Group { event, ifindex, address, source, name });
        }
    }
}

fn refresh(socket: &Arc<MulticastSocket>) {
    let (Ok(devices), Ok(defaults)) = (interfaces::devices(), interfaces::default_interfaces()) else {
        return;
    };
    if let Some(member) = lock().get_mut(&socket.id) {
        member.control.reconcile(socket, &devices, &defaults);
    }
}

fn on_change(change: &Change) {
    if matches!(change, Change::Group { .. } | Change::Members | Change::Forwarding) {
        return;
    }
    let devices = match interfaces::devices() {
        Ok(devices) => devices,
        Err(e) => return log::error!("the Interfaces cannot be listed: {e}"),
    };
    let defaults = interfaces::default_interfaces().unwrap_or_default();
    let mut registry = lock();
    let ids: Vec<u64> = registry.keys().copied().collect();
    for id in ids {
        let Some(member) = registry.get_mut(&id).filter(|member| !member.socket.is_inherited()) else {
            continue;
        };
        member.control.forget(change);
        member.control.reconcile(&member.socket.clone(), &devices, &defaults);
        let happened = std::mem::take(&mut member.control.happened);
        announce(&registry, id, happened);
    }
    presence::groups_changed();
}

/// An Interface of the socket.
struct Attached {
    ifindex: u32,
    families: Families,
    name: String,
    ttl: u8,
    /// As it was when last seen; `None` while it is gone.
    device: Option<Device>,
    /// The kernel has forgotten the memberships there: it was gone since they were made.
    forgotten: bool,
    /// The same for IPv6 alone, which the kernel gives up below an MTU of 1280.
    forgotten_v6: bool,
    senders: Vec<Arc<Sender>>,
    counters: Arc<InterfaceCounters>,
}

impl Attached {
    fn id(&self) -> u32 {
        interfaces::encode(self.ifindex, self.families)
    }

    fn label(&self) -> String {
        format!("Interface {} ({})", self.name, self.ifindex)
    }
}

/// A Group Name at the socket.
struct State {
    name: Arc<str>,
    mapped: Mapped,
    listener: bool,
    registered: bool,
    sent: bool,
    /// While it is joined and comes in frames.
    decoding: Option<Decoding>,
    places: Vec<(Spot, Place)>,
    /// Where carriers bring it.
    hearings: Vec<Heard>,
    /// Where carriers say that this node is a source.
    announcements: Vec<(u32, Announcement)>,
}

impl State {
    fn is_source(&self) -> bool {
        self.registered || self.sent
    }

    /// Where its frames become messages.
    fn decode(&mut self, socket: &MulticastSocket) -> Decoding {
        let framing = &self.mapped.framing;
        let new = || Decoding { tag: framing.tag, decoder: socket.add_decoder(framing) };
        *self.decoding.get_or_insert_with(new)
    }

    /// Of what receivers of technology `ip` hear.
    fn ip_decoding(&self) -> Option<Decoding> {
        self.decoding.filter(|_| !self.mapped.raw)
    }
}

/// A membership and the UDP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    membership: Membership,
    port: u16,
}

impl Spot {
    fn new(place: &MappedPlace, ifindex: u32) -> Spot {
        let &MappedPlace { group, source, port } = place;
        Spot { membership: Membership { group, source, ifindex }, port }
    }

    fn key(&self, framed: bool) -> Key {
        (self.membership.group.is_ipv6(), self.port, self.membership.ifindex, framed)
    }
}

/// Where a membership is held.
enum Place {
    Own(Arc<Receiver>),
    Shared,
    /// Nowhere yet; it is tried again when the Interfaces change.
    Failed,
}

/// What groups must have in common to share a receiver: IPv6, port, device, framed.
type Key = (bool, u16, u32, bool);

/// Frames of one Group Name sealed with one key, or with none, are one sender's.
type OutletKey = (Arc<str>, Option<[u8; 16]>);

/// The control state of one multicast socket.
pub(crate) struct Control {
    /// The Interfaces are the default ones, also when these change.
    follows_default: bool,
    /// The hop limit of Interfaces that come to the socket.
    ttl: u8,
    attached: Vec<Attached>,
    carried: Vec<Carried>,
    /// Known from its entry into the registry on.
    socket: Weak<MulticastSocket>,
    groups: HashMap<Arc<str>, State>,
    /// Receivers that serve one group each.
    own: usize,
    /// The same by what they could share.
    own_by_key: HashMap<Key, usize>,
    holders: Holders,
    shared: HashMap<Key, (Arc<Receiver>, usize)>,
    last_token: u64,
    happened: Vec<Happened>,
    outlets: HashMap<OutletKey, Arc<Outlet>>,
}

impl Control {
    pub fn new(ifs: &[u32], config: &Config) -> Result<Control> {
        let devices = interfaces::devices()?;
        let mut control = Control {
            follows_default: ifs.is_empty(),
            ttl: config.ttl,
            attached: Vec::new(),
            carried: Vec::new(),
            socket: Weak::new(),
            groups: HashMap::new(),
            own: 0,
            own_by_key: HashMap::new(),
            holders: Holders::default(),
            shared: HashMap::new(),
            last_token: sys::handle::DOORBELL,
            happened: Vec::new(),
            outlets: HashMap::new(),
        };
        let ids = if ifs.is_empty() {
            let ids = attached::default_ids(config, &devices, interfaces::default_interfaces)?;
            ids.into_iter().chain(technology::ids(Carrier::is_default)).collect()
        } else {
            ifs.to_vec()
        };
        ids.iter().try_for_each(|&id| control.attach(id, &devices))?;
        Ok(control)
    }

    fn state(&mut self, name: &Name, mapped: Mapped) -> &mut State {
        self.groups.entry(name.normal().clone()).or_insert_with(|| State {
            name: name.normal().clone(),
            mapped,
            listener: false,
            registered: false,
            sent: false,
            decoding: None,
            places: Vec::new(),
            hearings: Vec::new(),
            announcements: Vec::new(),
        })
    }

    /// The Interfaces that groups go out by, each with its families (true: IPv4).
    fn reach(&self) -> BTreeSet<(u32, bool)> {
        let present = self.attached.iter().filter(|a| a.device.is_some());
        let present = present.flat_map(|a| {
            let families = [(true, a.families.v4()), (false, a.families.v6())];
            families.into_iter().filter(|(_, has)| *has).map(|(v4, _)| (a.ifindex, v4))
        });
        let carried = self.carried.iter().flat_map(|c| [(c.id, true), (c.id, false)]);
        present.chain(carried).collect()
    }

    /// Notes a new source at every Interface that carries the group, but for those that were reached before.
    fn note_source(&mut self, name: &Arc<str>, before: &BTreeSet<(u32, bool)>) {
        let new: Vec<_> = self.reach().difference(before).copied().collect();
        let Some(state) = self.groups.get(name) else { return };
        let tag = state.mapped.framing.tag.address();
        let is_carrier = |id: u32| self.carried.iter().any(|c| c.id == id);
        let mut note = |ifindex, address, source| {
            let event = EventType::NewSource;
            self.happened.push(Happened { event, ifindex, address, source, name: name.clone() });
        };
        for (ifindex, v4) in new {
            if is_carrier(ifindex) {
                if tag.is_ipv4() == v4 {
                    note(ifindex, tag, None);
                }
                continue;
            }
            for place in state.mapped.places.iter().filter(|place| place.group.is_ipv4() == v4) {
                note(ifindex, place.group, place.source);
            }
        }
    }

    /// The Interfaces may have changed, which sources then do too.
    fn note_sources(&mut self, before: &BTreeSet<(u32, bool)>) {
        let now = self.reach();
        if now == *before {
            return;
        }
        tell(&News::SourcesEnded);
        let sources = self.groups.values().filter(|state| state.is_source());
        let names: Vec<_> = sources.map(|state| state.name.clone()).collect();
        names.iter().for_each(|name| self.note_source(name, before));
    }

    /// Notes that a membership came or went.
    fn note_place(&mut self, event: EventType, m: &Membership, name: &Arc<str>) {
        let &Membership { ifindex, group: address, source } = m;
        self.happened.push(Happened { event, ifindex, address, source, name: name.clone() });
    }

    /// The counters at one Interface of the socket.
    pub fn counters(&self, id: u32) -> Result<Arc<InterfaceCounters>> {
        if let Some(c) = self.carried.iter().find(|c| c.id == id) {
            return Ok(c.counters.clone());
        }
        Ok(self.attached[self.find(id)?].counters.clone())
    }

    /// True when the socket has the Interface, and this carries the Group Address.
    fn has(&self, id: u32, address: IpAddr) -> bool {
        let holds = |a: &Attached| a.ifindex == id && a.device.is_some() && a.families.hold(address);
        self.attached.iter().any(holds) || self.carried.iter().any(|c| c.id == id)
    }

    /// True when the socket hears the group at the Interface now.
    fn listens(&self, state: &State, id: u32, address: IpAddr) -> bool {
        let placed = |(spot, place): &(Spot, Place)| {
            let Membership { ifindex, group, .. } = spot.membership;
            (ifindex, group) == (id, address) && !matches!(place, Place::Failed)
        };
        let heard = state.hearings.iter().any(|heard| heard.id == id);
        heard || (self.has(id, address) && state.places.iter().any(placed))
    }

    fn own_groups(&self) -> Vec<OwnGroup> {
        let mut list = Vec::new();
        for state in self.groups.values() {
            for a in self.attached.iter().filter(|a| a.device.is_some()) {
                for place in state.mapped.places.iter().filter(|place| a.families.hold(place.group)) {
                    let spot = Spot::new(place, a.ifindex);
                    let Membership { group: address, source, .. } = spot.membership;
                    let placed = |(s, place): &(Spot, Place)| *s == spot && !matches!(place, Place::Failed);
                    let listener = state.listener && state.places.iter().any(placed);
                    if listener || state.is_source() {
                        list.push(OwnGroup {
                            ifindex: a.ifindex,
                            name: state.name.clone(),
                            address,
                            source,
                            listener,
                            sender: state.is_source(),
                        });
                    }
                }
            }
            self.own_at_carriers(state, &mut list);
        }
        list
    }
}
