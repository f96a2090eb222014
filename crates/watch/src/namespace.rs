//! Questions about a network namespace, each asked of the kernel anew.

use crate::device::Device;
use crate::link::{self, Address, Link, NextHop};
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};
use sys::failure::{Failure, Result};
use sys::netlink::{self, Message, Questions};
use sys::{fork, namespace};

/// A network namespace that is asked. Safe from any thread; questions to one that was [opened](Namespace::open) go one after
/// the other.
pub struct Namespace(Option<Opened>);

/// A socket that belongs to the namespace for life.
struct Opened {
    questions: Mutex<Questions>,
    generation: u32,
}

/// The process has forked since: what the parent's threads had in hand is not to be touched.
pub(crate) fn check_generation(generation: u32, what: &str) -> Result<()> {
    if generation == fork::generation() {
        return Ok(());
    }
    let doing = format!("{what} is the parent's: a forked child opens its own");
    Err(Failure { errno: libc::ESTALE, doing })
}

impl Namespace {
    /// That of whichever thread asks. It costs nothing, and a socket for each question.
    pub const fn calling() -> Namespace {
        Namespace(None)
    }

    /// That of the calling thread, whatever thread asks later, and wherever that is then. In a forked child its questions
    /// fail with ESTALE.
    pub fn open() -> Result<Namespace> {
        Ok(Namespace::of(Questions::open()?))
    }

    /// The one that a descriptor stands for (`/proc/PID/ns/net`, `/run/netns/NAME`), which is not needed any more afterwards.
    /// The caller stays where it is. EPERM without CAP_SYS_ADMIN in both, EINVAL for another kind of descriptor; else like
    /// [`Namespace::open`].
    pub fn open_in(namespace: BorrowedFd) -> Result<Namespace> {
        Ok(Namespace::of(within(namespace, Questions::open)?))
    }

    pub(crate) fn of(questions: Questions) -> Namespace {
        Namespace(Some(Opened { questions: Mutex::new(questions), generation: fork::generation() }))
    }

    /// Every device, in the order of the kernel's indexes.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let mut devices: Vec<Device> = self.links()?.into_iter().map(Device::from).collect();
        devices.sort_by_key(|d| d.index);
        devices.dedup_by_key(|d| d.index);
        self.add_addresses(&mut devices)?;
        Ok(devices)
    }

    /// The device with this index; `None` when there is none.
    pub fn device(&self, index: u32) -> Result<Option<Device>> {
        if index == 0 || index > i32::MAX as u32 {
            return Ok(None);
        }
        let message = match self.ask(libc::RTM_GETLINK, &link_request(index)) {
            Err(Failure { errno: libc::ENODEV, .. }) => return Ok(None),
            answer => answer?,
        };
        let Some(link) = message.and_then(|m| link::link(&m.body)) else {
            return Ok(None);
        };
        let mut devices = [Device::from(link)];
        self.add_addresses(&mut devices)?;
        let [device] = devices;
        Ok(Some(device))
    }

    /// The device of this name; `None` when there is none.
    pub fn by_name(&self, name: &str) -> Result<Option<Device>> {
        Ok(self.devices()?.into_iter().find(|d| d.name == name))
    }

    /// Where what is sent to `address` goes next; `None` when it goes nowhere.
    pub fn route_towards(&self, address: IpAddr) -> Result<Option<NextHop>> {
        const RTA_DST: u16 = 1;
        let (family, bits) = if address.is_ipv4() { (libc::AF_INET, 32) } else { (libc::AF_INET6, 128) };
        let mut body = vec![0; 12];
        body[0] = family as u8;
        body[1] = bits;
        netlink::push_attribute(&mut body, RTA_DST, &netlink::octets(address));
        match self.ask(libc::RTM_GETROUTE, &body) {
            Ok(message) => Ok(message.and_then(|m| link::next_hop(&m.body))),
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
            Err(e) => Err(e),
        }
    }

    /// The router towards `address` and the device; `None` when the address is on the link or nowhere.
    pub fn route_gateway(&self, address: IpAddr) -> Result<Option<(IpAddr, u32)>> {
        Ok(self.route_towards(address)?.and_then(|hop| Some((hop.gateway?, hop.ifindex))))
    }

    pub(crate) fn links(&self) -> Result<Vec<Link>> {
        let messages = self.dump(libc::RTM_GETLINK, &link_request(0))?;
        let links = messages.iter().filter(|m| m.kind == libc::RTM_NEWLINK);
        Ok(links.filter_map(|m| link::link(&m.body)).collect())
    }

    pub(crate) fn addresses(&self) -> Result<Vec<Address>> {
        let messages = self.dump(libc::RTM_GETADDR, &[0; 8])?;
        Ok(messages.iter().filter_map(|m| link::address(&m.body)).collect())
    }

    fn add_addresses(&self, devices: &mut [Device]) -> Result<()> {
        for address in self.addresses()? {
            if let Some(device) = devices.iter_mut().find(|d| d.index == address.index) {
                device.add(&address);
            }
        }
        Ok(())
    }

    fn dump(&self, kind: u16, body: &[u8]) -> Result<Vec<Message>> {
        self.question(|| netlink::dump(kind, body), |questions| questions.dump(kind, body))
    }

    fn ask(&self, kind: u16, body: &[u8]) -> Result<Option<Message>> {
        self.question(|| netlink::ask(kind, body), |questions| questions.ask(kind, body))
    }

    fn question<T>(
        &self,
        here: impl FnOnce() -> Result<T>,
        there: impl FnOnce(&mut Questions) -> Result<T>,
    ) -> Result<T> {
        let Some(opened) = &self.0 else { return here() };
        check_generation(opened.generation, "the network namespace's socket")?;
        there(&mut opened.questions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Opens something in another namespace.
pub(crate) fn within<T: Send + 'static>(
    namespace: BorrowedFd,
    open: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    namespace::within(namespace, open).map_err(|e| Failure::from_io(&e, "entering a network namespace"))?
}

fn link_request(index: u32) -> Vec<u8> {
    const IFLA_EXT_MASK: u16 = 29;
    const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
    let mut body = vec![0; 16];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    netlink::push_attribute(&mut body, IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    body
}

/// [`Namespace::devices`] of the calling thread's namespace.
pub fn devices() -> Result<Vec<Device>> {
    Namespace::calling().devices()
}

/// [`Namespace::device`] of the calling thread's namespace.
pub fn device(index: u32) -> Result<Option<Device>> {
    Namespace::calling().device(index)
}

/// [`Namespace::by_name`] of the calling thread's namespace.
pub fn by_name(name: &str) -> Result<Option<Device>> {
    Namespace::calling().by_name(name)
}

/// [`Namespace::route_towards`] of the calling thread's namespace.
pub fn route_towards(address: IpAddr) -> Result<Option<NextHop>> {
    Namespace::calling().route_towards(address)
}

/// [`Namespace::route_gateway`] of the calling thread's namespace.
pub fn route_gateway(address: IpAddr) -> Result<Option<(IpAddr, u32)>> {
    Namespace::calling().route_gateway(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_there() {
        for namespace in [Namespace::calling(), Namespace::open().unwrap()] {
            let lo = namespace.by_name("lo").unwrap().unwrap();
            assert!(lo.loopback && !lo.real());
            assert_eq!(namespace.device(lo.index).unwrap().unwrap(), lo);
            assert_eq!(namespace.device(0x7fff_fff0).unwrap(), None);
            assert_eq!(namespace.device(u32::MAX).unwrap(), None);
        }
    }
}
