//! The groups of a multicast socket: what should be joined, and where it is.

use super::Halves;
use super::attached::Attached;
use super::news::{News, tell};
use super::state::{Control, GroupState, Happened, endpoint};
use crate::error::{Error, Result, limit_error};
use crate::group::EventType;
use crate::mapping::Mapped;
use crate::name::Name;
use crate::receive::Inbound;
use crate::technology::ip::seats::{Endpoint, Request, SeatId, Seats};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::udp;

impl Control {
    pub(super) fn join(&mut self, name: &Name, mapped: Mapped) -> Result<()> {
        let Halves { inbound, outbound, .. } = self.halves.clone();
        let state = self.state(name, mapped.clone());
        if state.listener && state.mapped.raw != mapped.raw {
            // With or without credentials a group of namespace `ip` is another stream.
            self.unlisten(name.normal());
            inbound.forget_queued(name.normal());
            return self.join(name, mapped);
        }
        if state.listener {
            if state.mapped.framing != mapped.framing {
                let decoders = state.decoding.map(|decoding| decoding.decoder).into_iter();
                let all = state.brought.iter().flat_map(|brought| brought.set_framing(&mapped.framing));
                decoders.chain(all).for_each(|decoder| inbound.set_key(decoder, &mapped.framing));
                inbound.forget_queued(name.normal());
                state.mapped.framing = mapped.framing;
            }
            if state.mapped.places.is_empty() {
                // It had not been resolved, or not found.
                (state.mapped.places, state.mapped.unplaced) = (mapped.places, mapped.unplaced);
            }
            // Another try for the Interfaces where it failed.
            let (_, failures) = self.settle(name.normal());
            self.tell_of_retries(&failures);
            return Ok(());
        }
        if state.mapped != mapped {
            // A DNS name that has moved since it was last used, or other credentials.
            state.mapped = mapped;
            outbound.forget_routes();
        }
        state.listener = true;
        let unplaced = state.mapped.unplaced.clone();
        let (placed, failures) = self.settle(name.normal());
        if placed > 0 {
            self.tell_of_retries(&failures);
            return Ok(());
        }
        self.unlisten(name.normal());
        Err(failures.into_iter().next().or(unplaced).unwrap_or_else(|| not_carried(name)))
    }

    pub fn leave(&mut self, name: &Name) -> Result<()> {
        if !self.groups.get(name.normal()).is_some_and(|state| state.listener) {
            return Err(Error::NotAvailable(format!("{name}: not joined")));
        }
        self.unlisten(name.normal());
        self.halves.inbound.forget_queued(name.normal());
        Ok(())
    }

    fn unlisten(&mut self, name: &Arc<str>) {
        let Control { halves, groups, seats, happened, .. } = self;
        let Some(state) = groups.get_mut(name) else { return };
        state.listener = false;
        while let Some(&(endpoint, seat)) = state.endpoints.first() {
            state.endpoints.remove(0);
            state.give_up(endpoint, seat, seats, happened);
        }
        while !state.brought.is_empty() {
            state.stop_hearing(&halves.inbound, 0, happened);
        }
        if let Some(decoding) = state.decoding.take() {
            halves.inbound.remove_decoder(decoding.decoder);
        }
        if !state.is_source() {
            groups.remove(name);
        }
    }

    /// Registers as a source. Gives the Interfaces where it failed.
    pub fn src_register(&mut self, name: &Name, mapped: Mapped) -> Vec<u32> {
        let failed = match self.targets(name, &mapped) {
            Ok((_, failed)) => failed,
            Err(_) => return self.interface_ids(),
        };
        let state = self.state(name, mapped);
        let known = state.is_source();
        state.registered = true;
        if !known {
            self.begin_source(name.normal());
        }
        failed
    }

    /// It is a source of the group from now on.
    pub(super) fn begin_source(&mut self, name: &Arc<str>) {
        self.announce_source(name);
        self.note_source(name, &BTreeSet::new());
    }

    pub fn src_deregister(&mut self, name: &Name) -> Result<()> {
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
        self.forget_routes();
        Ok(())
    }

    pub(super) fn settle_all(&mut self) {
        let joined = self.groups.values().filter(|state| state.listener);
        let names: Vec<_> = joined.map(|state| state.name.clone()).collect();
        for name in names {
            let (_, failures) = self.settle(&name);
            self.tell_of_retries(&failures);
        }
    }

