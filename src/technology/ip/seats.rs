//! The memberships of one multicast socket in technology `ip`, each at its seat: which receiver hears it.
//!
//! A group has a receiver of its own until there are many of one port at one device. Then they share one, and holders have
//! the memberships; those that came first move there too, and nothing is lost on the way.

#[cfg(test)]
mod tests;

use super::holders::Holders;
use super::{Decoding, Hears, Held, IpSettings, Opening, Receiver};
use crate::counters::InterfaceCounters;
use crate::error::limit_error;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::udp::{self, Membership};
use sys::{fork, handle};

/// At most this many groups of one port at one device have receivers of their own; with the next, all of them share one.
const CROWD: usize = 64;

/// At most this many receivers of their own a multicast socket has where groups could share one.
const CROWDS: usize = 256;

/// Who reads the receivers of a multicast socket. None of the calls waits for a message.
pub trait Readers {
    /// Reads it from now on.
    fn add(&self, receiver: &Arc<Receiver>) -> io::Result<()>;

    /// Reads it no more, wakes who waits for it, and leaves `membership` there.
    fn remove(&self, receiver: &Arc<Receiver>, membership: Option<&Membership>);

    /// Takes what it holds, since it is about to be replaced.
    fn rescue(&self, receiver: &Arc<Receiver>);
}

/// A membership and the UDP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Group Address, source, device.
    pub membership: Membership,
    /// The UDP port.
    pub port: u16,
}

/// What a seat is wanted for.
pub struct Request<'a> {
    /// The Group Name in normal form.
    pub name: &'a Arc<str>,
    /// Where it is to be heard.
    pub endpoint: Endpoint,
    /// Of a framed group: where its frames become messages.
    pub decoding: Option<Decoding>,
    /// What comes in by the Interface.
    pub counters: &'a Arc<InterfaceCounters>,
}

/// A seat that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatId(usize);

struct Seat {
    name: Arc<str>,
    endpoint: Endpoint,
    decoding: Option<Decoding>,
    /// The receiver that serves it alone; `None`: it shares one.
    own: Option<Arc<Receiver>>,
}

/// What groups must have in common to share a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    v6: bool,
    port: u16,
    ifindex: u32,
    framed: bool,
}

impl Key {
    fn of(endpoint: &Endpoint, decoding: Option<Decoding>) -> Key {
        let &Endpoint { membership: Membership { group, ifindex, .. }, port } = endpoint;
        Key { v6: group.is_ipv6(), port, ifindex, framed: decoding.is_some() }
    }
}

impl Seat {
    fn key(&self) -> Key {
        Key::of(&self.endpoint, self.decoding)
    }
}

/// All of them.
pub struct Seats<R> {
    readers: Arc<R>,
    settings: IpSettings,
    seats: Vec<Option<Seat>>,
    free: Vec<usize>,
    /// Receivers that serve one group each.
    own: usize,
    /// The same by what they could share.
    own_by_key: HashMap<Key, usize>,
    shared: Shared,
    last_token: u64,
}

/// The receivers that serve several groups, each with the number of those, and who holds the memberships.
#[derive(Default)]
struct Shared {
    receivers: HashMap<Key, (Arc<Receiver>, usize)>,
    holders: Holders,
}

impl<R: Readers> Seats<R> {
    /// None is taken.
    pub fn new(readers: Arc<R>, settings: IpSettings) -> Seats<R> {
        Seats {
            readers,
            settings,
            seats: Vec::new(),
            free: Vec::new(),
            own: 0,
            own_by_key: HashMap::new(),
            shared: Shared::default(),
            last_token: handle::DOORBELL,
        }
    }

    /// Joins. When it fails, nothing is joined.
    pub fn take(&mut self, request: &Request) -> io::Result<SeatId> {
        let &Request { name, endpoint, decoding, counters } = request;
        let key = Key::of(&endpoint, decoding);
        let mut seat = Seat { name: name.clone(), endpoint, decoding, own: None };
        if !self.shared.receivers.contains_key(&key) {
            self.last_token += 1;
            let opening =
                Opening { token: self.last_token, port: endpoint.port, counters, settings: self.settings };
            let beside = self.own_by_key.get(&key).copied().unwrap_or(0);
            if beside < CROWD && (self.own < CROWDS || beside == 0) {
                let receiver = Receiver::one(&opening, name.clone(), &endpoint.membership, decoding)?;
                let receiver = Arc::new(receiver);
                self.readers.add(&receiver)?;
                self.own += 1;
                *self.own_by_key.entry(key).or_default() += 1;
                seat.own = Some(receiver);
                return Ok(self.enter(seat));
            }
            let receiver = Arc::new(Receiver::shared(&opening, key.v6, key.ifindex, key.framed)?);
            self.readers.add(&receiver)?;
            self.shared.receivers.insert(key, (receiver, 0));
            self.gather(key);
        }
        self.shared.seat(&*self.readers, &mut seat)?;
        Ok(self.enter(seat))
    }

    fn enter(&mut self, seat: Seat) -> SeatId {
        match self.free.pop() {
            Some(i) => {
                self.seats[i] = Some(seat);
                SeatId(i)
            }
            None => {
                self.seats.push(Some(seat));
                SeatId(self.seats.len() - 1)
            }
        }
    }

