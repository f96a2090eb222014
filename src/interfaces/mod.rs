//! The Interfaces of this host: the ids of the kernel's devices and of carriers, and the default ones.
//!
//! Everything is asked of the kernel anew at each call.

pub mod carriers;
pub mod id;

pub use id::{Families, HAM_IPV4, HAM_IPV6, decode, encode};

use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use watch::{Device, device, devices, route_towards};

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
    if let Some(carrier) = carriers::carrier(id)? {
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
    let mut ids: Vec<u32> = watch::usable(&devices).map(|d| d.index).collect();
    ids.extend(carriers::ids(|_| true)?);
    Ok(ids)
}

/// The ids of the Interfaces that a multicast socket has when its creator names none (RFC 7046 §4.4.1): in each
/// family the device that the kernel's multicast route picks, else the first real one, else loopback.
pub fn default_interfaces() -> Result<Vec<u32>> {
    default_among(&devices()?)
}

/// The same, where the host's devices are known.
pub fn default_among(devices: &[Device]) -> Result<Vec<u32>> {
    let routed = |group: IpAddr| -> Result<Option<u32>> { Ok(route_towards(group)?.map(|r| r.ifindex)) };
    let v4 = routed(Ipv4Addr::new(239, 192, 0, 1).into())?;
    let v6 = routed(Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0, 1).into())?;
    Ok(choose(devices, v4, v6))
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
}
