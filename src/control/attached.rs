//! The Interfaces of a multicast socket: associated by the application, or the default ones; and what becomes of them
//! when the host's devices change.

use super::news::{News, tell};
use super::state::{Control, Happened};
use crate::config::Config;
use crate::counters::InterfaceCounters;
use crate::error::{Error, Result};
use crate::frame::{Framing, MAX_MESSAGE};
use crate::group::EventType;
use crate::interfaces::{self, Families, carriers};
use crate::technology::ip::Sender;
use std::collections::BTreeSet;
use std::sync::Arc;
use watch::{Change, Device};

/// An Interface of the socket.
pub(super) struct Attached {
    pub ifindex: u32,
    pub families: Families,
    pub name: String,
    pub ttl: u8,
    /// As it was when last seen; `None` while it is gone.
    pub device: Option<Device>,
    /// The kernel has forgotten the memberships there: it was gone since they were made.
    pub forgotten: bool,
    /// The same for IPv6 alone, which the kernel gives up below an MTU of 1280.
    pub forgotten_v6: bool,
    pub senders: Vec<Arc<Sender>>,
    pub counters: Arc<InterfaceCounters>,
}

impl Attached {
    pub fn id(&self) -> u32 {
        interfaces::encode(self.ifindex, self.families)
    }

    pub fn label(&self) -> String {
        format!("Interface {} ({})", self.name, self.ifindex)
    }
}

