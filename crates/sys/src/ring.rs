//! Reading many datagrams with one system call of io_uring: one receive that goes on until nothing waits or its buffers
//! are used up. For each message that costs the kernel a fifth less than `recvmmsg`, which is told anew where each one goes.
//!
//! The call ends with everything that it began, so nothing is ever under way in the ring: what waits is in the socket,
//! where it can be polled for and counted, and neither a fork nor the end of a thread finds anything here.

#![allow(unsafe_code)]

use super::memory::Region;
use super::slots::{BATCH, Landed, SLOT};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

// linux/io_uring.h; not in the libc crate.
const IORING_SETUP_CQSIZE: u32 = 1 << 3;
const IORING_FEAT_SINGLE_MMAP: u32 = 1;
const IORING_OFF_SQ_RING: libc::off_t = 0;
const IORING_OFF_SQES: libc::off_t = 0x1000_0000;
const IORING_REGISTER_PBUF_RING: libc::c_uint = 22;
const IORING_OP_RECVMSG: u8 = 10;
const IORING_OP_RECV: u8 = 27;
const IORING_RECV_MULTISHOT: u16 = 1 << 1;
const IOSQE_BUFFER_SELECT: u8 = 1 << 5;
const IORING_CQE_F_BUFFER: u32 = 1 << 0;
const IORING_CQE_F_MORE: u32 = 1 << 1;
const IORING_CQE_BUFFER_SHIFT: u32 = 16;

/// More completions than one read can give.
const COMPLETIONS: u32 = 4 * BATCH as u32;

#[repr(C)]
#[derive(Default)]
struct SqOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    flags: u32,
    dropped: u32,
    array: u32,
    resv: u32,
    user_addr: u64,
}

#[repr(C)]
#[derive(Default)]
struct CqOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    overflow: u32,
    cqes: u32,
    flags: u32,
    resv: u32,
    user_addr: u64,
}

#[repr(C)]
#[derive(Default)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    resv: [u32; 3],
    sq: SqOffsets,
    cq: CqOffsets,
}

/// `struct io_uring_sqe`.
#[repr(C)]
#[derive(Default)]
struct Submission {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    fd: i32,
    off: u64,
    addr: u64,
    len: u32,
    msg_flags: u32,
    user_data: u64,
    buf_group: u16,
    personality: u16,
    file_index: u32,
    addr3: u64,
    resv: u64,
}

/// `struct io_uring_cqe`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Completion {
    user_data: u64,
    res: i32,
    flags: u32,
}

/// `struct io_uring_buf`; the first one's last field is the tail of the ring of buffers.
#[repr(C)]
struct Buffer {
    addr: u64,
    len: u32,
    bid: u16,
    resv: u16,
}

/// `struct io_uring_buf_reg`.
#[repr(C)]
#[derive(Default)]
struct BufferRing {
    ring_addr: u64,
    ring_entries: u32,
    bgid: u16,
    flags: u16,
    resv: [u64; 3],
}

/// `struct io_uring_recvmsg_out`, which stands before a message that was asked for with its addresses.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Heading {
    pub(super) name: u32,
    pub(super) control: u32,
    pub(super) payload: u32,
    pub(super) flags: u32,
}

/// A ring for one socket's reads. Its buffers belong to the batch.
pub(super) struct Ring {
    // Dropped first: then the kernel has let go of the memory.
    fd: OwnedFd,
    rings: Region,
    submissions: Region,
    buffers: Region,
    /// Says how much room there is for addresses.
    header: Box<libc::msghdr>,
    params: Params,
}

// SAFETY: the header has no pointers, and the rest is memory and a descriptor.
unsafe impl Send for Ring {}

impl Ring {
    /// A ring that reads into the slots of `slots`. `name` and `control`: so much room is for addresses, where they are asked for.
    pub(super) fn new(slots: &Region, name: usize, control: usize) -> io::Result<Ring> {
        let mut params = Params { flags: IORING_SETUP_CQSIZE, cq_entries: COMPLETIONS, ..Params::default() };
        // SAFETY: the kernel reads and writes the live struct; the new descriptor is owned once.
        let fd = unsafe {
            let fd = libc::syscall(libc::SYS_io_uring_setup, 1, &raw mut params);
            OwnedFd::from_raw_fd(super::check(fd as libc::c_int)?)
        };
        if params.features & IORING_FEAT_SINGLE_MMAP == 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let completions = params.cq.cqes as usize + params.cq_entries as usize * size_of::<Completion>();
        let len = completions.max(params.sq.array as usize + params.sq_entries as usize * size_of::<u32>());
        let rings = Region::shared(&fd, IORING_OFF_SQ_RING, len)?;
        let submissions =
            Region::shared(&fd, IORING_OFF_SQES, params.sq_entries as usize * size_of::<Submission>())?;
        let buffers = Region::new(BATCH * size_of::<Buffer>())?;
        // SAFETY: all-zero bytes are a valid msghdr.
        let mut header: Box<libc::msghdr> = Box::new(unsafe { mem::zeroed() });
        header.msg_namelen = name as libc::socklen_t;
        header.msg_controllen = control as _;
        let ring = Ring { fd, rings, submissions, buffers, header, params };
        ring.give_buffers(slots)?;
        Ok(ring)
    }

