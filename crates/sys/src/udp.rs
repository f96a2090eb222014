//! UDP sockets for multicast: options, memberships, one message or many at a time.
//!
//! Messages go through `syscall` and not through libc's `sendto` and `recvmsg`: those are cancellation points, which in
//! a process of several threads costs each call 50 ns, and a thread must not be cancelled in the middle of this library.

#![allow(unsafe_code)]

use super::check;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

// linux/in6.h; not in the libc crate.
const IPV6_MULTICAST_ALL: libc::c_int = 29;

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

fn set_int(fd: &OwnedFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    set(fd, level, name, &value)
}

fn set<T: Copy>(fd: &OwnedFd, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
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

/// Sends one message, to where the socket is connected when `to` is `None`. `dont_wait` makes a full send buffer an
/// error (EAGAIN).
#[inline]
pub fn send_to(fd: &OwnedFd, message: &[u8], to: Option<&SockAddr>, dont_wait: bool) -> io::Result<()> {
    let flags = libc::MSG_NOSIGNAL | if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    let (address, len) = to.map_or((ptr::null(), 0), |to| (to.as_ptr(), to.len()));
    // SAFETY: message and address are live for the call and their lengths are theirs.
    let sent = unsafe {
        libc::syscall(libc::SYS_sendto, fd.as_raw_fd(), message.as_ptr(), message.len(), flags, address, len)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends datagrams of `segment` bytes each (the last one may be shorter) in one call: the kernel, or the device, cuts
/// `bytes` into them (UDP_SEGMENT, since Linux 4.18).
pub fn send_train(
    fd: &OwnedFd,
    bytes: &[u8],
    segment: u16,
    to: Option<&SockAddr>,
    dont_wait: bool,
) -> io::Result<()> {
    let flags = libc::MSG_NOSIGNAL | if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = Control::new();
    // SAFETY: all-zero bytes are a valid msghdr.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    if let Some(to) = to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
    }
    header.msg_iov = &mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = mem::size_of::<Control>() as _;
    // SAFETY: the control buffer is aligned and longer than the one message written here; the header points to what
    // lives until the call returns, and the kernel reads it only.
    let sent = unsafe {
        let message = libc::CMSG_FIRSTHDR(&header);
        (*message).cmsg_level = libc::SOL_UDP;
        (*message).cmsg_type = libc::UDP_SEGMENT;
        (*message).cmsg_len = libc::CMSG_LEN(mem::size_of::<u16>() as u32) as _;
        libc::CMSG_DATA(message).cast::<u16>().write_unaligned(segment);
        header.msg_controllen = libc::CMSG_SPACE(mem::size_of::<u16>() as u32) as _;
        libc::syscall(libc::SYS_sendmsg, fd.as_raw_fd(), &raw const header, flags)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How many datagrams one train has at most: the kernel's UDP_MAX_SEGMENTS (64 before Linux 6.9).
pub const TRAIN: usize = 64;

/// Waits until the socket takes something to send, at most `timeout`.
pub fn wait_writable(fd: &OwnedFd, timeout: Duration) -> io::Result<bool> {
    wait(&[fd.as_raw_fd()], libc::POLLOUT, timeout)
}

/// Makes `to` the destination of what is sent without one.
pub fn connect(fd: &OwnedFd, to: &SockAddr) -> io::Result<()> {
    socket2::SockRef::from(fd).connect(to)
}

/// Where a message came from and went to, as far as it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The sender's address and port.
    pub from: SocketAddr,
    /// The destination address (with [`set_destination`]).
    pub to: Option<IpAddr>,
}

impl Origin {
    /// To be filled in.
    pub fn unknown() -> Origin {
        Origin { from: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0), to: None }
    }
}

/// What is asked of a message besides its bytes: each costs the kernel a look at the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The sender.
    pub from: bool,
    /// The destination (the socket must have [`set_destination`]).
    pub to: bool,
}

/// Reads one message: into `buf`, and what does not fit into `rest`. Returns the two parts and what was asked for.
#[inline]
pub fn receive<'a>(
    fd: &OwnedFd,
    buf: &'a mut [MaybeUninit<u8>],
    rest: &'a mut [MaybeUninit<u8>],
    dont_wait: bool,
    asked: Asked,
) -> io::Result<(&'a [u8], &'a [u8], Origin)> {
    let mut parts = [iovec(buf), iovec(rest)];
    // SAFETY: all-zero bytes are a valid msghdr and a valid sockaddr_storage.
    let (mut header, mut from): (libc::msghdr, libc::sockaddr_storage) = unsafe { mem::zeroed() };
    let mut control = Control::new();
    header.msg_iov = parts.as_mut_ptr();
    header.msg_iovlen = if rest.is_empty() { 1 } else { 2 };
    if asked.from {
        header.msg_name = ptr::from_mut(&mut from).cast();
        header.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    }
    if asked.to {
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = mem::size_of::<Control>() as _;
    }
    let flags = if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    // SAFETY: the header points to buffers of this frame and, by `parts`, of the caller.
    let len = length(unsafe { libc::syscall(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut header, flags) })?;
    let origin = Origin { from: address_of(&from), to: destination(&header) };
    let head = len.min(buf.len());
    let tail = (len - head).min(rest.len());
    // SAFETY: the kernel wrote `len` bytes, first to `buf`, then to `rest`.
    unsafe { Ok((written(buf, head), written(rest, tail), origin)) }
}

