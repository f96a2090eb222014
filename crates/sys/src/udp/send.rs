//! Sending: one message, or a train of datagrams in one call.

use super::cmsg::{Control, Segment};
use socket2::SockAddr;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// How many datagrams one train has at most: the kernel's UDP_MAX_SEGMENTS (64 before Linux 6.9).
pub const TRAIN: usize = 64;

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
    control.put(&mut header, Segment(segment));
    // SAFETY: the header points to what lives until the call returns, and the kernel reads it only.
    let sent = unsafe { libc::syscall(libc::SYS_sendmsg, fd.as_raw_fd(), &raw const header, flags) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
