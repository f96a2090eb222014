//! The ways out to the groups of a multicast socket, and the routes that lead there.

use super::attached::Attached;
use super::carried::{WHOLE, tell_sources};
use super::groups::not_carried;
use super::news::{News, tell};
use super::state::Control;
use crate::error::{Error, Result, limit_error};
use crate::frame::GroupKey;
use crate::mapping::{Mapped, MappedPlace};
use crate::name::Name;
use crate::send::{Framed, IpWay, Outlet, Route, Target, Way};
use crate::technology::ip::{IpSettings, Sender};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sys::udp::{self, Membership};

/// How many names a multicast socket remembers only because it sent to them.
const SENT_NAMES: usize = 65536;

/// No frame is cut to less, however small the MTU: IPv6 has 1280 at least, and IPv4 fragments what it must.
const LEAST: usize = 512;

impl Control {
    /// Opens a route to a group and keeps it; the name is known as sent to from then on.
    pub(super) fn open_route(&mut self, uri: &[u8], name: &Name, mapped: Mapped) -> Result<Arc<Route>> {
        let (targets, failed) = self.targets(name, &mapped)?;
        let framed = self.framed(name, &mapped)?;
        let core = self.halves.core.clone();
        if framed.is_some() {
            let senders = targets.iter().filter_map(Target::sender);
            senders.for_each(|sender| sender.prepare_to_widen(core.config.send_buffer));
        }
        core.counters.send_failures.fetch_add(failed.len() as u64, Ordering::Relaxed);
        for counters in failed.iter().filter_map(|id| self.counters(*id).ok()) {
            counters.send_failures.fetch_add(1, Ordering::Relaxed);
        }
        if self.groups.len() >= SENT_NAMES {
            self.groups.retain(|_, state| state.listener || state.registered);
            tell(&News::SourcesEnded);
            let Control { groups, outlets, .. } = self;
            outlets.retain(|(name, _), _| groups.contains_key(name));
        }
        let state = self.state(name, mapped);
        let known = state.is_source();
        state.sent = true;
        if !known {
            self.begin_source(name.normal());
        }
        Ok(self.halves.outbound.keep_route(uri, targets, framed))
    }

    /// The ways out to a group, and the Interfaces where there is none now.
    pub(super) fn targets(&mut self, name: &Name, mapped: &Mapped) -> Result<(Vec<Target>, Vec<u32>)> {
        let (mut targets, mut failed, mut error) = (Vec::new(), Vec::new(), None);
        let mut sources = Vec::new();
        let (core, has_carriers) = (self.halves.core.clone(), !self.carried.is_empty());
        for a in &mut self.attached {
            let families = a.families;
            for place in mapped.places.iter().filter(|place| families.hold(place.group)) {
                let &MappedPlace { group, source, port } = place;
                let on_host = a.ttl == 0;
                let sender = sender(a, group, source, core.config.ip()).and_then(|sender| {
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
                        let connect = !core.is_inherited();
                        let address = if connect { sender.address(address) } else { Some(address) };
                        let (interface, counters) = (a.label(), a.counters.clone());
                        if mapped.raw && has_carriers {
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
        let carried = self.carrier_targets(name, &sources, core.config, &mut failed, &mut error);
        targets.extend(carried);
        if targets.is_empty() {
            return Err(error.or(mapped.unplaced.clone()).unwrap_or_else(|| not_carried(name)));
        }
        Ok((targets, failed))
    }
}

impl Control {
    /// How a framed group is sent to; the frames of one Group Name and key are one sender's for the life of the socket.
    fn framed(&mut self, name: &Name, mapped: &Mapped) -> Result<Option<Framed>> {
        if mapped.raw && self.carried.is_empty() {
            return Ok(None);
        }
        let framing = &mapped.framing;
        let key = (name.normal().clone(), framing.key.as_ref().map(GroupKey::id));
        let outlet = match self.outlets.get(&key) {
            Some(outlet) => outlet.clone(),
            None => {
                let outlet = Arc::new(Outlet::new(&self.halves.outbound, framing, self.core().config)?);
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

/// The sender of an Interface for a group's family and source, opened when it is first needed.
fn sender(
    a: &mut Attached,
    group: IpAddr,
    source: Option<IpAddr>,
    settings: IpSettings,
) -> Result<Arc<Sender>> {
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
    let sender = Sender::new(v6, a.ifindex, source, address, a.ttl, settings)
        .map_err(|e| limit_error(&e, &format!("open a sender on {}", a.label())))?;
    let sender = Arc::new(sender);
    a.senders.push(sender.clone());
    Ok(sender)
}
