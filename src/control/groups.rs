//! The groups of a multicast socket: what should be joined, where it is, and the ways out.

use super::carried::{WHOLE, settle_twins, tell_sources};
use super::news::{News, tell};
use super::{Attached, Control, Key, Place, Spot, State};
use crate::config::Config;
use crate::error::limit_error;
use crate::error::{Error, Result};
use crate::frame::GroupKey;
use crate::group::EventType;
use crate::mapping::{Mapped, MappedPlace};
use crate::name::Name;
use crate::send::{Framed, IpWay, Outlet, Target, Way};
use crate::socket::MulticastSocket;
use crate::technology::ip::{self, Hears, Receiver, Sender};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::udp::{self, Membership};

/// So many groups of one port at one device have receivers of their own; with the next, all of them share one.
const CROWD: usize = 64;

/// So many receivers of their own a multicast socket has at most where groups could share one.
const CROWDS: usize = 256;

/// No frame is cut to less, however small the MTU: IPv6 has 1280 at least, and IPv4 fragments what it must.
const LEAST: usize = 512;

impl Control {
    pub(super) fn join(&mut self, socket: &MulticastSocket, name: &Name, mapped: Mapped) -> Result<()> {
        let state = self.state(name, mapped.clone());
        if state.listener && state.mapped.raw != mapped.raw {
            // With or without credentials a group of namespace `ip` is another stream.
            self.unlisten(socket, name.normal());
            socket.forget_queued(name.normal());
            return self.join(socket, name, mapped);
        }
        if state.listener {
            if state.mapped.framing != mapped.framing {
                let decoders = state.decoding.map(|decoding| decoding.decoder).into_iter();
                let all = state.hearings.iter().flat_map(|heard| heard.set_framing(&mapped.framing));
                decoders.chain(all).for_each(|decoder| socket.set_key(decoder, &mapped.framing));
                socket.forget_queued(name.normal());
                state.mapped.framing = mapped.framing;
            }
            if state.mapped.places.is_empty() {
                // It had not been resolved, or not found.
                (state.mapped.places, state.mapped.unplaced) = (mapped.places, mapped.unplaced);
            }
            // Another try for the Interfaces where it failed.
            let (_, failures) = self.settle(socket, name.normal());
            tell_of_retries(socket, &failures);
            return Ok(());
        }
        if state.mapped != mapped {
            // A DNS name that has moved since it was last used, or other credentials.
            state.mapped = mapped;
            socket.forget_routes();
        }
        state.listener = true;
        let unplaced = state.mapped.unplaced.clone();
        let (placed, failures) = self.settle(socket, name.normal());
        if placed > 0 {
            tell_of_retries(socket, &failures);
            return Ok(());
        }
        self.unlisten(socket, name.normal());
        Err(failures.into_iter().next().or(unplaced).unwrap_or_else(|| not_carried(name)))
    }

    pub fn leave(&mut self, socket: &MulticastSocket, name: &Name) -> Result<()> {
        if !self.groups.get(name.normal()).is_some_and(|state| state.listener) {
            return Err(Error::NotAvailable(format!("{name}: not joined")));
        }
        self.unlisten(socket, name.normal());
        socket.forget_queued(name.normal());
        Ok(())
    }

