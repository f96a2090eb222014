//! Who listens to what on each link, host by host, as a router with explicit tracking knows it (RFC 3376 §6,
//! RFC 3810 §7), with the querier's own timers; and who the querier and the PIM routers are.
//!
//! No system call and no clock in it: the time is passed in. Memory is bounded per link, and what does not fit is counted.

use super::filter::{Asked, HostFilter, Word};
use super::link::{HeardLink, Router};
use super::packet::{GroupRecord, Heard, Kind, Message, Query};
use crate::membership::kernel::is_kernels_own;
use crate::membership::known::{GroupId, RemoteChange, RemoteState};
use carrier::Role;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

/// At most this many listeners, each source that one asks for counted, are known on a link in one family.
pub const LISTENERS: usize = 65_536;
/// At most this many hosts of one group.
pub const HOSTS: usize = 8192;
/// How long a host has to answer the query that follows a leave, when the query has not been heard yet (RFC 3376 §8.8).
const LAST_MEMBER: Duration = Duration::from_secs(1);
/// Rewriting all timers of a link costs time, so it is done at most so often.
const TIGHTEN: Duration = Duration::from_secs(1);

/// The least time that hosts are given to answer a query for their group.
const ANSWER: Duration = Duration::from_millis(200);

/// Every link, by device and family (true: IPv4).
#[derive(Debug, Default)]
pub struct Hosts {
    links: HashMap<(u32, bool), HeardLink>,
    /// When each listener is looked at next.
    schedule: BTreeSet<Due>,
    /// Links whose times are to be rewritten then, so that nothing lives longer than until the second time.
    owed: BTreeMap<(u32, bool), (Instant, Instant)>,
    left_out: u64,
}

/// When, at which device, which group, which host.
type Due = (Instant, u32, IpAddr, IpAddr);

#[derive(Debug, Default)]
pub(super) struct HeardGroup {
    hosts: HashMap<IpAddr, Host>,
    /// Hosts of IGMPv1, IGMPv2 and MLDv1 keep silent when another one answers, so that its answer is theirs, too.
    legacy_until: Option<Instant>,
}

#[derive(Debug)]
struct Host {
    filter: HostFilter,
    scheduled: Instant,
}

impl Hosts {
    /// Takes in what was heard at a device. What it changes goes to `out`.
    pub fn heard(&mut self, now: Instant, ifindex: u32, heard: &Heard, out: &mut Vec<RemoteChange>) {
        let from = heard.from;
        let key = (ifindex, from.is_ipv4());
        let link = self.links.entry(key).or_default();
        match &heard.message {
            Message::Hello { holdtime, priority } => link.hello(now, from, *holdtime, *priority),
            Message::Query(query) => self.query(now, ifindex, from, query),
            Message::Report(group) => {
                self.legacy_report(Place { now, ifindex, group: *group, host: from }, out)
            }
            Message::Leave(group) => {
                self.legacy_leave(Place { now, ifindex, group: *group, host: from }, out)
            }
            Message::Records(records) => {
                for record in records {
                    self.record(now, ifindex, record, from, out);
                }
            }
        }
    }

