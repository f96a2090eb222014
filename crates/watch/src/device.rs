//! A device as an application needs to know it: the link and its addresses.

use crate::link::{Address, Bridge, Link};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest UDP payload that IPv4 can carry, in bytes: 65,535 without the headers of IPv4 and UDP. (IPv6 could carry 20
/// bytes more; what goes by both is no longer than this.)
pub const MAX_DATAGRAM: usize = 65_507;

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
        (self.mtu as usize).saturating_sub(headers).clamp(1, MAX_DATAGRAM)
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

impl From<Link> for Device {
    fn from(link: Link) -> Device {
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

impl Device {
    /// Takes in one of its addresses.
    pub(crate) fn add(&mut self, read: &Address) {
        match read.address {
            IpAddr::V4(address) => self.v4.push(address),
            IpAddr::V6(address) => self.v6.push((address, read.tentative)),
        }
    }
}

/// Those of a host's devices that carry multicast: each [`real`](Device::real) one; the loopback device only when there is
/// no other.
pub fn usable(devices: &[Device]) -> impl Iterator<Item = &Device> {
    let alone = !devices.iter().any(Device::real);
    devices.iter().filter(move |d| d.real() || (alone && d.loopback))
}
