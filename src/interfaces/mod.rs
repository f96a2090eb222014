//! The Interfaces of this host: the kernel's devices, their ids, and the default ones.
//!
//! Everything is asked of the kernel anew at each call (by rtnetlink); [`watch`] tells what changes meanwhile.

pub mod carriers;
pub mod id;
pub mod link;
pub mod watch;

pub use id::{Families, HAM_IPV4, HAM_IPV6, decode, encode};
pub use link::{Bridge, Querier, Route};
pub use watch::Change;

use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use sys::failure::Failure;
use sys::netlink;

/// A device of the kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The kernel's index.
    pub index: u32,
    /// The name, as `ip link` shows it.
    pub name: String,
    /// In bytes.
    pub mtu: u32,
    /// Set up by the administrator.
    pub up: bool,
    /// Up, and with a carrier.
    pub running: bool,
    /// The loopback device.
    pub loopback: bool,
    /// Multicast-capable by its own word (the loopback device carries multicast without saying so).
    pub multicast: bool,
    /// "bridge", "veth", …; a plain network card has none.
    pub kind: Option<String>,
    /// The bridge or bond that it belongs to.
    pub master: Option<u32>,
    /// Its IPv4 addresses.
    pub v4: Vec<Ipv4Addr>,
    /// Its IPv6 addresses; true while one is tentative, so that it cannot be a source.
    pub v6: Vec<(Ipv6Addr, bool)>,
    /// It has an IPv6 side: an MTU of at least 1280, and IPv6 is not disabled there.
    pub ipv6: bool,
    /// An active IPv4 multicast router of this host forwards here.
    pub forwards_v4: bool,
    /// An active IPv6 multicast router of this host forwards here.
    pub forwards_v6: bool,
    /// Only of a bridge.
    pub bridge: Option<Bridge>,
}

impl Device {
    /// The longest UDP payload, in bytes, that travels unfragmented by it over IPv4 or IPv6.
    pub fn datagram(&self, v6: bool) -> usize {
        // IP and UDP headers.
        let headers = if v6 { 40 + 8 } else { 20 + 8 };
        (self.mtu as usize).saturating_sub(headers).clamp(1, MAX_MESSAGE)
    }

    /// True when it carries multicast beyond this host.
    pub fn real(&self) -> bool {
        self.up && self.multicast && !self.loopback
    }

    /// The address that stands for this host here: of IPv6 the link-local one, where it is usable.
    pub fn address(&self, v4: bool) -> Option<IpAddr> {
        if v4 {
            return self.v4.first().map(|a| (*a).into());
        }
        let usable = || self.v6.iter().filter(|(_, tentative)| !tentative).map(|(a, _)| *a);
        let v6 = usable().find(Ipv6Addr::is_unicast_link_local).or_else(|| usable().next());
        v6.or(self.v6.first().map(|(a, _)| *a)).map(IpAddr::from)
    }

    /// True when `address` is its own.
    pub fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(a) => self.v4.contains(&a),
            IpAddr::V6(a) => self.v6.iter().any(|(own, _)| *own == a),
        }
    }
}

impl From<link::Link> for Device {
    fn from(link: link::Link) -> Device {
        let flag = |flag: i32| link.flags & flag as u32 != 0;
        Device {
            index: link.index,
            up: flag(libc::IFF_UP),
            running: flag(libc::IFF_UP) && flag(libc::IFF_RUNNING),
            loopback: flag(libc::IFF_LOOPBACK),
            multicast: flag(libc::IFF_MULTICAST),
            name: link.name,
            mtu: link.mtu,
            kind: link.kind,
            master: link.master,
            ipv6: link.ipv6,
            forwards_v4: link.forwards_v4,
            forwards_v6: link.forwards_v6,
            bridge: link.bridge,
            v4: Vec::new(),
            v6: Vec::new(),
        }
    }
}

/// Every device of the host, in the order of the kernel's indexes.
pub fn devices() -> Result<Vec<Device>> {
    let links = netlink::dump(libc::RTM_GETLINK, &link_request(0))?;
    let links = links.iter().filter(|m| m.kind == libc::RTM_NEWLINK);
    let mut devices: Vec<Device> = links.filter_map(|m| Some(link::link(&m.body)?.into())).collect();
    devices.sort_by_key(|d| d.index);
    devices.dedup_by_key(|d| d.index);
    add_addresses(&mut devices)?;
    Ok(devices)
}