    /// Moves the groups that have receivers of their own to the new shared one, which hears them anyhow.
    fn gather(&mut self, key: Key) {
        for seat in self.seats.iter_mut().flatten().filter(|seat| seat.own.is_some() && seat.key() == key) {
            match self.shared.seat(&*self.readers, seat) {
                Ok(()) => forget_own(&mut self.own, &mut self.own_by_key, key),
                // It stays where it is; its messages cost twice.
                Err(e) => log::debug!("{}", limit_error(&e, &format!("{} cannot be shared", seat.name))),
            }
        }
    }

    /// Leaves.
    pub fn give_up(&mut self, id: SeatId) {
        let Some(seat) = self.seats.get_mut(id.0).and_then(Option::take) else { return };
        self.free.push(id.0);
        let (key, m) = (seat.key(), &seat.endpoint.membership);
        if let Some(receiver) = &seat.own {
            forget_own(&mut self.own, &mut self.own_by_key, key);
            return self.readers.remove(receiver, Some(m));
        }
        self.shared.holders.leave(m);
        let Some((receiver, count)) = self.shared.receivers.get_mut(&key) else { return };
        if let Hears::Shared { table, .. } = &receiver.hears {
            table.retain(m.group, |held| held.membership != *m || held.name != seat.name);
        }
        *count -= 1;
        if *count == 0 {
            let receiver = receiver.clone();
            self.shared.receivers.remove(&key);
            self.readers.remove(&receiver, None);
        }
    }

    /// Joins anew what the kernel has forgotten, at the device `ifindex` now. False: the seat is given up, and another one
    /// has to be taken.
    pub fn rejoin(&mut self, id: SeatId, ifindex: u32) -> bool {
        let Some(seat) = self.seats.get_mut(id.0).and_then(Option::as_mut) else { return false };
        let old = seat.endpoint.membership;
        let new = Membership { ifindex, ..old };
        let moves = old.ifindex != ifindex;
        let key = seat.key();
        match &seat.own {
            // An IPv6 receiver is bound to the device.
            Some(receiver) if !(moves && new.group.is_ipv6()) => {
                let _ = udp::leave(&receiver.fd, &old);
                if udp::join(&receiver.fd, &new).is_ok() {
                    if let Hears::One { ifindex, .. } = &receiver.hears {
                        ifindex.store(new.ifindex, Ordering::Relaxed);
                    }
                    seat.endpoint.membership = new;
                    if moves {
                        forget_own(&mut self.own, &mut self.own_by_key, key);
                        self.own += 1;
                        *self.own_by_key.entry(seat.key()).or_default() += 1;
                    }
                    return true;
                }
            }
            None if !moves => {
                self.shared.holders.leave(&old);
                if self.shared.holders.join(&new).is_ok() {
                    return true;
                }
            }
            _ => {}
        }
        if let Some(receiver) = &seat.own {
            self.readers.rescue(receiver);
        }
        self.give_up(id);
        false
    }

    /// Takes what the shared receivers of a device hold, before their groups are joined anew.
    pub fn rescue_shared(&self, ifindex: u32) {
        let there = self.shared.receivers.iter().filter(|(key, _)| key.ifindex == ifindex);
        there.for_each(|(_, (receiver, _))| self.readers.rescue(receiver));
    }

    /// Whether a shared receiver hears it.
    pub fn is_shared(&self, id: SeatId) -> bool {
        self.seats.get(id.0).and_then(Option::as_ref).is_some_and(|seat| seat.own.is_none())
    }

    /// The multicast socket is at its end. To close its descriptors is to leave, unless a child has them too.
    pub fn end(&mut self) {
        if !fork::has_children() {
            return;
        }
        for seat in self.seats.iter().flatten() {
            match &seat.own {
                Some(receiver) => drop(udp::leave(&receiver.fd, &seat.endpoint.membership)),
                None => self.shared.holders.leave(&seat.endpoint.membership),
            }
        }
    }
}

impl Shared {
    /// Adds a membership to a shared receiver. When it takes over from an own one, nothing is lost: a message that comes
    /// in the microseconds between the two may come twice.
    fn seat(&mut self, readers: &impl Readers, seat: &mut Seat) -> io::Result<()> {
        let missing = || io::Error::from_raw_os_error(libc::ENOENT);
        let (receiver, count) = self.receivers.get_mut(&seat.key()).ok_or_else(missing)?;
        let Hears::Shared { table, .. } = &receiver.hears else { return Err(missing()) };
        let membership = seat.endpoint.membership;
        self.holders.join(&membership)?;
        *count += 1;
        if seat.own.is_some() {
            // What it has heard of the group so far, the other one has too.
            readers.rescue(receiver);
        }
        table.insert(Held { name: seat.name.clone(), membership, decoding: seat.decoding });
        if let Some(own) = &seat.own {
            let _ = udp::leave(&own.fd, &membership);
            readers.rescue(own);
            readers.remove(own, None);
        }
        seat.own = None;
        Ok(())
    }
}

fn forget_own(own: &mut usize, own_by_key: &mut HashMap<Key, usize>, key: Key) {
    *own -= 1;
    if let Some(count) = own_by_key.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            own_by_key.remove(&key);
        }
    }
}
