//! Memberships (RFC 3678): by interface index, for any family.

use super::options::set;
use socket2::SockAddr;
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::ptr;

/// A membership: the Group Address, the device, and the source where it is source-specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The Group Address.
    pub group: IpAddr,
    /// The one source that is heard, of the same family as the group.
    pub source: Option<IpAddr>,
    /// The kernel's index of the device.
    pub ifindex: u32,
}

/// Joins (RFC 3678: by interface index, any family).
pub fn join(fd: &OwnedFd, membership: &Membership) -> io::Result<()> {
    membership_option(fd, membership, libc::MCAST_JOIN_GROUP, libc::MCAST_JOIN_SOURCE_GROUP)
}

/// Leaves. A membership on a device that is gone is given up too.
pub fn leave(fd: &OwnedFd, membership: &Membership) -> io::Result<()> {
    match membership_option(fd, membership, libc::MCAST_LEAVE_GROUP, libc::MCAST_LEAVE_SOURCE_GROUP) {
        // Of a device that is gone the kernel gives up whole groups only.
        Err(e) if membership.source.is_some() && e.raw_os_error() == Some(libc::ENODEV) => {
            leave(fd, &Membership { source: None, ..*membership })
        }
        result => result,
    }
}

fn membership_option(
    fd: &OwnedFd,
    m: &Membership,
    any: libc::c_int,
    specific: libc::c_int,
) -> io::Result<()> {
    let level = if m.group.is_ipv6() { libc::IPPROTO_IPV6 } else { libc::IPPROTO_IP };
    match m.source {
        None => {
            let request = GroupReq { interface: m.ifindex, group: storage(m.group) };
            set(fd, level, any, &request)
        }
        Some(source) => {
            let request =
                GroupSourceReq { interface: m.ifindex, group: storage(m.group), source: storage(source) };
            set(fd, level, specific, &request)
        }
    }
}

// struct group_req and group_source_req (RFC 3678 §5); the libc crate has neither.
#[repr(C)]
#[derive(Clone, Copy)]
struct GroupReq {
    interface: u32,
    group: libc::sockaddr_storage,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct GroupSourceReq {
    interface: u32,
    group: libc::sockaddr_storage,
    source: libc::sockaddr_storage,
}

fn storage(address: IpAddr) -> libc::sockaddr_storage {
    let address = SockAddr::from(SocketAddr::new(address, 0));
    // SAFETY: all-zero bytes are a valid sockaddr_storage, and `address` is at most that long.
    unsafe {
        let mut storage: libc::sockaddr_storage = mem::zeroed();
        ptr::copy_nonoverlapping(
            address.as_ptr().cast::<u8>(),
            ptr::from_mut(&mut storage).cast::<u8>(),
            address.len() as usize,
        );
        storage
    }
}