/// The device with this index; `None` when there is none.
pub fn device(index: u32) -> Result<Option<Device>> {
    if index == 0 || index > i32::MAX as u32 {
        return Ok(None);
    }
    let message = match netlink::ask(libc::RTM_GETLINK, &link_request(index)) {
        Err(Failure { errno: libc::ENODEV, .. }) => return Ok(None),
        answer => answer.map_err(Error::from)?,
    };
    let Some(link) = message.and_then(|m| link::link(&m.body)) else {
        return Ok(None);
    };
    let mut devices = [Device::from(link)];
    add_addresses(&mut devices)?;
    let [device] = devices;
    Ok(Some(device))
}

/// The device of this name; `None` when there is none.
pub fn by_name(name: &str) -> Result<Option<Device>> {
    Ok(devices()?.into_iter().find(|d| d.name == name))
}

/// What an application can know of an Interface (RFC 7046 §4.3.1, `struct ifProp`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// The Interface id.
    pub id: u32,
    /// The device's name.
    pub name: String,
    /// Its first address of the id's families, IPv4 before IPv6; empty when it has none.
    pub address: String,
    /// "ip", "overlay" or "loopback".
    pub technology: &'static str,
    /// In bytes.
    pub mtu: u32,
}

/// The properties of the Interface `id`. A carrier has no address, and takes every message whole.
pub fn properties(id: u32) -> Result<Properties> {
    if let Some(carrier) = carriers::carrier(id) {
        let (name, technology) = (carrier.name().into(), carrier.technology());
        return Ok(Properties { id, name, address: String::new(), technology, mtu: MAX_MESSAGE as u32 });
    }
    let (device, families) = find(id)?;
    let v4 = device.v4.first().filter(|_| families.v4()).map(ToString::to_string);
    let v6 = || device.v6.first().filter(|_| families.v6()).map(|(a, _)| a.to_string());
    let address = v4.or_else(v6).unwrap_or_default();
    Ok(Properties { id, name: device.name, address, technology: "ip", mtu: device.mtu })
}

/// The device and families of the Interface `id`.
pub fn find(id: u32) -> Result<(Device, Families)> {
    let (index, families) = decode(id).ok_or(Error::NoSuchInterface(id))?;
    let device = device(index)?.ok_or(Error::NoSuchInterface(id))?;
    Ok((device, families))
}

/// The ids of every usable Interface of the host (RFC 7046 §4.3.1): each device that is up and multicast-capable,
/// the loopback device only when there is no other, and every carrier that is configured.
pub fn all() -> Result<Vec<u32>> {
    let devices = devices()?;
    let mut ids: Vec<u32> = devices.iter().filter(|d| d.real()).map(|d| d.index).collect();
    if ids.is_empty() {
        ids.extend(devices.iter().filter(|d| d.loopback).map(|d| d.index));
    }
    ids.extend(carriers::ids(|_| true)?);
    Ok(ids)
}

/// The ids of the Interfaces that a multicast socket has when its creator names none (RFC 7046 §4.4.1): in each
/// family the device that the kernel's multicast route picks, else the first real one, else loopback.
pub fn default_interfaces() -> Result<Vec<u32>> {
    let devices = devices()?;
    let routed = |group: IpAddr| -> Result<Option<u32>> { Ok(route_towards(group)?.map(|r| r.ifindex)) };
    let v4 = routed(Ipv4Addr::new(239, 192, 0, 1).into())?;
    let v6 = routed(Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0, 1).into())?;
    Ok(choose(&devices, v4, v6))
}

fn choose(devices: &[Device], v4: Option<u32>, v6: Option<u32>) -> Vec<u32> {
    let real = |index: Option<u32>| devices.iter().find(|d| Some(d.index) == index && d.real());
    let first = || devices.iter().find(|d| d.real());
    let v4 = real(v4).or_else(first);
    let with_v6 = real(v6).filter(|d| d.ipv6).or_else(|| devices.iter().find(|d| d.real() && d.ipv6));
    // Where no device has an IPv6 side, the family rides along on the first one, should it come.
    let v6 = with_v6.or(v4);
    match (v4, v6) {
        (Some(a), Some(b)) if a.index != b.index => {
            vec![encode(a.index, Families::V4), encode(b.index, Families::V6)]
        }
        (Some(a), _) | (_, Some(a)) => vec![a.index],
        (None, None) => devices.iter().filter(|d| d.loopback).map(|d| d.index).take(1).collect(),
    }
}