/// Reads one message into `buf`, which must be long enough for any: the cheapest read there is, for short messages a
/// sixth below `recvmsg` with two buffers.
#[inline]
pub fn receive_whole<'a>(
    fd: &OwnedFd,
    buf: &'a mut [MaybeUninit<u8>],
    dont_wait: bool,
    asked: Asked,
) -> io::Result<(&'a [u8], Origin)> {
    if asked.from || asked.to {
        return receive(fd, buf, &mut [], dont_wait, asked).map(|(message, _, origin)| (message, origin));
    }
    let flags = if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    let none = ptr::null_mut::<libc::c_void>();
    // SAFETY: the buffer is live for the call and the length is its own; no address is asked for.
    let len = length(unsafe {
        libc::syscall(libc::SYS_recvfrom, fd.as_raw_fd(), buf.as_mut_ptr(), buf.len(), flags, none, none)
    })?;
    // SAFETY: the kernel wrote `len` bytes.
    unsafe { Ok((written(buf, len), Origin::unknown())) }
}

/// Lets the kernel put datagrams that came as a train into one read (UDP_GRO, since Linux 5.0). Older kernels go without.
pub fn set_trains(fd: &OwnedFd) {
    let _ = set_int(fd, libc::SOL_UDP, libc::UDP_GRO, 1);
}

/// Reads one datagram, or a train of them (with [`set_trains`]), into `buf`, which must be long enough for any. Returns
/// the length, the length of each datagram but the last, and what was asked for.
#[inline]
pub fn receive_train(
    fd: &OwnedFd,
    buf: &mut [u8],
    dont_wait: bool,
    asked: Asked,
) -> io::Result<(usize, usize, Origin)> {
    let mut part = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: all-zero bytes are a valid msghdr and a valid sockaddr_storage.
    let (mut header, mut from): (libc::msghdr, libc::sockaddr_storage) = unsafe { mem::zeroed() };
    let mut control = Control::new();
    header.msg_iov = &mut part;
    header.msg_iovlen = 1;
    if asked.from {
        header.msg_name = ptr::from_mut(&mut from).cast();
        header.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    }
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = mem::size_of::<Control>() as _;
    let flags = if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    // SAFETY: the header points to buffers of this frame and, by `part`, of the caller.
    let len = length(unsafe { libc::syscall(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut header, flags) })?;
    let len = len.min(buf.len());
    let origin = Origin { from: address_of(&from), to: destination(&header) };
    Ok((len, segment(&header).filter(|segment| *segment > 0).unwrap_or(len), origin))
}

/// # Safety
/// The first `len` bytes of `buf` are initialised.
unsafe fn written(buf: &[MaybeUninit<u8>], len: usize) -> &[u8] {
    // SAFETY: as the caller promises; `len` is within `buf` by the slice.
    unsafe { std::slice::from_raw_parts(buf[..len].as_ptr().cast::<u8>(), len) }
}

/// Copies `from` to `to`, which has the same length.
pub fn copy(from: &[u8], to: &mut [MaybeUninit<u8>]) {
    assert_eq!(from.len(), to.len());
    // SAFETY: the lengths are equal, and a mutable slice overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr().cast::<u8>(), from.len()) };
}

fn length(result: libc::c_long) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

