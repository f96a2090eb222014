//! Packet sockets that hear on the links of this host what a filter passes, and nothing else.
//!
//! The kernel's filter (classic BPF) keeps all other packets out. A socket for one protocol costs what is sent nothing;
//! one for everything at a device hears what its bridge takes away, and what this host itself sends there. None listens at
//! all devices, so that loopback costs nothing either.

#![allow(unsafe_code)]

use crate::check;
use libc::sock_filter;
use std::io;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};

/// What a [`Capture`] hears, at the device with this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// IPv4 that comes in.
    V4(u32),
    /// IPv6 that comes in.
    V6(u32),
    /// Everything, also what goes out, and what its bridge takes.
    All(u32),
}

/// A packet socket.
pub struct Capture(ManuallyDrop<OwnedFd>);

/// At most this many captures are open.
pub const MOST: usize = 1024;

// Which ones, so that a forked child can close its copies without a lock.
static OPEN: [AtomicI32; MOST] = [const { AtomicI32::new(NONE) }; MOST];
const NONE: i32 = -1;

/// How many captures may be open: a quarter of the process's descriptors, so that the application keeps its own.
pub fn most() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes into a live struct of that kind.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let quarter = usize::try_from(limit.rlim_cur / 4).unwrap_or(MOST);
    if result == 0 { quarter.min(MOST) } else { MOST }
}

/// How many packets one read takes at most.
pub const BATCH: usize = 32;
/// The longest packet that is read whole: what fits in a jumbo frame.
const SLOT: usize = 9216;
/// What a burst of reports may take in the kernel, in bytes.
const BUFFER: libc::c_int = 4 * 1024 * 1024;

const ETH_P_ALL: u16 = 0x0003;
/// The protocol number of IPv4.
pub const ETH_P_IP: u16 = 0x0800;
/// The protocol number of IPv6.
pub const ETH_P_IPV6: u16 = 0x86dd;

impl Capture {
    /// Whether the process may have one: EPERM without CAP_NET_RAW.
    pub fn allowed() -> io::Result<()> {
        socket().map(drop)
    }

    /// Opens it, with the kernel's filter of the packets, which begin with the IP header.
    pub fn open(filter: &mut [sock_filter], scope: Scope) -> io::Result<Capture> {
        let (protocol, ifindex) = match scope {
            Scope::V4(ifindex) => (ETH_P_IP, ifindex),
            Scope::V6(ifindex) => (ETH_P_IPV6, ifindex),
            Scope::All(ifindex) => (ETH_P_ALL, ifindex),
        };
        let socket = socket()?;
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        option(&socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)?;
        // The first needs CAP_NET_ADMIN; the other is cut to the system's limit.
        if option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &BUFFER).is_err() {
            let _ = option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, &BUFFER);
        }
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: protocol.to_be(),
            sll_ifindex: ifindex as i32,
            // SAFETY: zeroes are a value of this plain struct.
            ..unsafe { mem::zeroed() }
        };
        let length = mem::size_of_val(&address) as libc::socklen_t;
        // SAFETY: the address is live for the call and the length is its own.
        check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
        Capture::enter(socket)
    }

    fn enter(socket: OwnedFd) -> io::Result<Capture> {
        let number = socket.as_raw_fd();
        let free = |slot: &&AtomicI32| slot.compare_exchange(NONE, number, Release, Relaxed).is_ok();
        OPEN.iter().find(free).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOBUFS))?;
        Ok(Capture(ManuallyDrop::new(socket)))
    }

    /// Makes the device take every multicast frame, as long as the socket lives.
    pub fn all_multicast(&self, ifindex: u32) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: ifindex as i32,
            mr_type: libc::PACKET_MR_ALLMULTI as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        option(&self.0, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// How many packets found the socket full since the last call.
    pub fn lost(&self) -> u32 {
        // SAFETY: zeroes are a value of this plain struct.
        let mut statistics: libc::tpacket_stats = unsafe { mem::zeroed() };
        let mut length = mem::size_of_val(&statistics) as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes into a live struct of that size.
        let result = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        if result == 0 { statistics.tp_drops } else { 0 }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let number = self.0.as_raw_fd();
        OPEN.iter().any(|slot| slot.compare_exchange(number, NONE, AcqRel, Relaxed).is_ok());
        // SAFETY: it is dropped here only, and not used after.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

/// Closes every capture that a forked child has inherited. Their owner is a thread that the child does not have.
pub fn close_in_child() {
    for slot in &OPEN {
        let number = slot.swap(NONE, AcqRel);
        if number != NONE {
            // SAFETY: the descriptor is the copy of one that its owner held at the fork.
            unsafe { libc::close(number) };
        }
    }
}

impl AsRawFd for Capture {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn socket() -> io::Result<OwnedFd> {
    // Without a protocol it hears nothing until it is bound, and by then the filter is there.
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a plain system call.
    let number = check(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn option<T>(socket: &OwnedFd, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    let length = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the value is live for the call and the length is its own.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const *value).cast(), length) })
        .map(drop)
}

/// A packet as it was heard.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The device.
    pub ifindex: u32,
    /// It was sent by this host there.
    pub outgoing: bool,
    /// From the IP header on.
    pub bytes: &'a [u8],
}

/// Room for the packets of one read.
pub struct Batch {
    slots: Vec<u8>,
    used: usize,
    lengths: [usize; BATCH],
    from: [(u32, u8); BATCH],
}

impl Default for Batch {
    fn default() -> Batch {
        Batch::new()
    }
}

impl Batch {
    /// Makes the room.
    pub fn new() -> Batch {
        Batch { slots: vec![0; BATCH * SLOT], used: 0, lengths: [0; BATCH], from: [(0, 0); BATCH] }
    }

    /// Reads what waits, without waiting; gives the number of packets.
    pub fn fill(&mut self, capture: &Capture) -> io::Result<usize> {
        self.used = 0;
        let mut names = [MaybeUninit::<libc::sockaddr_ll>::zeroed(); BATCH];
        let mut parts = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: SLOT }; BATCH];
        for (part, slot) in parts.iter_mut().zip(self.slots.chunks_exact_mut(SLOT)) {
            part.iov_base = slot.as_mut_ptr().cast();
        }
        // SAFETY: zeroes are a value of this plain struct.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (i, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_name = names[i].as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            header.msg_hdr.msg_iov = &raw mut parts[i];
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: the headers point into live arrays of these sizes.
        let count = unsafe {
            libc::syscall(
                libc::SYS_recvmmsg,
                capture.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut::<libc::timespec>(),
            )
        };
        self.used = usize::try_from(count).map_err(|_| io::Error::last_os_error())?.min(BATCH);
        for i in 0..self.used {
            // SAFETY: zeroes, or what the kernel wrote there.
            let name = unsafe { names[i].assume_init() };
            self.lengths[i] = (headers[i].msg_len as usize).min(SLOT);
            self.from[i] = (u32::try_from(name.sll_ifindex).unwrap_or(0), name.sll_pkttype);
        }
        Ok(self.used)
    }

    /// The packets of the last read that this host sent, or that were for it or for a group.
    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        (0..self.used).filter_map(|i| {
            let (ifindex, kind) = self.from[i];
            let outgoing = kind == libc::PACKET_OUTGOING;
            let bytes = self.slots.get(i * SLOT..i * SLOT + self.lengths[i])?;
            (kind != libc::PACKET_OTHERHOST).then_some(Packet { ifindex, outgoing, bytes })
        })
    }
}