    /// When [`Hosts::due`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let owed = self.owed.values().map(|(at, _)| *at);
        owed.chain(self.schedule.first().map(|(at, ..)| *at)).min()
    }

    /// Drops what has grown old.
    pub fn due(&mut self, now: Instant, out: &mut Vec<RemoteChange>) {
        self.tighten(now);
        while let Some(&(at, ifindex, group, host)) = self.schedule.first().filter(|(at, ..)| *at <= now) {
            let legacy = self.group(ifindex, group).and_then(|g| g.legacy_until);
            let place = Place { now, ifindex, group, host };
            let known = self.change(place, Word::Time { now, legacy_until: legacy }, out);
            if !known {
                self.schedule.remove(&(at, ifindex, group, host));
            }
        }
    }

    /// Tells all that is there.
    pub fn tell_again(&self, out: &mut Vec<RemoteChange>) {
        for ((ifindex, _), link) in &self.links {
            for (group, HeardGroup { hosts, .. }) in &link.groups {
                for (host, state) in hosts {
                    let came = |source| RemoteChange::Came(listener(*ifindex, *group, source), *host);
                    out.extend(state.filter.parts().map(came));
                }
            }
        }
    }

    /// A port has left its bridge: whoever was heard there, and at none of the `others`, is not at the bridge any more.
    pub fn part(
        &mut self,
        now: Instant,
        bridge: u32,
        port: u32,
        others: &[u32],
        out: &mut Vec<RemoteChange>,
    ) {
        for v4 in [true, false] {
            let Some(link) = self.links.get(&(port, v4)) else { continue };
            let at = |port: &u32, group: &IpAddr, host: &IpAddr| {
                let group = self.links.get(&(*port, v4)).and_then(|link| link.groups.get(group));
                group.is_some_and(|group| group.hosts.contains_key(host))
            };
            let mut gone = Vec::new();
            for (group, HeardGroup { hosts, .. }) in &link.groups {
                let alone = |host: &&IpAddr| !others.iter().any(|port| at(port, group, host));
                gone.extend(hosts.keys().filter(alone).map(|host| (*group, *host)));
            }
            for (group, host) in gone {
                self.change(Place { now, ifindex: bridge, group, host }, Word::Nothing, out);
            }
        }
    }

    /// Drops all that is known of a device.
    pub fn forget(&mut self, ifindex: u32) {
        self.links.retain(|(of, _), _| *of != ifindex);
        self.schedule.retain(|(_, of, ..)| *of != ifindex);
        self.owed.retain(|(of, _), _| *of != ifindex);
    }

    /// The querier of a link, of which there is at most one in each family.
    pub fn querier(&self, now: Instant, ifindex: u32, v4: bool) -> Option<IpAddr> {
        self.links.get(&(ifindex, v4))?.querier(now)
    }

    /// The PIM routers of a link.
    pub fn routers(&self, now: Instant, ifindex: u32, v4: bool) -> Vec<Router> {
        self.links.get(&(ifindex, v4)).map_or_else(Vec::new, |link| link.routers(now).collect())
    }

    /// How much did not fit since this was asked last.
    pub fn left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    fn group(&self, ifindex: u32, group: IpAddr) -> Option<&HeardGroup> {
        self.links.get(&(ifindex, group.is_ipv4()))?.groups.get(&group)
    }

    fn query(&mut self, now: Instant, ifindex: u32, from: IpAddr, query: &Query) {
        let v4 = from.is_ipv4();
        let Some(link) = self.links.get_mut(&(ifindex, v4)) else { return };
        let shorter = link.query(now, from, query);
        let (membership, robustness) = (link.membership(), link.robustness());
        if shorter {
            let at = link.tightened.map_or(now, |last| now.max(last + TIGHTEN));
            let (_, latest) = self.owed.entry((ifindex, v4)).or_insert((at, now + membership));
            *latest = (*latest).min(now + membership);
        }
        self.tighten(now);
        let Some(link) = self.links.get_mut(&(ifindex, v4)) else { return };
        // RFC 3376 §6.6.1
        let Some(group) = query.group.filter(|_| !query.suppress) else { return };
        let Some(state) = link.groups.get_mut(&group) else { return };
        let asked = match &query.sources[..] {
            [] => Asked::Group,
            sources => Asked::Sources(sources.iter().copied().collect()),
        };
        state.lower(
            (ifindex, group),
            now + query.response.max(ANSWER) * robustness,
            &asked,
            &mut self.schedule,
        );
    }

    /// Rewrites the times of links whose words hold less long.
    fn tighten(&mut self, now: Instant) {
        let ripe = self.owed.iter().filter(|(_, (at, _))| *at <= now);
        for (key, latest) in ripe.map(|(key, (_, latest))| (*key, *latest)).collect::<Vec<_>>() {
            self.owed.remove(&key);
            let Some(link) = self.links.get_mut(&key) else { continue };
            link.tightened = Some(now);
            for (group, state) in &mut link.groups {
                state.lower((key.0, *group), latest, &Asked::All, &mut self.schedule);
            }
        }
    }

    fn record(
        &mut self,
        now: Instant,
        ifindex: u32,
        record: &GroupRecord,
        host: IpAddr,
        out: &mut Vec<RemoteChange>,
    ) {
        let Some(link) = self.links.get(&(ifindex, host.is_ipv4())) else { return };
        let until = now + link.membership();
        let place = Place { now, ifindex, group: record.group, host };
        if matches!(record.kind, Kind::IsExclude | Kind::ToExclude) && self.refresh(place, until, false) {
            return;
        }
        self.change(place, Word::Sources(record.kind, &record.sources, until), out);
    }

    fn legacy_report(&mut self, place: Place, out: &mut Vec<RemoteChange>) {
        let Place { now, ifindex, group, host } = place;
        let key = (ifindex, host.is_ipv4());
        let Some(link) = self.links.get(&key) else { return };
        let until = now + link.membership();
        if !self.refresh(place, until, true) {
            self.change(place, Word::Any { until, legacy: true }, out);
        }
        if !host.is_unspecified() {
            self.change(Place { host: nobody(host), ..place }, Word::Nothing, out);
        }
        if let Some(group) = self.links.get_mut(&key).and_then(|link| link.groups.get_mut(&group)) {
            group.legacy_until = Some(until);
        }
    }

    fn legacy_leave(&mut self, place: Place, out: &mut Vec<RemoteChange>) {
        let Place { now, ifindex, group, host } = place;
        let Some(link) = self.links.get_mut(&(ifindex, host.is_ipv4())) else { return };
        let (asked, until) = (link.is_queried(now), now + LAST_MEMBER * link.robustness());
        let Some(HeardGroup { hosts, legacy_until }) = link.groups.get_mut(&group) else { return };
        let is_legacy = |host: &Host| matches!(host.filter, HostFilter::Any { legacy: true, .. });
        if !hosts.get(&host).is_some_and(is_legacy) {
            return;
        }
        // Whoever kept silent behind this host's reports answers the next query; where nobody asks, nobody will.
        let others = hosts.iter().any(|(other, state)| *other != host && is_legacy(state));
        if !others && asked {
            *legacy_until = None;
            let place = Place { host: nobody(host), ..place };
            self.change(place, Word::Any { until, legacy: true }, out);
        }
        if !host.is_unspecified() || !asked {
            self.change(place, Word::Nothing, out);
        }
    }

    /// The most frequent word, that a host still listens, changes nothing but a time. False when it is another one.
    fn refresh(&mut self, place: Place, again: Instant, old_version: bool) -> bool {
        let Place { ifindex, group, host, .. } = place;
        let groups = self.links.get_mut(&(ifindex, group.is_ipv4())).map(|link| &mut link.groups);
        let hosts = groups.and_then(|groups| groups.get_mut(&group)).map(|group| &mut group.hosts);
        match hosts.and_then(|hosts| hosts.get_mut(&host)) {
            Some(Host { filter: HostFilter::Any { until, legacy }, scheduled }) if *scheduled <= again => {
                (*until, *legacy) = (again, old_version);
                true
            }
            _ => false,
        }
    }

    /// Changes what a host wants of a group, tells the difference, and minds the schedule and the bounds. False when it
    /// wanted nothing before.
    fn change(&mut self, place: Place, word: Word, out: &mut Vec<RemoteChange>) -> bool {
        let Place { now, ifindex, group, host } = place;
        // The machinery of IPv6 itself is on every link, and of no interest to applications.
        if group.is_ipv4() != host.is_ipv4() || is_kernels_own(group) {
            return false;
        }
        let Some(link) = self.links.get_mut(&(ifindex, group.is_ipv4())) else { return false };
        let before = link.groups.get_mut(&group).and_then(|g| g.hosts.remove(&host));
        let known = before.is_some();
        let (mut filter, scheduled) = before.map_or_else(Default::default, |h| (h.filter, Some(h.scheduled)));

        link.listeners -= filter.size();
        let crowded = !known && link.groups.get(&group).is_some_and(|g| g.hosts.len() >= HOSTS);
        let room = if crowded { 0 } else { LISTENERS - link.listeners };
        let left_out = filter.take(word, room, &mut |source, came| {
            let state = listener(ifindex, group, source);
            out.push(if came { RemoteChange::Came(state, host) } else { RemoteChange::Went(state, host) });
        });
        self.left_out += left_out as u64;
        link.listeners += filter.size();

        let due = |at: Instant| (at, ifindex, group, host);
        let next = filter.next();
        // Of a time that has become later the schedule hears when the earlier one has come.
        let keeps = scheduled.filter(|at| *at > now && next.is_some_and(|next| *at <= next));
        if keeps.is_none() {
            scheduled.map(|at| self.schedule.remove(&due(at)));
            next.map(|at| self.schedule.insert(due(at)));
        }
        if let Some(next) = next {
            let host_state = Host { filter, scheduled: keeps.unwrap_or(next) };
            link.groups.entry(group).or_default().hosts.insert(host, host_state);
        } else if link.groups.get(&group).is_some_and(|g| g.hosts.is_empty()) {
            link.groups.remove(&group);
        }
        known
    }
}

impl HeardGroup {
    /// Lets what is asked for live until `latest` at most.
    fn lower(
        &mut self,
        (ifindex, group): (u32, IpAddr),
        latest: Instant,
        asked: &Asked,
        schedule: &mut BTreeSet<Due>,
    ) {
        if asked.any() {
            self.legacy_until = self.legacy_until.map(|until| until.min(latest));
        }
        for (host, state) in &mut self.hosts {
            state.filter.lower(latest, asked);
            if let Some(next) = state.filter.next().filter(|next| *next < state.scheduled) {
                schedule.remove(&(state.scheduled, ifindex, group, *host));
                schedule.insert((next, ifindex, group, *host));
                state.scheduled = next;
            }
        }
    }
}

/// A host in a group at a device, and the time.
#[derive(Clone, Copy)]
struct Place {
    now: Instant,
    ifindex: u32,
    group: IpAddr,
    host: IpAddr,
}

fn listener(ifindex: u32, group: IpAddr, source: Option<IpAddr>) -> RemoteState {
    RemoteState { ifindex, group: GroupId::Address(group, source), role: Role::Listener }
}

/// Stands for hosts that keep silent.
fn nobody(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

#[cfg(test)]
mod tests;