impl Control {
    pub(super) fn attach(&mut self, id: u32, devices: &[Device]) -> Result<()> {
        if self.attach_carrier(id)? {
            return Ok(());
        }
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
            forgotten: false,
            forgotten_v6: !device.ipv6,
            senders: Vec::new(),
            counters: Arc::default(),
        });
        Ok(())
    }

    /// The index of the attached Interface `id`. An Interface of the host that is not the socket's is
    /// `EADDRNOTAVAIL`, what is none at all `ENODEV`.
    pub(super) fn find(&self, id: u32) -> Result<usize> {
        let not_ours = || Error::NotAvailable(format!("Interface {id} is none of the socket's"));
        if carriers::carrier(id)?.is_some() {
            return Err(not_ours());
        }
        let (ifindex, families) = interfaces::decode(id).ok_or(Error::NoSuchInterface(id))?;
        let fits =
            |a: &Attached| a.ifindex == ifindex && (a.families == families || a.families == Families::Both);
        if let Some(i) = self.attached.iter().position(fits) {
            return Ok(i);
        }
        match watch::device(ifindex)? {
            Some(_) => Err(not_ours()),
            None => Err(Error::NoSuchInterface(id)),
        }
    }

    pub fn interface_ids(&self) -> Vec<u32> {
        let carriers = self.carried.iter().map(|c| c.id);
        self.ip_ids().into_iter().chain(carriers).collect()
    }

    fn ip_ids(&self) -> Vec<u32> {
        self.attached.iter().map(Attached::id).collect()
    }

    pub fn add_interface(&mut self, id: u32) -> Result<()> {
        let devices = watch::devices()?;
        let before = self.reach();
        self.attach(id, &devices)?;
        if self.carriers().any(|carrier| carrier == id) {
            tell(&News::Carrier(id));
        }
        self.follows_default = false;
        self.settle_all();
        self.announce_sources();
        self.note_sources(&before);
        self.forget_routes();
        Ok(())
    }

    pub fn del_interface(&mut self, id: u32) -> Result<()> {
        let before = self.reach();
        if self.detach_carrier(id) {
            self.follows_default = false;
            self.settle_all();
            self.note_sources(&before);
            self.forget_routes();
            return Ok(());
        }
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
        self.settle_all();
        self.note_sources(&before);
        self.forget_routes();
        Ok(())
    }

    pub fn set_ttl(&mut self, value: u8, ifs: &[u32]) -> Result<()> {
        let is_carried = |id: u32| self.carried.iter().any(|c| c.id == id);
        let chosen: Vec<usize> = match ifs {
            [] => (0..self.attached.len()).collect(),
            _ => ifs.iter().filter(|id| !is_carried(**id)).map(|&id| self.find(id)).collect::<Result<_>>()?,
        };
        if ifs.is_empty() {
            self.ttl = value;
        }
        let carried = self.carried.iter_mut().filter(|c| ifs.is_empty() || ifs.contains(&c.id));
        carried.for_each(|c| c.ttl = value);
        let settings = self.core().config.ip();
        for i in chosen {
            let attached = &mut self.attached[i];
            attached.ttl = value;
            for sender in &attached.senders {
                sender
                    .set_ttl(value, settings)
                    .map_err(|e| Error::from_io(&e, format!("setTTL on {}", attached.label())))?;
            }
        }
        self.forget_routes();
        Ok(())
    }

    pub fn ttl(&self) -> u8 {
        let carried = self.carried.iter().map(|c| c.ttl);
        self.attached.iter().map(|a| a.ttl).chain(carried).max().unwrap_or(0)
    }

    pub fn atomic_size(&self) -> Result<usize> {
        let devices = watch::devices()?;
        let size = |a: &Attached| {
            let device = devices.iter().find(|d| d.index == a.ifindex)?;
            Some(device.datagram(a.families.v6() && device.ipv6))
        };
        // A carrier takes every message whole.
        let carried = self.carried.iter().map(|_| MAX_MESSAGE);
        self.attached
            .iter()
            .filter_map(size)
            .map(|size| size.saturating_sub(self.frame_overhead()).max(1))
            .chain(carried)
            .min()
            .ok_or_else(|| Error::NotAvailable("no Interface of the socket is there now".into()))
    }

    /// The bytes of each datagram that are not the application's, as far as the socket's groups tell.
    fn frame_overhead(&self) -> usize {
        let framed = self.groups.values().filter_map(|state| state.mapped.framed());
        framed.map(Framing::overhead).max().unwrap_or(0)
    }

    /// Takes note of what a change makes the kernel forget, which the state afterwards may not show.
    pub(super) fn forget(&mut self, change: &Change) {
        for a in &mut self.attached {
            match change {
                Change::Gone { index, .. } if *index == a.ifindex => a.forgotten = true,
                Change::Link { index, ipv6: false, .. } if *index == a.ifindex => a.forgotten_v6 = true,
                _ => {}
            }
        }
    }

    /// Brings the socket in line with the host's devices as they are now.
    pub(super) fn reconcile(&mut self, devices: &[Device], defaults: &[u32]) {
        let (mut again, mut gone, mut changed) = (Vec::new(), Vec::new(), false);
        let before = self.reach();
        let taken: Vec<u32> = self.attached.iter().map(|a| a.ifindex).collect();
        for a in &mut self.attached {
            let same = devices.iter().find(|d| d.index == a.ifindex);
            let found =
                same.or_else(|| devices.iter().find(|d| d.name == a.name && !taken.contains(&d.index)));
            changed |= a.device.as_ref() != found;
            let Some(device) = found else {
                if a.device.take().is_some() {
                    log::warn!("{} is gone; its groups come back when a device of that name does", a.label());
                }
                a.forgotten = true;
                a.senders.clear();
                gone.push(a.ifindex);
                continue;
            };
            a.forgotten_v6 |= !device.ipv6;
            if a.forgotten || device.index != a.ifindex {
                log::info!("{} is back as index {}", a.label(), device.index);
                again.push(Again { from: a.ifindex, to: device.index, v6_only: false });
                a.ifindex = device.index;
                a.senders.clear();
            } else if a.forgotten_v6 && device.ipv6 {
                again.push(Again { from: a.ifindex, to: a.ifindex, v6_only: true });
            }
            a.forgotten = false;
            a.forgotten_v6 = !device.ipv6;
            // A sender has its source address from its first send on.
            if let Some(old) = &a.device {
                let usable = |d: &Device| -> Vec<_> {
                    d.v6.iter().filter(|(_, tentative)| !tentative).map(|(address, _)| *address).collect()
                };
                let (v4, v6) = (old.v4 == device.v4, usable(old) == usable(device));
                a.senders.retain(|sender| if sender.v6 { v6 } else { v4 });
            }
            a.name.clone_from(&device.name);
            a.device = Some(device.clone());
        }
        if self.follows_default {
            changed |= self.follow_default(devices, defaults);
        }
        if !changed && again.is_empty() {
            return;
        }
        self.note_gone(&gone);
        self.rejoin(&again);
        self.settle_all();
        self.note_sources(&before);
        self.forget_routes();
    }

    /// Notes that nothing is heard any more at devices that are gone. The groups wait there for them to come back.
    fn note_gone(&mut self, gone: &[u32]) {
        for state in self.groups.values() {
            let there = state.seated().filter(|m| gone.contains(&m.ifindex));
            self.happened.extend(there.map(|m| Happened::at(EventType::Leave, m, &state.name)));
        }
    }

    /// Takes over new default Interfaces. Loopback never replaces a real device that is only away for now.
    fn follow_default(&mut self, devices: &[Device], defaults: &[u32]) -> bool {
        let Ok(ids) = default_ids(self.core().config, devices, || Ok(defaults.to_vec())) else {
            return false;
        };
        let is_loopback = |index: u32| devices.iter().any(|d| d.index == index && d.loopback);
        let only_loopback =
            ids.iter().all(|&id| interfaces::decode(id).is_none_or(|(index, _)| is_loopback(index)));
        let mut now = self.ip_ids();
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
                attached.counters = was.counters.clone();
                attached.ttl = was.ttl;
                attached.senders = was.senders.iter().filter(|s| families_of(s, families)).cloned().collect();
            }
        }
        true
    }

    /// Joins anew where the kernel has forgotten.
    fn rejoin(&mut self, again: &[Again]) {
        if again.is_empty() {
            return;
        }
        again.iter().for_each(|a| self.seats.rescue_shared(a.from));
        for state in self.groups.values_mut() {
            for (endpoint, seat) in &mut state.endpoints {
                let old = endpoint.membership;
                let is_it = |a: &&Again| a.from == old.ifindex && (!a.v6_only || old.group.is_ipv6());
                let Some(ifindex) = again.iter().find(is_it).map(|a| a.to) else { continue };
                endpoint.membership.ifindex = ifindex;
                let was = seat.is_some();
                seat.take_if(|seat| !self.seats.rejoin(*seat, ifindex));
                if was && (seat.is_none() || old.ifindex != ifindex) {
                    self.happened.push(Happened::at(EventType::Leave, &old, &state.name));
                }
                if seat.is_some() {
                    self.happened.push(Happened::at(EventType::Join, &endpoint.membership, &state.name));
                }
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
}

/// An Interface whose memberships the kernel has forgotten.
struct Again {
    from: u32,
    to: u32,
    v6_only: bool,
}

fn families_of(sender: &Sender, families: Families) -> bool {
    if sender.v6 { families.v6() } else { families.v4() }
}

/// The configured default Interfaces, or else those that `routed` tells.
pub(super) fn default_ids(
    config: &Config,
    devices: &[Device],
    routed: impl FnOnce() -> Result<Vec<u32>>,
) -> Result<Vec<u32>> {
    if config.interfaces.is_empty() {
        return routed();
    }
    let index = |name: &String| {
        devices.iter().find(|d| d.name == *name).map(|d| d.index).ok_or_else(|| Error::System {
            errno: libc::ENODEV,
            doing: format!("the configured default Interface {name:?}"),
        })
    };
    config.interfaces.iter().map(index).collect()
}