    pub(super) fn unlisten(&mut self, socket: &MulticastSocket, name: &Arc<str>) {
        let Some(mut state) = self.groups.remove(name) else {
            return;
        };
        state.listener = false;
        for (spot, place) in std::mem::take(&mut state.places) {
            if !matches!(place, Place::Failed) {
                self.note_place(EventType::Leave, &spot.membership, name);
            }
            self.give_up(socket, &state, &spot, place);
        }
        for heard in std::mem::take(&mut state.hearings) {
            self.stop_hearing(socket, &state, heard);
        }
        if let Some(decoding) = state.decoding.take() {
            socket.remove_decoder(decoding.decoder);
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
        state.announcements.clear();
        if !state.listener {
            self.groups.remove(name.normal());
        }
        tell(&News::SourcesEnded);
        // What still waits in a bundle goes out when it is due.
        self.outlets.retain(|(outlet, _), _| outlet != name.normal());
        socket.forget_routes();
        Ok(())
    }

    pub(super) fn settle_all(&mut self, socket: &MulticastSocket) {
        let joined = self.groups.values().filter(|state| state.listener);
        let names: Vec<_> = joined.map(|state| state.name.clone()).collect();
        for name in names {
            let (_, failures) = self.settle(socket, &name);
            tell_of_retries(socket, &failures);
        }
    }

    /// Gives up the memberships that should not be, and tries those that should be and are not. Returns how many there
    /// are now, and what failed for the first time.
    pub(super) fn settle(&mut self, socket: &MulticastSocket, name: &Arc<str>) -> (usize, Vec<Error>) {
        let mut failures = Vec::new();
        let Some(mut state) = self.groups.remove(name) else { return (0, failures) };
        let mut wanted = Vec::new();
        for a in &self.attached {
            for place in state.mapped.places.iter().filter(|place| a.families.hold(place.group)) {
                wanted.push((Spot::new(place, a.ifindex), a.device.is_some(), a.label()));
            }
        }
        if !state.mapped.raw && !wanted.is_empty() {
            state.decode(socket);
        }
        // Before the second way brings anything.
        settle_twins(socket, &state, !wanted.is_empty(), !self.carried.is_empty());
        for (spot, place) in std::mem::take(&mut state.places) {
            if wanted.iter().any(|(s, ..)| *s == spot) {
                state.places.push((spot, place));
            } else {
                if !matches!(place, Place::Failed) {
                    self.note_place(EventType::Leave, &spot.membership, name);
                }
                self.give_up(socket, &state, &spot, place);
            }
        }
        for (spot, present, label) in wanted {
            let old = state.places.iter().position(|(s, _)| *s == spot);
            if old.is_some_and(|i| !matches!(state.places[i].1, Place::Failed)) {
                continue;
            }
            let place = if present {
                self.place(socket, &state, &spot)
            } else {
                Err(std::io::Error::from_raw_os_error(libc::ENODEV))
            };
            let place = place.unwrap_or_else(|e| {
                if old.is_none() {
                    failures.push(limit_error(&e, &format!("join {name} on {label}")));
                }
                Place::Failed
            });
            if !matches!(place, Place::Failed) {
                self.note_place(EventType::Join, &spot.membership, name);
            }
            match old {
                Some(i) => state.places[i].1 = place,
                None => state.places.push((spot, place)),
            }
        }
        let placed = state.places.iter().filter(|(_, place)| !matches!(place, Place::Failed)).count();
        let carried = self.settle_carriers(socket, &mut state, &mut failures);
        settle_twins(socket, &state, placed > 0, carried > 0);
        let placed = placed + carried;
        self.groups.insert(name.clone(), state);
        (placed, failures)
    }

    pub(super) fn place(
        &mut self,
        socket: &MulticastSocket,
        state: &State,
        spot: &Spot,
    ) -> std::io::Result<Place> {
        let key = spot.key(!state.mapped.raw);
        if !self.shared.contains_key(&key) {
            self.last_token += 1;
            let missing = || std::io::Error::from_raw_os_error(libc::ENODEV);
            let attached = self.attached.iter().find(|a| a.ifindex == key.2).ok_or_else(missing)?;
            let place = ip::Place {
                token: self.last_token,
                port: spot.port,
                counters: &attached.counters,
                config: socket.config,
            };
            let beside = self.own_by_key.get(&key).copied().unwrap_or(0);
            if beside < CROWD && (self.own < CROWDS || beside == 0) {
                let receiver =
                    Receiver::one(&place, state.name.clone(), &spot.membership, state.ip_decoding())?;
                let receiver = Arc::new(receiver);
                socket.add_receiver(&receiver)?;
                self.own += 1;
                *self.own_by_key.entry(key).or_default() += 1;
                return Ok(Place::Own(receiver));
            }
            let receiver = Arc::new(Receiver::shared(&place, key.0, key.2, key.3)?);
            socket.add_receiver(&receiver)?;
            self.shared.insert(key, (receiver, 0));
            self.gather(socket, key);
        }
        self.share(socket, key, state, &spot.membership, None)?;
        Ok(Place::Shared)
    }

    fn forget_own(&mut self, key: Key) {
        self.own -= 1;
        if let Some(count) = self.own_by_key.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.own_by_key.remove(&key);
            }
        }
    }

    /// Ends all memberships and sends, when the socket is deleted.
    pub(super) fn end(&mut self, socket: &MulticastSocket) {
        let mut groups = std::mem::take(&mut self.groups);
        for state in groups.values_mut() {
            for heard in std::mem::take(&mut state.hearings) {
                self.stop_hearing(socket, state, heard);
            }
            for (Spot { membership: m, .. }, place) in std::mem::take(&mut state.places) {
                if !matches!(place, Place::Failed) {
                    self.note_place(EventType::Leave, &m, &state.name);
                }
                match place {
                    Place::Own(receiver) if sys::fork::has_children() => drop(udp::leave(&receiver.fd, &m)),
                    Place::Shared if sys::fork::has_children() => self.holders.leave(&m),
                    _ => {}
                }
            }
        }
        for sender in self.attached.iter().flat_map(|a| &a.senders) {
            // Wakes those that wait for room in its buffer.
            udp::shut(&sender.fd);
        }
        socket.forget_routes();
    }

    /// Moves the groups that have receivers of their own to the new shared one, which hears them anyhow.
    pub(super) fn gather(&mut self, socket: &MulticastSocket, key: Key) {
        let mut groups = std::mem::take(&mut self.groups);
        for state in groups.values_mut() {
            for i in 0..state.places.len() {
                let (spot, Place::Own(own)) = &state.places[i] else { continue };
                if spot.key(!state.mapped.raw) != key {
                    continue;
                }
                match self.share(socket, key, state, &spot.membership, Some(own)) {
                    Ok(()) => {
                        self.forget_own(key);
                        state.places[i].1 = Place::Shared;
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
    pub(super) fn share(
        &mut self,
        socket: &MulticastSocket,
        key: Key,
        state: &State,
        m: &Membership,
        own: Option<&Arc<Receiver>>,
    ) -> std::io::Result<()> {
        let missing = || std::io::Error::from_raw_os_error(libc::ENOENT);
        let (receiver, count) = self.shared.get_mut(&key).ok_or_else(missing)?;
        let Hears::Shared { table, .. } = &receiver.hears else { return Err(missing()) };
        self.holders.join(m)?;
        *count += 1;
        if own.is_some() {
            // What it has heard of the group so far, the other one has too.
            socket.rescue(receiver);
        }
        let (name, decoding) = (state.name.clone(), state.ip_decoding());
        table.insert(ip::Held { name, membership: *m, decoding });
        if let Some(own) = own {
            let _ = udp::leave(&own.fd, m);
            socket.rescue(own);
            socket.remove_receiver(own, None);
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self, socket: &MulticastSocket, state: &State, spot: &Spot, place: Place) {
        let (key, m) = (spot.key(!state.mapped.raw), &spot.membership);
        match place {
            Place::Failed => {}
            Place::Own(receiver) => {
                self.forget_own(key);
                socket.remove_receiver(&receiver, Some(m));
            }
            Place::Shared => {
                self.holders.leave(m);
                let Some((receiver, count)) = self.shared.get_mut(&key) else {
                    return;
                };
                if let Hears::Shared { table, .. } = &receiver.hears {
                    table.retain(m.group, |held| held.membership != *m || held.name != state.name);
                }
                *count -= 1;
                if *count == 0 {
                    let receiver = receiver.clone();
                    self.shared.remove(&key);
                    socket.remove_receiver(&receiver, None);
                }
            }
        }
    }

    /// The ways out to a group, and the Interfaces where there is none now.
    pub(super) fn targets(
        &mut self,
        socket: &MulticastSocket,
        name: &Name,
        mapped: &Mapped,
    ) -> Result<(Vec<Target>, Vec<u32>)> {
        let (mut targets, mut failed, mut error) = (Vec::new(), Vec::new(), None);
        let mut sources = Vec::new();
        for a in &mut self.attached {
            let families = a.families;
            for place in mapped.places.iter().filter(|place| families.hold(place.group)) {
                let &MappedPlace { group, source, port } = place;
                let on_host = a.ttl == 0;
                let sender = sender(a, group, source, socket.config).and_then(|sender| {
                    let m = Membership { group, source: None, ifindex: a.ifindex };
                    // The kernel keeps hop limit 0 on the host only where the host is a member.
                    match if on_host { udp::join(&sender.fd, &m) } else { Ok(()) } {
                        Err(e) if e.raw_os_error() != Some(libc::EADDRINUSE) => {
                            Err(limit_error(&e, "keeping hop limit 0 on this host"))
                        }
                        _ => Ok(sender),
                    }
                });
                match sender {
                    Ok(sender) => {
                        let address = udp::socket_address(group, port, a.ifindex);
                        // A child shares the sender with its parent, which does not know what it connects.
                        let connect = !socket.is_inherited();
                        let address = if connect { sender.address(address) } else { Some(address) };
                        let (interface, counters) = (a.label(), a.counters.clone());
                        if mapped.raw && !self.carried.is_empty() {
                            tell_sources(&mut sources, &sender, a);
                        }
                        let way = Way::Ip(IpWay { sender, address });
                        targets.push(Target { way, interface, counters });
                    }
                    Err(e) => {
                        log::warn!("send to {name} on {}: {e}", a.label());
                        failed.push(a.id());
                        error.get_or_insert(e);
                    }
                }
            }
        }
        let carried = self.carrier_targets(name, &sources, socket.config, &mut failed, &mut error);
        targets.extend(carried);
        if targets.is_empty() {
            return Err(error.or(mapped.unplaced.clone()).unwrap_or_else(|| not_carried(name)));
        }
        Ok((targets, failed))
    }
}

impl Control {
    /// How a framed group is sent to; the frames of one Group Name and key are one sender's for the life of the socket.
    pub(super) fn framed(
        &mut self,
        socket: &Arc<MulticastSocket>,
        name: &Name,
        mapped: &Mapped,
    ) -> Result<Option<Framed>> {
        if mapped.raw && self.carried.is_empty() {
            return Ok(None);
        }
        let framing = &mapped.framing;
        let key = (name.normal().clone(), framing.key.as_ref().map(GroupKey::id));
        let outlet = match self.outlets.get(&key) {
            Some(outlet) => outlet.clone(),
            None => {
                let outlet = Arc::new(Outlet::new(socket, framing, socket.config)?);
                self.outlets.insert(key, outlet.clone());
                outlet
            }
        };
        let whole = |a: &Attached, v6: bool| a.device.as_ref().map(|device| device.datagram(v6));
        let sizes = self.attached.iter().flat_map(|a| {
            let families = mapped.places.iter().filter(|place| a.families.hold(place.group));
            families.filter_map(|place| whole(a, place.group.is_ipv6()))
        });
        let limit = sizes.filter(|_| !mapped.raw).min().map_or(WHOLE, |size| size.max(LEAST));
        Ok(Some(Framed { outlet, limit, raw: mapped.raw }))
    }
}

fn not_carried(name: &Name) -> Error {
    Error::NotAvailable(format!("{name}: no Interface of the socket carries its address family"))
}

fn tell_of_retries(socket: &MulticastSocket, failures: &[Error]) {
    socket.counters.join_failures.fetch_add(failures.len() as u64, Ordering::Relaxed);
    failures.iter().for_each(|e| log::warn!("{e}; it is tried again when the Interfaces change"));
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
