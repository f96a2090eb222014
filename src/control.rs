//! The control state of every multicast socket of the process, behind one lock.
//!
//! Whatever changes memberships or Interfaces computes what should be, and `settle` makes it so: a join, an Interface
//! added, a device recreated and a failed join tried again are the same step.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::handles::Entry;
use crate::interfaces::{self, Change, Device, Families, watch};
use crate::mapping::Mapped;
use crate::membership::events::{self, EventType};
use crate::name::Name;
use crate::receive::QueueGuard;
use crate::send::Target;
use crate::socket::{MAX_MESSAGE, MulticastSocket, limit_error};
use crate::sys::udp::{self, Membership};
use crate::technology::ip::{self, Hears, Holders, Receiver, Sender};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// From how many groups on, new groups of a multicast socket share one receiver.
const CROWD: usize = 64;

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

/// What a multicast socket does in a group at one Interface of technology `ip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGroup {
    /// The kernel's index of the device.
    pub ifindex: u32,
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// The Group Address.
    pub address: IpAddr,
    /// The source, when the name is source-specific.
    pub source: Option<IpAddr>,
    /// Joined by at least one multicast socket of this process.
    pub listener: bool,
    /// Registered as a source, or sent to, by at least one multicast socket of this process.
    pub sender: bool,
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

pub(crate) fn enter(socket: &Arc<MulticastSocket>, control: Control) {
    lock().insert(socket.id, Member { socket: socket.clone(), control });
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
    let names: Vec<_> = entry.control.groups.values().map(|state| state.name.clone()).collect();
    names.iter().for_each(|name| entry.control.note(EventType::Leave, name));
    let happened = std::mem::take(&mut entry.control.happened);
    announce(&registry, socket.id, happened);
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
    let mut registry = lock();
    let entry = registry.get_mut(&socket.id).ok_or(Error::NoSuchSocket)?;
    let result = change(&mut entry.control);
    let happened = std::mem::take(&mut entry.control.happened);
    announce(&registry, socket.id, happened);
    result
}

/// Looks at the socket's control state, also at an inherited one.
pub(crate) fn look<R>(socket: &MulticastSocket, at: impl FnOnce(&Control) -> Result<R>) -> Result<R> {
    at(&lock().get(&socket.id).ok_or(Error::NoSuchSocket)?.control)
}

/// Where the socket's group `name` is mapped to, if it has joined it or is registered there.
pub(crate) fn known(socket: &MulticastSocket, name: &str) -> Option<Mapped> {
    let registry = lock();
    let state = registry.get(&socket.id)?.control.groups.get(name)?;
    (state.listener || state.registered).then(|| state.mapped.clone())
}

/// Whether the socket has joined `name`, and then whether a shared receiver hears it.
pub(crate) fn joined(socket: &MulticastSocket, name: &str) -> Option<bool> {
    let registry = lock();
    let state = registry.get(&socket.id)?.control.groups.get(name).filter(|state| state.listener)?;
    Some(state.places.iter().any(|(_, place)| matches!(place, Place::Shared)))
}