    /// Hands the slots to the kernel, which takes them in turn; the slot of a number always stands at that place.
    fn give_buffers(&self, slots: &Region) -> io::Result<()> {
        for i in 0..BATCH {
            let addr = slots.base().wrapping_add(i * SLOT) as u64;
            let buffer = Buffer { addr, len: SLOT as u32, bid: i as u16, resv: 0 };
            let place =
                self.buffers.at::<Buffer>(i * size_of::<Buffer>()).ok_or(io::ErrorKind::InvalidInput)?;
            // SAFETY: within the region, aligned, and the kernel does not know of it yet.
            unsafe { place.write(buffer) };
        }
        let mut request = BufferRing {
            ring_addr: self.buffers.base() as u64,
            ring_entries: BATCH as u32,
            ..BufferRing::default()
        };
        // SAFETY: the kernel reads the live struct; the memory that it names lives as long as the ring.
        let result = unsafe {
            libc::syscall(
                libc::SYS_io_uring_register,
                self.fd.as_raw_fd(),
                IORING_REGISTER_PBUF_RING,
                &raw mut request,
                1,
            )
        };
        super::check(result as libc::c_int)?;
        self.give_back(BATCH as u16)
    }

    /// So many slots more may be written to.
    fn give_back(&self, slots: u16) -> io::Result<()> {
        let tail =
            self.buffers.at::<AtomicU16>(mem::offset_of!(Buffer, resv)).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: within the region and aligned; the kernel only reads it.
        let tail = unsafe { &*tail };
        tail.store(tail.load(Ordering::Relaxed).wrapping_add(slots), Ordering::Release);
        Ok(())
    }

    /// A counter of the ring.
    fn counter(&self, offset: u32) -> io::Result<&AtomicU32> {
        let place = self.rings.at::<AtomicU32>(offset as usize).ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: within the mapping, which lives as long as `self`, and aligned; both sides access it atomically.
        Ok(unsafe { &*place })
    }

    /// Reads what waits in the socket, without waiting, and says where it is. `asked`: with its addresses, behind a
    /// [`Heading`]. `Err` of the outside: the ring is of no use; of the inside: what is wrong with the socket.
    pub(super) fn fill(
        &mut self,
        fd: &OwnedFd,
        asked: bool,
        places: &mut [Landed; BATCH],
    ) -> io::Result<io::Result<usize>> {
        self.submit(fd, asked)?;
        let (head, tail) = (self.counter(self.params.cq.head)?, self.counter(self.params.cq.tail)?);
        let (mut at, end) = (head.load(Ordering::Relaxed), tail.load(Ordering::Acquire));
        let (mut count, mut used, mut error, mut ended) = (0, 0, None, false);
        while at != end {
            let index = (at & (self.params.cq_entries - 1)) as usize;
            let place = self.params.cq.cqes as usize + index * size_of::<Completion>();
            let completion = self.rings.at::<Completion>(place).ok_or(io::ErrorKind::InvalidData)?;
            // SAFETY: within the mapping and aligned, and the kernel has published it by the tail.
            let completion = unsafe { completion.read() };
            at = at.wrapping_add(1);
            ended = completion.flags & IORING_CQE_F_MORE == 0;
            let slot = if completion.flags & IORING_CQE_F_BUFFER != 0 {
                used += 1;
                (completion.flags >> IORING_CQE_BUFFER_SHIFT) as usize % BATCH
            } else {
                0
            };
            match (usize::try_from(completion.res), places.get_mut(count)) {
                (Ok(len), Some(place)) => {
                    *place = Landed { slot: slot as u32, len: len.min(SLOT) as u32 };
                    count += 1;
                }
                (Ok(_), None) => {}
                (Err(_), _) => error = Some(-completion.res),
            }
        }
        head.store(at, Ordering::Release);
        self.give_back(used)?;
        if !ended {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(match error {
            Some(libc::ENOBUFS) | None => Ok(count),
            Some(_) if count > 0 => Ok(count),
            Some(error) => Err(io::Error::from_raw_os_error(error)),
        })
    }

    fn submit(&mut self, fd: &OwnedFd, asked: bool) -> io::Result<()> {
        let header = ptr::from_ref(&*self.header);
        let submission = Submission {
            opcode: if asked { IORING_OP_RECVMSG } else { IORING_OP_RECV },
            flags: IOSQE_BUFFER_SELECT,
            ioprio: IORING_RECV_MULTISHOT,
            fd: fd.as_raw_fd(),
            addr: if asked { header as u64 } else { 0 },
            len: asked.into(),
            msg_flags: libc::MSG_DONTWAIT as u32,
            ..Submission::default()
        };
        let place = self.submissions.at::<Submission>(0).ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: within the mapping and aligned; the kernel reads it in the call below only.
        unsafe { place.write(submission) };
        // One place: its number, in the kernel's array of numbers, is the 0 that stands there.
        let taken = self.counter(self.params.sq.head)?.load(Ordering::Acquire);
        self.counter(self.params.sq.tail)?.store(taken.wrapping_add(1), Ordering::Release);
        let nobody = ptr::null::<libc::sigset_t>();
        // SAFETY: the ring's own descriptor; what it was told to write to lives as long as the ring.
        let result =
            unsafe { libc::syscall(libc::SYS_io_uring_enter, self.fd.as_raw_fd(), 1, 0, 0, nobody, 0usize) };
        super::check(result as libc::c_int).map(drop)
    }
}
