//! What is set at a socket, or asked of it.

use super::socket_address;
use crate::check;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

// linux/in6.h; not in the libc crate.
const IPV6_MULTICAST_ALL: libc::c_int = 29;

/// A new close-on-exec UDP socket of the family of `address`.
pub fn socket(address: IpAddr) -> io::Result<OwnedFd> {
    let domain = Domain::for_address(SocketAddr::new(address, 0));
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket.into())
}

/// Binds to `address` and `port`; other sockets may share them. `ifindex` is used where the address needs a scope.
pub fn bind_shared(fd: &OwnedFd, address: IpAddr, port: u16, ifindex: u32) -> io::Result<()> {
    let socket = socket2::SockRef::from(fd);
    socket.set_reuse_address(true)?;
    socket.bind(&socket_address(address, port, ifindex))
}

/// Makes `to` the destination of what is sent without one.
pub fn connect(fd: &OwnedFd, to: &SockAddr) -> io::Result<()> {
    socket2::SockRef::from(fd).connect(to)
}

fn set_int(fd: &OwnedFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    set(fd, level, name, &value)
}

pub(super) fn set<T: Copy>(fd: &OwnedFd, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: `value` is a live T and the length is its size.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            ptr::from_ref(value).cast(),
            mem::size_of::<T>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// Whether groups that only others joined are heard too (the kernel's default is yes).
pub fn set_hear_all(fd: &OwnedFd, v6: bool, on: bool) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, IPV6_MULTICAST_ALL, on.into())
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, on.into())
    }
}

/// Asks for the destination address of every message. (Packet info would tell the device too, but costs the kernel a
/// route look-up for each message.)
pub fn set_destination(fd: &OwnedFd, v6: bool) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVORIGDSTADDR, 1)
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_RECVORIGDSTADDR, 1)
    }
}

/// Hears only what comes in by this device. Free to everyone since Linux 5.7, once for each socket.
pub fn bind_device(fd: &OwnedFd, ifindex: u32) -> io::Result<()> {
    // linux/asm-generic/socket.h; the libc crate lacks it on some targets.
    const SO_BINDTOIFINDEX: libc::c_int = 62;
    set(fd, libc::SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex)
}

/// Sends by the device `ifindex`; `source` is IPv4's source address where the device alone would not give one.
pub fn set_interface(fd: &OwnedFd, v6: bool, ifindex: u32, source: Option<Ipv4Addr>) -> io::Result<()> {
    if v6 {
        return set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, ifindex as libc::c_int);
    }
    let request = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: 0 },
        imr_address: libc::in_addr { s_addr: u32::from(source.unwrap_or(Ipv4Addr::UNSPECIFIED)).to_be() },
        imr_ifindex: ifindex as libc::c_int,
    };
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)
}

/// The hop limit of what is sent to groups.
pub fn set_ttl(fd: &OwnedFd, v6: bool, ttl: u8) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS, ttl.into())
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_TTL, ttl.into())
    }
}

/// Whether this host's own listeners hear what is sent.
pub fn set_loopback(fd: &OwnedFd, v6: bool, on: bool) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, on.into())
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, on.into())
    }
}

/// Makes a full device queue an error (ENOBUFS) instead of a silent loss, and lets routers fragment: with DF set,
/// a multicast datagram above a later link's MTU vanishes without a word.
pub fn set_sender_honesty(fd: &OwnedFd, v6: bool) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1)
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_RECVERR, 1)?;
        set_int(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT)
    }
}

/// Sets a buffer size, beyond the system's limit where the process may. Returns the size that is in force.
pub fn set_buffer(fd: &OwnedFd, receive: bool, bytes: usize) -> io::Result<usize> {
    let (force, plain) = if receive {
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF)
    } else {
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)
    };
    let value = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX) / 2 * 2;
    if set_int(fd, libc::SOL_SOCKET, force, value).is_err() {
        set_int(fd, libc::SOL_SOCKET, plain, value)?;
    }
    let socket = socket2::SockRef::from(fd);
    // The kernel doubles what is asked for, for its own bookkeeping.
    let doubled = if receive { socket.recv_buffer_size()? } else { socket.send_buffer_size()? };
    Ok(doubled / 2)
}

/// Bounds how long one blocking read may sleep.
pub fn set_read_timeout(fd: &OwnedFd, timeout: Duration) -> io::Result<()> {
    socket2::SockRef::from(fd).set_read_timeout(Some(timeout))
}

/// Binds to a unicast source address.
pub fn bind_source(fd: &OwnedFd, source: IpAddr, ifindex: u32) -> io::Result<()> {
    socket2::SockRef::from(fd).bind(&socket_address(source, 0, ifindex))
}

/// Lets the kernel put datagrams that came as a train into one read (UDP_GRO, since Linux 5.0). Older kernels go without.
pub fn set_trains(fd: &OwnedFd) {
    let _ = set_int(fd, libc::SOL_UDP, libc::UDP_GRO, 1);
}

/// How many messages the kernel dropped at this socket so far (modulo 2^32).
pub fn drops(fd: &OwnedFd) -> io::Result<u32> {
    const SK_MEMINFO_VARS: usize = 9;
    const SK_MEMINFO_DROPS: usize = 8;
    const SO_MEMINFO: libc::c_int = 55;
    let mut values = [0u32; SK_MEMINFO_VARS];
    let mut len = mem::size_of_val(&values) as libc::socklen_t;
    // SAFETY: the buffer and its length match.
    check(unsafe {
        libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, SO_MEMINFO, values.as_mut_ptr().cast(), &mut len)
    })?;
    Ok(values[SK_MEMINFO_DROPS])
}
