//! The Interfaces of a multicast socket: associated by the application, or the default ones; and what becomes of them
//! when the host's devices change.

use super::{Attached, Control, Place, State};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::interfaces::{self, Device, Families};
use crate::socket::{MAX_MESSAGE, MulticastSocket};
use crate::sys::udp::{self, Membership};
use crate::technology::ip::{Hears, Sender};
use std::sync::atomic::{AtomicU32, Ordering};

impl Control {
    pub(super) fn attach(&mut self, id: u32, devices: &[Device]) -> Result<()> {
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
    pub(super) fn find(&self, id: u32) -> Result<usize> {
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

    /// Brings the socket in line with the host's devices as they are now.
    pub(super) fn reconcile(&mut self, socket: &MulticastSocket, devices: &[Device]) {
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
    pub(super) fn follow_default(&mut self, config: &Config, devices: &[Device]) -> bool {
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
    pub(super) fn rejoin(&mut self, socket: &MulticastSocket, moved: &[(u32, u32)], revived: &[u32]) {
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
    pub(super) fn move_place(
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

fn families_of(sender: &Sender, families: Families) -> bool {
    if sender.v6 { families.v6() } else { families.v4() }
}

pub(super) fn default_ids(config: &Config, devices: &[Device]) -> Result<Vec<u32>> {
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