/// The way to `address`; `None` when the host has none, or is that address itself by way of loopback alone.
pub fn route_towards(address: IpAddr) -> Result<Option<Route>> {
    const RTA_DST: u16 = 1;
    let (family, bits) = if address.is_ipv4() { (libc::AF_INET, 32) } else { (libc::AF_INET6, 128) };
    let mut body = vec![0; 12];
    body[0] = family as u8;
    body[1] = bits;
    netlink::push_attribute(&mut body, RTA_DST, &netlink::octets(address));
    match netlink::ask(libc::RTM_GETROUTE, &body) {
        Ok(message) => Ok(message.and_then(|m| link::route(&m.body))),
        // Unreachable, prohibited, no route, no such family: there is no way, and that is the answer.
        Err(Failure { errno, .. })
            if [
                libc::ENETUNREACH,
                libc::EHOSTUNREACH,
                libc::EACCES,
                libc::EINVAL,
                libc::EAFNOSUPPORT,
                libc::EOPNOTSUPP,
                libc::ENODEV,
            ]
            .contains(&errno) =>
        {
            Ok(None)
        }
        Err(e) => Err(e.into()),
    }
}

/// The router towards `address` and the device; `None` when the address is on the link or nowhere.
pub fn route_gateway(address: IpAddr) -> Result<Option<(IpAddr, u32)>> {
    Ok(route_towards(address)?.and_then(|r| Some((r.gateway?, r.ifindex))))
}

fn link_request(index: u32) -> Vec<u8> {
    const IFLA_EXT_MASK: u16 = 29;
    const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
    let mut body = vec![0; 16];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    netlink::push_attribute(&mut body, IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    body
}

fn add_addresses(devices: &mut [Device]) -> Result<()> {
    for message in netlink::dump(libc::RTM_GETADDR, &[0; 8])? {
        let Some(read) = link::address(&message.body) else {
            continue;
        };
        let Some(device) = devices.iter_mut().find(|d| d.index == read.index) else {
            continue;
        };
        match read.address {
            IpAddr::V4(a) => device.v4.push(a),
            IpAddr::V6(a) => device.v6.push((a, read.tentative)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: u32, up: bool, multicast: bool, ipv6: bool) -> Device {
        Device { index, up, multicast, ipv6, loopback: index == 1, ..Device::default() }
    }

    #[test]
    fn the_routed_device_is_the_default_one() {
        let devices =
            [device(1, true, false, true), device(2, true, true, true), device(3, true, true, true)];
        assert_eq!(choose(&devices, Some(3), Some(3)), [3]);
        assert_eq!(choose(&devices, Some(3), Some(2)), [3 | HAM_IPV4, 2 | HAM_IPV6]);
        assert_eq!(choose(&devices, None, None), [2]);
        // A route to loopback is none.
        assert_eq!(choose(&devices, Some(1), Some(1)), [2]);
    }

    #[test]
    fn unusable_devices_are_passed_over() {
        let down = [device(1, true, false, true), device(2, false, true, true), device(3, true, false, true)];
        assert_eq!(choose(&down, Some(2), Some(3)), [1]);
        let v4_only = [device(1, true, false, true), device(2, true, true, false)];
        assert_eq!(choose(&v4_only, Some(2), None), [2]);
        let mixed = [device(1, true, false, true), device(2, true, true, false), device(3, true, true, true)];
        assert_eq!(choose(&mixed, Some(2), Some(2)), [2 | HAM_IPV4, 3 | HAM_IPV6]);
        assert_eq!(choose(&[], None, None), [] as [u32; 0]);
    }

    #[test]
    fn loopback_is_there() {
        let lo = by_name("lo").unwrap().unwrap();
        assert!(lo.loopback && !lo.real());
        assert_eq!(super::device(lo.index).unwrap().unwrap(), lo);
        assert_eq!(super::device(0x7fff_fff0).unwrap(), None);
        assert_eq!(super::device(u32::MAX).unwrap(), None);
        assert!(!default_interfaces().unwrap().is_empty());
    }
}
