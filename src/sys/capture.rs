//! Packet sockets that hear IGMP, MLD and PIM Hello on the links of this host, and nothing else.
//!
//! The kernel's filter (classic BPF) keeps all other packets out. A socket for one protocol costs what is sent nothing;
//! one for everything at a device hears what its bridge takes away, and what this host itself sends there. None listens at
//! all devices, so that loopback costs nothing either.

#![allow(unsafe_code)]

use super::check;
use std::io;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::time::Duration;

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

/// So many captures are open at most.
pub const MOST: usize = 512;

// Which ones, so that a forked child can close its copies without a lock.
static OPEN: [AtomicI32; MOST] = [const { AtomicI32::new(NONE) }; MOST];
const NONE: i32 = -1;

/// How many packets one read takes at most.
pub const BATCH: usize = 32;
/// The longest packet that is read whole: what fits in a jumbo frame.
const SLOT: usize = 9216;
/// What a burst of reports may take in the kernel, in bytes.
const BUFFER: libc::c_int = 4 * 1024 * 1024;

const ETH_P_ALL: u16 = 0x0003;
const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

impl Capture {
    /// Whether the process may have one: EPERM without CAP_NET_RAW.
    pub fn allowed() -> io::Result<()> {
        socket().map(drop)
    }

    /// Opens it.
    pub fn open(scope: Scope) -> io::Result<Capture> {
        let (protocol, ifindex) = match scope {
            Scope::V4(ifindex) => (ETH_P_IP, ifindex),
            Scope::V6(ifindex) => (ETH_P_IPV6, ifindex),
            Scope::All(ifindex) => (ETH_P_ALL, ifindex),
        };
        let socket = socket()?;
        let program = libc::sock_fprog { len: FILTER.len() as u16, filter: FILTER.as_ptr().cast_mut() };
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

/// Waits until one of `fds` is readable, at most `timeout`. Says which ones are.
pub fn wait(fds: &[RawFd], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let timeout = timeout.map_or(-1, |t| t.as_millis().min(i32::MAX as u128 - 1) as libc::c_int + 1);
    // SAFETY: the array is live for the call and the length is its own.
    check(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout) })?;
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}

/// An eventfd that wakes [`wait`].
pub struct Bell(OwnedFd);

impl Bell {
    /// Makes it.
    pub fn new() -> io::Result<Bell> {
        // SAFETY: a plain system call; the descriptor is new and nobody else's.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: as above.
        Ok(Bell(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable.
    pub fn ring(&self) {
        let one = 1u64;
        // SAFETY: eight bytes of a live integer. It fails only when it is readable already.
        unsafe { libc::syscall(libc::SYS_write, self.0.as_raw_fd(), &raw const one, 8usize) };
    }

    /// Undoes [`Bell::ring`].
    pub fn quiet(&self) {
        let mut count = 0u64;
        // SAFETY: eight bytes of a live integer.
        unsafe { libc::syscall(libc::SYS_read, self.0.as_raw_fd(), &raw mut count, 8usize) };
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

const fn load(size: u32, mode: u32, at: u32) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_LD | size | mode) as u16, jt: 0, jf: 0, k: at }
}

const fn when(value: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, jt, jf, k: value }
}

const fn plain(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

const PIM: u32 = 103;
/// Version 2, type 0.
const HELLO: u32 = 0x20;

/// The packets begin with the IP header. IGMP; PIM Hello over both; ICMPv6 types 130, 131, 132 and 143 behind one
/// hop-by-hop header.
static FILTER: [libc::sock_filter; 27] = {
    use libc::{BPF_ABS, BPF_ALU, BPF_B, BPF_H, BPF_IND, BPF_K, BPF_LDX, BPF_LSH, BPF_MISC, BPF_MSH};
    use libc::{BPF_ADD, BPF_RET, BPF_TAX};
    [
        /*  0 */ load(BPF_H, BPF_ABS, (libc::SKF_AD_OFF + libc::SKF_AD_PROTOCOL) as u32),
        /*  1 */ when(ETH_P_IP as u32, 0, 6),
        /*  2 */ load(BPF_B, BPF_ABS, 9),
        /*  3 */ when(libc::IPPROTO_IGMP as u32, 22, 0),
        /*  4 */ when(PIM, 0, 20),
        /*  5 */ plain(BPF_LDX | BPF_B | BPF_MSH, 0),
        /*  6 */ load(BPF_B, BPF_IND, 0),
        /*  7 */ when(HELLO, 18, 17),
        /*  8 */ when(ETH_P_IPV6 as u32, 0, 16),
        /*  9 */ load(BPF_B, BPF_ABS, 6),
        /* 10 */ when(PIM, 0, 2),
        /* 11 */ load(BPF_B, BPF_ABS, 40),
        /* 12 */ when(HELLO, 13, 12),
        /* 13 */ when(0, 0, 11),
        /* 14 */ load(BPF_B, BPF_ABS, 40),
        /* 15 */ when(libc::IPPROTO_ICMPV6 as u32, 0, 9),
        // The length of the header without its first eight bytes, in units of eight bytes.
        /* 16 */
        load(BPF_B, BPF_ABS, 41),
        /* 17 */ plain(BPF_ALU | BPF_LSH | BPF_K, 3),
        /* 18 */ plain(BPF_ALU | BPF_ADD | BPF_K, 8),
        /* 19 */ plain(BPF_MISC | BPF_TAX, 0),
        /* 20 */ load(BPF_B, BPF_IND, 40),
        /* 21 */ when(143, 4, 0),
        /* 22 */ when(130, 3, 0),
        /* 23 */ when(131, 2, 0),
        /* 24 */ when(132, 1, 0),
        /* 25 */ plain(BPF_RET | BPF_K, 0),
        /* 26 */ plain(BPF_RET | BPF_K, u32::MAX),
    ]
};