pub(super) fn iovec(buf: &mut [MaybeUninit<u8>]) -> libc::iovec {
    libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() }
}

/// Room for a control message with an address of either family (`CMSG_SPACE` of the larger is 48) and one with a number
/// (24), aligned for them.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct Control([u8; 72]);

impl Control {
    pub(super) const fn new() -> Control {
        Control([0; 72])
    }
}

pub(super) fn address_of(storage: &libc::sockaddr_storage) -> SocketAddr {
    let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    // SAFETY: both types are plain bytes of the same size (socket2 builds its own on the system's type).
    let raw: SockAddrStorage = unsafe { mem::transmute_copy(storage) };
    // SAFETY: the family field, read by `as_socket`, says which part is initialised; the rest is zero.
    let address = unsafe { SockAddr::new(raw, mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t) };
    address.as_socket().unwrap_or(unknown)
}

pub(super) fn destination(header: &libc::msghdr) -> Option<IpAddr> {
    let v4 = control_data::<libc::sockaddr_in>(header, libc::IPPROTO_IP, libc::IP_ORIGDSTADDR);
    if let Some(to) = v4 {
        return Some(Ipv4Addr::from(u32::from_be(to.sin_addr.s_addr)).into());
    }
    let v6 = control_data::<libc::sockaddr_in6>(header, libc::IPPROTO_IPV6, libc::IPV6_ORIGDSTADDR);
    v6.map(|to| IpAddr::from(to.sin6_addr.s6_addr))
}

fn segment(header: &libc::msghdr) -> Option<usize> {
    let size = control_data::<libc::c_int>(header, libc::SOL_UDP, libc::UDP_GRO)?;
    usize::try_from(size).ok()
}

/// The data of the first control message of one kind. `T` is a plain C type.
#[inline]
fn control_data<T: Copy>(header: &libc::msghdr, level: libc::c_int, kind: libc::c_int) -> Option<T> {
    // SAFETY: the kernel filled in msg_control up to msg_controllen; the macros stay within it, and the data is read
    // unaligned and only when it is long enough.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            let long_enough =
                (*message).cmsg_len as usize >= libc::CMSG_LEN(mem::size_of::<T>() as u32) as usize;
            if ((*message).cmsg_level, (*message).cmsg_type) == (level, kind) && long_enough {
                return Some(libc::CMSG_DATA(message).cast::<T>().read_unaligned());
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    None
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

/// Wakes every thread that sleeps in a read on this socket, for good.
pub fn shut(fd: &OwnedFd) {
    // ENOTCONN is what an unconnected socket answers after it has woken its readers.
    let _ = socket2::SockRef::from(fd).shutdown(std::net::Shutdown::Both);
}

/// The port that a socket sends from; 0 before it has one.
pub fn port(fd: &OwnedFd) -> io::Result<u16> {
    let address = socket2::SockRef::from(fd).local_addr()?;
    Ok(address.as_socket().map_or(0, |address| address.port()))
}

/// Whether the socket was shut, here or in another process that has it too.
pub fn is_shut(fd: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
    // SAFETY: one live pollfd.
    let ready = unsafe { libc::poll(&mut poll, 1, 0) };
    ready > 0 && poll.revents & (libc::POLLRDHUP | libc::POLLHUP) != 0
}

/// Waits until one of `fds` is readable, at most `timeout`. False when the time is over.
pub fn wait_readable(fds: &[RawFd], timeout: Duration) -> io::Result<bool> {
    wait(fds, libc::POLLIN, timeout)
}

fn wait(fds: &[RawFd], events: libc::c_short, timeout: Duration) -> io::Result<bool> {
    let mut list: Vec<libc::pollfd> = fds.iter().map(|&fd| libc::pollfd { fd, events, revents: 0 }).collect();
    let mut timeout =
        libc::timespec { tv_sec: timeout.as_secs() as libc::time_t, tv_nsec: timeout.subsec_nanos() as _ };
    // SAFETY: the list and its length match, the time is live for the call, and there is no signal mask.
    let ready = unsafe {
        libc::syscall(
            libc::SYS_ppoll,
            list.as_mut_ptr(),
            list.len(),
            &raw mut timeout,
            std::ptr::null::<libc::sigset_t>(),
            0usize,
        )
    };
    let ready = check(ready as libc::c_int)?;
    Ok(ready > 0)
}
