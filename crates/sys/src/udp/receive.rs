//! Reading: one message, whole or in two parts, or a train of datagrams.

use super::address_of;
use super::cmsg::{Control, TrainSegment, destination, get};
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// Where a message came from and went to, as far as it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The sender's address and port.
    pub from: SocketAddr,
    /// The destination address (with [`super::set_destination`]).
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
    /// The destination (the socket must have [`super::set_destination`]).
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
        control.lend(&mut header);
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

/// Reads one datagram, or a train of them (with [`super::set_trains`]), into `buf`, which must be long enough for any. Returns
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
    control.lend(&mut header);
    let flags = if dont_wait { libc::MSG_DONTWAIT } else { 0 };
    // SAFETY: the header points to buffers of this frame and, by `part`, of the caller.
    let len = length(unsafe { libc::syscall(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut header, flags) })?;
    let len = len.min(buf.len());
    let origin = Origin { from: address_of(&from), to: destination(&header) };
    let segment = get::<TrainSegment>(&header).and_then(|TrainSegment(size)| usize::try_from(size).ok());
    Ok((len, segment.filter(|segment| *segment > 0).unwrap_or(len), origin))
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

fn iovec(buf: &mut [MaybeUninit<u8>]) -> libc::iovec {
    libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() }
}