/// Joins, and watches the Interfaces from then on.
pub(crate) fn join(socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<()> {
    with(socket, |control| control.join(socket, name, mapped))?;
    watch_interfaces();
    Ok(())
}

/// Without the watch everything works but what follows the Interfaces by itself.
fn watch_interfaces() {
    if let Err(e) = watch::start(on_change) {
        log::warn!("{e}: groups will not follow Interfaces that come back");
    }
}

/// Registers a source, and watches the Interfaces from then on.
pub(crate) fn src_register(socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<Vec<u32>> {
    let failed = with(socket, |control| {
        let failed = match control.targets(socket, name, &mapped) {
            Ok((_, failed)) => failed,
            Err(_) => return Ok(control.interface_ids()),
        };
        control.state(name, mapped).registered = true;
        control.note(EventType::NewSource, name.normal());
        Ok(failed)
    })?;
    watch_interfaces();
    Ok(failed)
}

/// Opens a route to a group and keeps it; the name is known as sent to from then on.
pub(crate) fn open_route(
    socket: &MulticastSocket,
    uri: &[u8],
    name: &Name,
    mapped: Mapped,
) -> Result<Arc<Entry>> {
    let open = |control: &mut Control, shared: &Arc<MulticastSocket>| {
        let (targets, failed) = control.targets(socket, name, &mapped)?;
        socket.counters.send_failures.fetch_add(failed.len() as u64, Ordering::Relaxed);
        if control.groups.len() >= SENT_NAMES {
            control.groups.retain(|_, state| state.listener || state.registered);
        }
        let state = control.state(name, mapped);
        if !state.sent {
            state.sent = true;
            control.note(EventType::NewSource, name.normal());
        }
        Ok(socket.keep_route(shared, uri, targets))
    };
    let mut registry = lock();
    let member = registry.get_mut(&socket.id).ok_or(Error::NoSuchSocket)?;
    let opened = open(&mut member.control, &member.socket);
    let happened = std::mem::take(&mut member.control.happened);
    announce(&registry, socket.id, happened);
    drop(registry);
    if !socket.is_inherited() {
        watch_interfaces();
    }
    opened
}

/// A change of group state, to become a membership event.
struct Happened {
    event: EventType,
    ifindex: u32,
    address: IpAddr,
    name: Arc<str>,
}

/// Passes on what is news for the host: a join or source that no other socket of the process had already, a leave after
/// which none has it any more.
fn announce(registry: &Registry, id: u64, happened: Vec<Happened>) {
    for h in happened {
        let known = registry.iter().any(|(other, entry)| {
            *other != id
                && entry.control.groups.get(&h.name).is_some_and(|state| {
                    let role =
                        if h.event == EventType::NewSource { state.is_source() } else { state.listener };
                    role && entry
                        .control
                        .attached
                        .iter()
                        .any(|a| a.ifindex == h.ifindex && a.families.hold(h.address))
                })
        });
        if !known {
            events::emit(h.event, h.ifindex, h.address, &h.name);
        }
    }
}

fn on_change(change: &Change) {
    if matches!(change, Change::Group { .. }) {
        return;
    }
    let devices = match interfaces::devices() {
        Ok(devices) => devices,
        Err(e) => return log::error!("the Interfaces cannot be listed: {e}"),
    };
    let mut registry = lock();
    let ids: Vec<u64> = registry.keys().copied().collect();
    for id in ids {
        let Some(entry) = registry.get_mut(&id) else {
            continue;
        };
        if entry.socket.is_inherited() {
            continue;
        }
        let socket = entry.socket.clone();
        entry.control.reconcile(&socket, &devices);
        let happened = std::mem::take(&mut entry.control.happened);
        announce(&registry, id, happened);
    }
}

/// An Interface of the socket.
struct Attached {
    ifindex: u32,
    families: Families,
    name: String,
    ttl: u8,
    /// As it was when last seen; `None` while it is gone.
    device: Option<Device>,
    senders: Vec<Arc<Sender>>,
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
    places: Vec<(Membership, Place)>,
}

impl State {
    fn is_source(&self) -> bool {
        self.registered || self.sent
    }
}

/// Where a membership is held.
enum Place {
    Own(Arc<Receiver>),
    Shared,
    /// Nowhere yet; it is tried again when the Interfaces change.
    Failed,
}

/// What groups must have in common to share a receiver: IPv6, port, device.
type Key = (bool, u16, u32);

/// The control state of one multicast socket.
pub(crate) struct Control {
    /// The Interfaces are the default ones, also when these change.
    follows_default: bool,
    /// The hop limit of Interfaces that come to the socket.
    ttl: u8,
    attached: Vec<Attached>,
    groups: HashMap<Arc<str>, State>,
    /// Receivers that serve one group each.
    own: usize,
    holders: Holders,
    shared: HashMap<Key, (Arc<Receiver>, usize)>,
    last_token: u64,
    happened: Vec<Happened>,
}

impl Control {
    pub fn new(ifs: &[u32], config: &Config) -> Result<Control> {
        let devices = interfaces::devices()?;
        let mut control = Control {
            follows_default: ifs.is_empty(),
            ttl: config.ttl,
            attached: Vec::new(),
            groups: HashMap::new(),
            own: 0,
            holders: Holders::default(),
            shared: HashMap::new(),
            last_token: crate::sys::handle::DOORBELL,
            happened: Vec::new(),
        };
        let ids = if ifs.is_empty() { default_ids(config, &devices)? } else { ifs.to_vec() };
        ids.iter().try_for_each(|&id| control.attach(id, &devices))?;
        Ok(control)
    }

    fn attach(&mut self, id: u32, devices: &[Device]) -> Result<()> {
        let (ifindex, families) = interfaces::decode(id).ok_or(Error::NoSuchInterface(id))?;
        if let Some(attached) = self.attached.iter_mut().find(|a| a.ifindex == ifindex) {
            if attached.families != families {
                attached.families = Families::Both;
            }
            return Ok(());
        }
        let device = devices.iter().find(|d| d.index == ifindex).ok_or(Error::NoSuchInterface(id))?;
        self.attached.push(Attached {
            ifindex,
            families,
            name: device.name.clone(),
            ttl: self.ttl,
            device: Some(device.clone()),
            senders: Vec::new(),
        });
        Ok(())
    }

    /// The index of the attached Interface `id`. An Interface of the host that is not the socket's is
    /// `EADDRNOTAVAIL`, what is none at all `ENODEV`.
    fn find(&self, id: u32) -> Result<usize> {
        let (ifindex, families) = interfaces::decode(id).ok_or(Error::NoSuchInterface(id))?;
        let fits =
            |a: &Attached| a.ifindex == ifindex && (a.families == families || a.families == Families::Both);
        if let Some(i) = self.attached.iter().position(fits) {
            return Ok(i);
        }
        match interfaces::device(ifindex)? {
            Some(_) => Err(Error::NotAvailable(format!("Interface {id} is none of the socket's"))),
            None => Err(Error::NoSuchInterface(id)),
        }
    }

    pub fn interface_ids(&self) -> Vec<u32> {
        self.attached.iter().map(Attached::id).collect()
    }

    pub fn add_interface(&mut self, socket: &MulticastSocket, id: u32) -> Result<()> {
        let devices = interfaces::devices()?;
        self.attach(id, &devices)?;
        self.follows_default = false;
        self.settle_all(socket);
        socket.forget_routes();
        Ok(())
    }

    pub fn del_interface(&mut self, socket: &MulticastSocket, id: u32) -> Result<()> {
        let i = self.find(id)?;
        let (_, families) = interfaces::decode(id).ok_or(Error::NoSuchInterface(id))?;
        let rest = match (self.attached[i].families, families) {
            (Families::Both, Families::V4) => Some(Families::V6),
            (Families::Both, Families::V6) => Some(Families::V4),
            _ => None,
        };
        match rest {
            Some(rest) => {
                self.attached[i].families = rest;
                self.attached[i].senders.clear();
            }
            None => drop(self.attached.remove(i)),
        }
        self.follows_default = false;
        self.settle_all(socket);
        socket.forget_routes();
        Ok(())
    }

    pub fn set_ttl(&mut self, socket: &MulticastSocket, value: u8, ifs: &[u32]) -> Result<()> {
        let chosen: Vec<usize> = match ifs {
            [] => {
                self.ttl = value;
                (0..self.attached.len()).collect()
            }
            _ => ifs.iter().map(|&id| self.find(id)).collect::<Result<_>>()?,
        };
        for i in chosen {
            let attached = &mut self.attached[i];
            attached.ttl = value;
            for sender in &attached.senders {
                sender
                    .set_ttl(value, socket.config)
                    .map_err(|e| Error::from_io(&e, format!("setTTL on {}", attached.label())))?;
            }
        }
        Ok(())
    }

    pub fn ttl(&self) -> u8 {
        self.attached.iter().map(|a| a.ttl).max().unwrap_or(0)
    }

    pub fn atomic_size(&self) -> Result<usize> {
        let devices = interfaces::devices()?;
        let size = |a: &Attached| {
            let device = devices.iter().find(|d| d.index == a.ifindex)?;
            // IP and UDP headers.
            let headers = if a.families.v6() && device.ipv6 { 40 + 8 } else { 20 + 8 };
            Some((device.mtu as usize).saturating_sub(headers).clamp(1, MAX_MESSAGE))
        };
        self.attached
            .iter()
            .filter_map(size)
            .min()
            .ok_or_else(|| Error::NotAvailable("no Interface of the socket is there now".into()))
    }

    fn state(&mut self, name: &Name, mapped: Mapped) -> &mut State {
        self.groups.entry(name.normal().clone()).or_insert_with(|| State {
            name: name.normal().clone(),
            mapped,
            listener: false,
            registered: false,
            sent: false,
            places: Vec::new(),
        })
    }

    /// Notes an event for every Interface that carries the group.
    fn note(&mut self, event: EventType, name: &Arc<str>) {
        let Some(state) = self.groups.get(name) else {
            return;
        };
        if event == EventType::Leave && !state.listener {
            return;
        }
        for a in &self.attached {
            for &(address, _) in state.mapped.addresses.iter().filter(|(g, _)| a.families.hold(*g)) {
                self.happened.push(Happened { event, ifindex: a.ifindex, address, name: name.clone() });
            }
        }
    }

    pub fn join(&mut self, socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<()> {
        let state = self.state(name, mapped.clone());
        if state.listener {
            return Ok(());
        }
        // A DNS name may have moved since it was last used.
        state.mapped = mapped;
        state.listener = true;
        let (placed, failures) = self.settle(socket, name.normal());
        if placed > 0 {
            tell_of_retries(socket, &failures);
            self.note(EventType::Join, name.normal());
            return Ok(());
        }
        self.unlisten(socket, name.normal());
        Err(failures.into_iter().next().unwrap_or_else(|| not_carried(name)))
    }

    pub fn leave(&mut self, socket: &MulticastSocket, name: &Name) -> Result<()> {
        if !self.groups.get(name.normal()).is_some_and(|state| state.listener) {
            return Err(Error::NotAvailable(format!("{name}: not joined")));
        }
        self.note(EventType::Leave, name.normal());
        self.unlisten(socket, name.normal());
        socket.forget_queued(name.normal());
        Ok(())
    }

    fn unlisten(&mut self, socket: &MulticastSocket, name: &Arc<str>) {
        let Some(mut state) = self.groups.remove(name) else {
            return;
        };
        state.listener = false;
        for (membership, place) in std::mem::take(&mut state.places) {
            self.give_up(socket, &state, &membership, place);
        }
        if state.is_source() {
            self.groups.insert(name.clone(), state);
        }
    }

    pub fn src_deregister(&mut self, socket: &MulticastSocket, name: &Name) -> Result<()> {
        let state = self.groups.get_mut(name.normal()).filter(|state| state.registered);
        let Some(state) = state else {
            return Err(Error::NotAvailable(format!("{name}: not registered as a source")));
        };
        state.registered = false;
        state.sent = false;
        if !state.listener {
            self.groups.remove(name.normal());
        }
        socket.forget_routes();
        Ok(())
    }

    fn settle_all(&mut self, socket: &MulticastSocket) {
        let joined = self.groups.values().filter(|state| state.listener);
        let names: Vec<_> = joined.map(|state| state.name.clone()).collect();
        for name in names {
            let (_, failures) = self.settle(socket, &name);
            tell_of_retries(socket, &failures);
        }
    }

    /// Gives up the memberships that should not be, and tries those that should be and are not. Returns how many there
    /// are now, and what failed for the first time.
    fn settle(&mut self, socket: &MulticastSocket, name: &Arc<str>) -> (usize, Vec<Error>) {
        let mut failures = Vec::new();
        let Some(mut state) = self.groups.remove(name) else { return (0, failures) };
        let mut wanted = Vec::new();
        for a in &self.attached {
            for &(group, source) in state.mapped.addresses.iter().filter(|(g, _)| a.families.hold(*g)) {
                wanted.push((
                    Membership { group, source, ifindex: a.ifindex },
                    a.device.is_some(),
                    a.label(),
                ));
            }
        }
        for (membership, place) in std::mem::take(&mut state.places) {
            if wanted.iter().any(|(m, ..)| *m == membership) {
                state.places.push((membership, place));
            } else {
                self.give_up(socket, &state, &membership, place);
            }
        }
        for (membership, present, label) in wanted {
            let old = state.places.iter().position(|(m, _)| *m == membership);
            if old.is_some_and(|i| !matches!(state.places[i].1, Place::Failed)) {
                continue;
            }
            let place = if present {
                self.place(socket, &state, &membership)
            } else {
                Err(std::io::Error::from_raw_os_error(libc::ENODEV))
            };
            let place = place.unwrap_or_else(|e| {
                if old.is_none() {
                    failures.push(limit_error(&e, &format!("join {name} on {label}")));
                }
                Place::Failed
            });
            match old {
                Some(i) => state.places[i].1 = place,
                None => state.places.push((membership, place)),
            }
        }
        let placed = state.places.iter().filter(|(_, place)| !matches!(place, Place::Failed)).count();
        self.groups.insert(name.clone(), state);
        (placed, failures)
    }

    fn place(&mut self, socket: &MulticastSocket, state: &State, m: &Membership) -> std::io::Result<Place> {
        let key = (m.group.is_ipv6(), state.mapped.port, m.ifindex);
        if !self.shared.contains_key(&key) {
            self.last_token += 1;
            if self.own < CROWD {
                let (name, port) = (state.name.clone(), state.mapped.port);
                let receiver = Arc::new(Receiver::one(self.last_token, name, port, m, socket.config)?);
                socket.add_receiver(&receiver)?;
                self.own += 1;
                return Ok(Place::Own(receiver));
            }
            let receiver = Receiver::shared(self.last_token, key.0, key.1, key.2, socket.config)?;
            let receiver = Arc::new(receiver);
            socket.add_receiver(&receiver)?;
            self.shared.insert(key, (receiver, 0));
            self.gather(socket, key);
        }
        self.share(socket, key, &state.name, m, None)?;
        Ok(Place::Shared)
    }

    /// Moves the groups that have receivers of their own to the new shared one, which hears them anyhow.
    fn gather(&mut self, socket: &MulticastSocket, key: Key) {
        let mut groups = std::mem::take(&mut self.groups);
        for state in groups.values_mut().filter(|state| state.mapped.port == key.1) {
            for (m, place) in &mut state.places {
                let Place::Own(own) = &*place else { continue };
                if (m.group.is_ipv6(), m.ifindex) != (key.0, key.2) {
                    continue;
                }
                match self.share(socket, key, &state.name, m, Some(own)) {
                    Ok(()) => {
                        self.own -= 1;
                        *place = Place::Shared;
                    }
                    // It stays where it is; its messages cost twice.
                    Err(e) => log::debug!("{}", limit_error(&e, &format!("{} cannot be shared", state.name))),
                }
            }
        }
        self.groups = groups;
    }

    /// Adds a membership to a shared receiver. When it takes over from an `own` one, nothing is lost: a message that comes
    /// in the microseconds between the two may come twice.
    fn share(
        &mut self,
        socket: &MulticastSocket,
        key: Key,
        name: &Arc<str>,
        m: &Membership,
        own: Option<&Arc<Receiver>>,
    ) -> std::io::Result<()> {
        let missing = || std::io::Error::from_raw_os_error(libc::ENOENT);
        let (receiver, count) = self.shared.get_mut(&key).ok_or_else(missing)?;
        let Hears::Shared { table, specific, .. } = &receiver.hears else { return Err(missing()) };
        self.holders.join(m)?;
        *count += 1;
        if m.source.is_some() {
            specific.store(true, Ordering::Relaxed);
        }
        if own.is_some() {
            // What it has heard of the group so far, the other one has too.
            socket.rescue(receiver);
        }
        table.insert(&ip::key(m.group), ip::Held { name: name.clone(), membership: *m });
        if let Some(own) = own {
            let _ = udp::leave(&own.fd, m);
            socket.rescue(own);
            socket.remove_receiver(own);
        }
        Ok(())
    }

    fn give_up(&mut self, socket: &MulticastSocket, state: &State, m: &Membership, place: Place) {
        match place {
            Place::Failed => {}
            Place::Own(receiver) => {
                self.own -= 1;
                socket.remove_receiver(&receiver);
            }
            Place::Shared => {
                self.holders.leave(m);
                let key = (m.group.is_ipv6(), state.mapped.port, m.ifindex);
                let Some((receiver, count)) = self.shared.get_mut(&key) else {
                    return;
                };
                if let Hears::Shared { table, .. } = &receiver.hears {
                    table.retain(&ip::key(m.group), |held| held.membership != *m || held.name != state.name);
                }
                *count -= 1;
                if *count == 0 {
                    let receiver = receiver.clone();
                    self.shared.remove(&key);
                    socket.remove_receiver(&receiver);
                }
            }
        }
    }

    /// The ways out to a group, and the Interfaces where there is none now.
    fn targets(
        &mut self,
        socket: &MulticastSocket,
        name: &Name,
        mapped: &Mapped,
    ) -> Result<(Vec<Target>, Vec<u32>)> {
        let (mut targets, mut failed, mut error) = (Vec::new(), Vec::new(), None);
        for a in &mut self.attached {
            let families = a.families;
            for &(group, source) in mapped.addresses.iter().filter(|(g, _)| families.hold(*g)) {
                match sender(a, group, source, socket.config) {
                    Ok(sender) => {
                        let address = udp::socket_address(group, mapped.port, a.ifindex);
                        // A child shares the sender with its parent, which does not know what it connects.
                        let connect = !socket.is_inherited();
                        let address = if connect { sender.address(address) } else { Some(address) };
                        targets.push(Target { sender, address, interface: a.label() });
                    }
                    Err(e) => {
                        log::warn!("send to {name} on {}: {e}", a.label());
                        failed.push(a.id());
                        error.get_or_insert(e);
                    }
                }
            }
        }
        if targets.is_empty() {
            return Err(error.unwrap_or_else(|| not_carried(name)));
        }
        Ok((targets, failed))
    }

    fn own_groups(&self) -> Vec<OwnGroup> {
        let mut list = Vec::new();
        for state in self.groups.values() {
            for a in &self.attached {
                for &(address, source) in state.mapped.addresses.iter().filter(|(g, _)| a.families.hold(*g)) {
                    let m = Membership { group: address, source, ifindex: a.ifindex };
                    let placed =
                        |(p, place): &(Membership, Place)| *p == m && !matches!(place, Place::Failed);
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
        }
        list
    }

    /// Brings the socket in line with the host's devices as they are now.
    fn reconcile(&mut self, socket: &MulticastSocket, devices: &[Device]) {
        let (mut moved, mut revived, mut changed) = (Vec::new(), Vec::new(), false);
        for a in &mut self.attached {
            let found = devices.iter().find(|d| d.index == a.ifindex);
            let found = found.or_else(|| devices.iter().find(|d| d.name == a.name));
            changed |= a.device.as_ref() != found;
            let Some(device) = found else {
                if a.device.take().is_some() {
                    log::warn!("{} is gone; its groups come back when a device of that name does", a.label());
                    a.senders.clear();
                }
                continue;
            };
            if device.index != a.ifindex {
                log::info!("{} is back as index {}", a.label(), device.index);
                moved.push((a.ifindex, device.index));
                a.ifindex = device.index;
                a.senders.clear();
            } else if device.ipv6 && a.device.as_ref().is_some_and(|old| !old.ipv6) {
                // Below an MTU of 1280 the kernel gives up IPv6 on the device, and its memberships with it.
                revived.push(a.ifindex);
            }
            // A sender has its source address from its first send on.
            if let Some(old) = &a.device {
                let v6 = |d: &Device| d.v6.iter().map(|(address, _)| *address).collect::<Vec<_>>();
                let (v4, v6) = (old.v4 == device.v4, v6(old) == v6(device));
                a.senders.retain(|sender| if sender.v6 { v6 } else { v4 });
            }
            a.name.clone_from(&device.name);
            a.device = Some(device.clone());
        }
        if self.follows_default {
            changed |= self.follow_default(socket.config, devices);
        }
        if !changed {
            return;
        }
        self.rejoin(socket, &moved, &revived);
        self.settle_all(socket);
        socket.forget_routes();
    }

    /// Takes over new default Interfaces. Loopback never replaces a real device that is only away for now.
    fn follow_default(&mut self, config: &Config, devices: &[Device]) -> bool {
        let Ok(ids) = default_ids(config, devices) else {
            return false;
        };
        let is_loopback = |index: u32| devices.iter().any(|d| d.index == index && d.loopback);
        let only_loopback =
            ids.iter().all(|&id| interfaces::decode(id).is_none_or(|(index, _)| is_loopback(index)));
        let mut now = self.interface_ids();
        let mut new = ids.clone();
        now.sort_unstable();
        new.sort_unstable();
        if now == new || ids.is_empty() || (only_loopback && !self.attached.is_empty()) {
            return false;
        }
        log::info!("the default Interfaces change from {now:?} to {new:?}");
        let old = std::mem::take(&mut self.attached);
        for &id in &ids {
            let Some((index, families)) = interfaces::decode(id) else {
                continue;
            };
            if self.attach(id, devices).is_err() {
                continue;
            }
            let Some(was) = old.iter().find(|a| a.ifindex == index) else {
                continue;
            };
            if let Some(attached) = self.attached.iter_mut().find(|a| a.ifindex == index) {
                attached.ttl = was.ttl;
                attached.senders = was.senders.iter().filter(|s| families_of(s, families)).cloned().collect();
            }
        }
        true
    }

    /// Follows devices to their new indices, and joins anew where the kernel has forgotten.
    fn rejoin(&mut self, socket: &MulticastSocket, moved: &[(u32, u32)], revived: &[u32]) {
        if moved.is_empty() && revived.is_empty() {
            return;
        }
        let names: Vec<_> = self.groups.keys().cloned().collect();
        for name in names {
            let Some(mut state) = self.groups.remove(&name) else {
                continue;
            };
            for i in 0..state.places.len() {
                let old = state.places[i].0;
                let to = moved.iter().find(|(from, _)| *from == old.ifindex).map(|(_, to)| *to);
                let again = old.group.is_ipv6() && revived.contains(&old.ifindex);
                let Some(ifindex) = to.or(again.then_some(old.ifindex)) else {
                    continue;
                };
                let new = Membership { ifindex, ..old };
                let place = std::mem::replace(&mut state.places[i].1, Place::Failed);
                state.places[i].0 = new;
                state.places[i].1 = self.move_place(socket, &state, &old, &new, place);
            }
            self.groups.insert(name, state);
        }
    }

    /// Moves a membership to another index; `Failed` when it has to be placed anew.
    fn move_place(
        &mut self,
        socket: &MulticastSocket,
        state: &State,
        old: &Membership,
        new: &Membership,
        place: Place,
    ) -> Place {
        // An IPv6 receiver is bound to the device.
        let bound = new.group.is_ipv6() && old.ifindex != new.ifindex;
        if let (Place::Own(receiver), false) = (&place, bound) {
            let _ = udp::leave(&receiver.fd, old);
            if udp::join(&receiver.fd, new).is_ok() {
                if let Hears::One { ifindex, .. } = &receiver.hears {
                    AtomicU32::store(ifindex, new.ifindex, Ordering::Relaxed);
                }
                return place;
            }
        }
        if let Place::Own(receiver) = &place {
            socket.rescue(receiver);
        }
        self.give_up(socket, state, old, place);
        Place::Failed
    }
}

fn not_carried(name: &Name) -> Error {
    Error::NotAvailable(format!("{name}: no Interface of the socket carries its address family"))
}

fn tell_of_retries(socket: &MulticastSocket, failures: &[Error]) {
    socket.counters.join_failures.fetch_add(failures.len() as u64, Ordering::Relaxed);
    failures.iter().for_each(|e| log::warn!("{e}; it is tried again when the Interfaces change"));
}

fn families_of(sender: &Sender, families: Families) -> bool {
    if sender.v6 { families.v6() } else { families.v4() }
}

/// The sender of an Interface for a group's family and source, opened when it is first needed.
fn sender(a: &mut Attached, group: IpAddr, source: Option<IpAddr>, config: &Config) -> Result<Arc<Sender>> {
    let Some(device) = &a.device else {
        return Err(Error::NoSuchInterface(a.ifindex));
    };
    let v6 = group.is_ipv6();
    if let Some(sender) = a.senders.iter().find(|s| s.v6 == v6 && s.source == source) {
        return Ok(sender.clone());
    }
    let has = |s: &IpAddr| match s {
        IpAddr::V4(v4) => device.v4.contains(v4),
        IpAddr::V6(v6) => device.v6.iter().any(|(address, _)| address == v6),
    };
    if let Some(source) = source.filter(|s| !has(s)) {
        return Err(Error::NotAvailable(format!(
            "{} does not have the source address {source}, and only the source sends to a source-specific group",
            a.label()
        )));
    }
    let address = if device.loopback { device.v4.first().copied() } else { None };
    let sender = Sender::new(v6, a.ifindex, source, address, a.ttl, config)
        .map_err(|e| limit_error(&e, &format!("open a sender on {}", a.label())))?;
    let sender = Arc::new(sender);
    a.senders.push(sender.clone());
    Ok(sender)
}

fn default_ids(config: &Config, devices: &[Device]) -> Result<Vec<u32>> {
    if config.interfaces.is_empty() {
        return interfaces::default_interfaces();
    }
    let index = |name: &String| {
        devices.iter().find(|d| d.name == *name).map(|d| d.index).ok_or_else(|| Error::System {
            errno: libc::ENODEV,
            doing: format!("the configured default Interface {name:?}"),
        })
    };
    config.interfaces.iter().map(index).collect()
}

// fork: the lock is held across it, so that the child finds the state whole.

static FORKS: AtomicU32 = AtomicU32::new(0);

/// The registry and the queues of its sockets, locked.
struct Held {
    queues: Vec<(u64, QueueGuard)>,
    registry: MutexGuard<'static, Registry>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// How often the process and its ancestors have forked since the library was loaded.
pub(crate) fn fork_generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

pub(crate) fn prepare_for_fork() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if let Err(e) = crate::sys::fork::at_fork(before_fork, after_fork_in_parent, after_fork_in_child) {
            log::warn!("pthread_atfork: {e}; do not use multicast sockets in a forked child");
        }
    });
}

extern "C" fn before_fork() {
    let registry = lock();
    let queues = registry.iter().map(|(id, member)| (*id, member.socket.hold_queue())).collect();
    let _ = HELD.try_with(|held| held.replace(Some(Held { queues, registry })));
}

extern "C" fn after_fork_in_parent() {
    let _ = HELD.try_with(RefCell::take);
}

extern "C" fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    watch::forget_after_fork();
    events::forget_after_fork();
    let _ = HELD.try_with(|held| {
        let Some(Held { mut queues, registry }) = held.take() else { return };
        for (id, queue) in &mut queues {
            if let Some(member) = registry.get(id) {
                member.socket.start_in_child(queue);
            }
        }
    });
}
