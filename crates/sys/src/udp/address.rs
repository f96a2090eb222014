//! Addresses as the kernel has them.

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::OwnedFd;

/// The socket address of a Group Address; a scope id is set only where IPv6 needs one.
pub fn socket_address(address: IpAddr, port: u16, ifindex: u32) -> SockAddr {
    match address {
        IpAddr::V4(v4) => SocketAddrV4::new(v4, port).into(),
        IpAddr::V6(v6) => {
            let scope = if needs_scope(address) { ifindex } else { 0 };
            SocketAddrV6::new(v6, port, 0, scope).into()
        }
    }
}

/// True for the IPv6 addresses that mean something on one link only (RFC 4291 §2.7: scopes 1 and 2).
fn needs_scope(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => {
            let o = v6.octets();
            (o[0] == 0xff && matches!(o[1] & 0x0f, 1 | 2)) || (o[0] == 0xfe && o[1] & 0xc0 == 0x80)
        }
    }
}

/// The port that a socket sends from; 0 before it has one.
pub fn port(fd: &OwnedFd) -> io::Result<u16> {
    let address = socket2::SockRef::from(fd).local_addr()?;
    Ok(address.as_socket().map_or(0, |address| address.port()))
}

pub(crate) fn address_of(storage: &libc::sockaddr_storage) -> SocketAddr {
    let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    // SAFETY: both types are plain bytes of the same size (socket2 builds its own on the system's type).
    let raw: SockAddrStorage = unsafe { mem::transmute_copy(storage) };
    // SAFETY: the family field, read by `as_socket`, says which part is initialised; the rest is zero.
    let address = unsafe { SockAddr::new(raw, mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t) };
    address.as_socket().unwrap_or(unknown)
}