    /// Gives up the memberships that should not be, and tries those that should be and are not. Returns how many there
    /// are now, and what failed for the first time.
    pub(super) fn settle(&mut self, name: &Arc<str>) -> (usize, Vec<Error>) {
        let mut failures = Vec::new();
        let Control { halves, attached, carried, groups, seats, happened, .. } = self;
        let inbound = &halves.inbound;
        let Some(state) = groups.get_mut(name) else { return (0, failures) };
        let by_ip = state.mapped.places.iter().any(|p| attached.iter().any(|a| a.families.hold(p.group)));
        if !state.mapped.raw && by_ip {
            state.decode(inbound);
        }
        // Before the second way brings anything.
        state.settle_twins(inbound, by_ip, !carried.is_empty());
        let placed = state.settle_seats(attached, seats, happened, &mut failures);
        let carried = state.settle_carriers(inbound, carried, happened, &mut failures);
        state.settle_twins(inbound, placed > 0, carried > 0);
        (placed + carried, failures)
    }

    fn tell_of_retries(&self, failures: &[Error]) {
        let counter = &self.core().counters.join_failures;
        counter.fetch_add(failures.len() as u64, Ordering::Relaxed);
        failures.iter().for_each(|e| log::warn!("{e}; it is tried again when the Interfaces change"));
    }

    /// Ends all memberships and sends, when the socket is deleted.
    pub(super) fn end(&mut self) {
        let Control { halves, groups, seats, happened, .. } = self;
        for state in groups.values_mut() {
            while !state.brought.is_empty() {
                state.stop_hearing(&halves.inbound, 0, happened);
            }
            happened.extend(state.seated().map(|m| Happened::at(EventType::Leave, m, &state.name)));
        }
        seats.end();
        for sender in self.attached.iter().flat_map(|a| &a.senders) {
            // Wakes those that wait for room in its buffer.
            udp::shut(&sender.fd);
        }
        self.forget_routes();
    }
}

impl GroupState {
    /// The same for the seats of technology `ip`; at most one for each of these Interfaces and Group Addresses.
    fn settle_seats(
        &mut self,
        attached: &[Attached],
        seats: &mut Seats<Inbound>,
        happened: &mut Vec<Happened>,
        failures: &mut Vec<Error>,
    ) -> usize {
        let places = &self.mapped.places;
        let at = |a: &Attached| {
            let ifindex = a.ifindex;
            let held = places.iter().filter(|place| a.families.hold(place.group));
            held.map(|place| endpoint(place, ifindex)).collect::<Vec<_>>()
        };
        let wanted: Vec<_> = attached.iter().flat_map(|a| at(a).into_iter().map(move |e| (e, a))).collect();
        let is_wanted = |endpoint: &Endpoint| wanted.iter().any(|(e, _)| e == endpoint);
        while let Some(i) = self.endpoints.iter().position(|(endpoint, _)| !is_wanted(endpoint)) {
            let (endpoint, seat) = self.endpoints.remove(i);
            self.give_up(endpoint, seat, seats, happened);
        }
        for (endpoint, a) in wanted {
            let old = self.endpoints.iter().position(|(e, _)| *e == endpoint);
            if old.is_some_and(|i| self.endpoints[i].1.is_some()) {
                continue;
            }
            let (name, decoding) = (&self.name, self.ip_decoding());
            let request = Request { name, endpoint, decoding, counters: &a.counters };
            let seat = match &a.device {
                Some(_) => seats.take(&request),
                None => Err(std::io::Error::from_raw_os_error(libc::ENODEV)),
            };
            match &seat {
                Ok(_) => happened.push(Happened::at(EventType::Join, &endpoint.membership, name)),
                Err(e) if old.is_none() => {
                    failures.push(limit_error(e, &format!("join {name} on {}", a.label())))
                }
                Err(_) => {}
            }
            match old {
                Some(i) => self.endpoints[i].1 = seat.ok(),
                None => self.endpoints.push((endpoint, seat.ok())),
            }
        }
        self.seated().count()
    }

    /// Leaves where it has a seat.
    fn give_up(
        &self,
        endpoint: Endpoint,
        seat: Option<SeatId>,
        seats: &mut Seats<Inbound>,
        happened: &mut Vec<Happened>,
    ) {
        if let Some(seat) = seat {
            happened.push(Happened::at(EventType::Leave, &endpoint.membership, &self.name));
            seats.give_up(seat);
        }
    }
}

pub(super) fn not_carried(name: &Name) -> Error {
    Error::NotAvailable(format!("{name}: no Interface of the socket carries its address family"))
}
