//! Many messages with one system call: by a ring of io_uring, or by `recvmmsg` where there is none.

#![allow(unsafe_code)]

use super::memory::Region;
use super::ring::{Heading, Ring};
use super::slots::{BATCH, Landed, SLOT};
use super::udp::{Asked, Control, Origin, address_of, destination};
use std::io;
use std::mem;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

// Where the ring puts what was asked for with a message.
const NAME: usize = size_of::<Heading>();
const NAME_ROOM: usize = 32;
const CONTROL: usize = NAME + NAME_ROOM;
const MESSAGE: usize = CONTROL + size_of::<Control>();

/// Room for one batch of messages of any size, so that nothing is ever cut off. Pages that no message touched take no
/// memory.
pub struct Batch {
    way: Way,
    slots: Region,
    places: [Landed; BATCH],
    /// Where in its slot a message begins.
    start: usize,
    asked: Asked,
}

enum Way {
    Ring(Ring),
    Calls(Calls),
}

impl Batch {
    /// Reserves the address space for a batch.
    pub fn new() -> io::Result<Batch> {
        let slots = Region::new(BATCH * SLOT)?;
        let way = match Ring::new(&slots, NAME_ROOM, size_of::<Control>()) {
            Ok(ring) => Way::Ring(ring),
            Err(_) => Way::Calls(Calls::new(&slots)),
        };
        let asked = Asked { from: false, to: false };
        Ok(Batch { way, slots, places: [Landed::default(); BATCH], start: 0, asked })
    }

    /// Reads what waits, without waiting, and returns how many messages there were.
    pub fn fill(&mut self, fd: &OwnedFd, asked: Asked) -> io::Result<usize> {
        self.asked = asked;
        if let Way::Ring(ring) = &mut self.way {
            let with_addresses = asked.from || asked.to;
            self.start = if with_addresses { MESSAGE } else { 0 };
            match ring.fill(fd, with_addresses, &mut self.places) {
                Ok(result) => return result,
                // As when a program has closed every descriptor that it does not know.
                Err(_) => self.way = Way::Calls(Calls::new(&self.slots)),
            }
        }
        self.start = 0;
        match &mut self.way {
            Way::Calls(calls) => calls.fill(fd, asked, &mut self.places),
            Way::Ring(_) => Ok(0),
        }
    }

    /// The message in place `i` of the last fill.
    #[inline]
    pub fn message(&self, i: usize) -> &[u8] {
        let place = self.places[i];
        let (slot, end) = (place.slot as usize, (place.len as usize).min(SLOT));
        let start = self.start.min(end);
        debug_assert!(slot < BATCH);
        // SAFETY: slots are below BATCH and `end` within one; the kernel wrote so far, else it is zeroes or an older message.
        unsafe { std::slice::from_raw_parts(self.slots.base().add(slot * SLOT + start), end - start) }
    }

    /// Where the message in place `i` came from and went to.
    pub fn origin(&self, i: usize) -> Origin {
        match &self.way {
            Way::Ring(_) => self.origin_in_slot(self.places[i]),
            Way::Calls(calls) => calls.origin(i, self.asked),
        }
    }

    /// Where the message in place `i` went to, when that was asked for.
    #[inline]
    pub fn destination(&self, i: usize) -> Option<IpAddr> {
        match (&self.way, self.asked.to) {
            (_, false) => None,
            (Way::Ring(_), true) => self.destination_in_slot(self.places[i]),
            (Way::Calls(calls), true) => destination(&calls.headers[i].msg_hdr),
        }
    }

    fn destination_in_slot(&self, place: Landed) -> Option<IpAddr> {
        let slot = place.slot as usize * SLOT;
        let (heading, control) = (self.slots.at::<Heading>(slot)?, self.slots.at::<Control>(slot + CONTROL)?);
        // SAFETY: within the slot and aligned, plain bytes, which the kernel wrote.
        let heading = unsafe { heading.read() };
        // SAFETY: all-zero bytes are a valid msghdr.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_control = control.cast();
        header.msg_controllen = (heading.control as usize).min(size_of::<Control>()) as _;
        destination(&header)
    }

    fn origin_in_slot(&self, place: Landed) -> Origin {
        let mut origin = Origin::unknown();
        let slot = place.slot as usize * SLOT;
        let parts = (self.slots.at::<Heading>(slot), self.slots.at::<libc::sockaddr_storage>(slot + NAME));
        let (true, (Some(heading), Some(name))) = (self.start > 0, parts) else { return origin };
        // SAFETY: within the slot and aligned, plain bytes, which the kernel wrote or which are zeroes or older bytes.
        let (heading, name) = unsafe { (heading.read(), &*name) };
        if self.asked.from && heading.name > 0 {
            origin.from = address_of(name);
        }
        if self.asked.to {
            origin.to = self.destination_in_slot(place);
        }
        origin
    }
}

/// What `recvmmsg` is told.
struct Calls {
    headers: Box<[libc::mmsghdr]>,
    _parts: Box<[libc::iovec]>,
    from: Box<[libc::sockaddr_storage]>,
    control: Box<[Control]>,
}

// SAFETY: the pointers in headers and parts point into allocations of the batch, which never move.
unsafe impl Send for Calls {}

impl Calls {
    fn new(slots: &Region) -> Calls {
        let part = |i| libc::iovec { iov_base: slots.base().wrapping_add(i * SLOT).cast(), iov_len: SLOT };
        let mut parts: Box<[libc::iovec]> = (0..BATCH).map(part).collect();
        // SAFETY: all-zero bytes are valid for these C structs.
        let (mut headers, from): (Box<[libc::mmsghdr]>, _) =
            unsafe { (vec![mem::zeroed(); BATCH].into(), vec![mem::zeroed(); BATCH].into()) };
        for (header, part) in headers.iter_mut().zip(parts.iter_mut()) {
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
        }
        Calls { headers, _parts: parts, from, control: vec![Control::new(); BATCH].into() }
    }

    fn fill(&mut self, fd: &OwnedFd, asked: Asked, places: &mut [Landed; BATCH]) -> io::Result<usize> {
        let name = if asked.from { size_of::<libc::sockaddr_storage>() } else { 0 };
        let control = if asked.to { size_of::<Control>() } else { 0 };
        for (i, header) in self.headers.iter_mut().enumerate() {
            let header = &mut header.msg_hdr;
            header.msg_name =
                if asked.from { ptr::from_mut(&mut self.from[i]).cast() } else { ptr::null_mut() };
            header.msg_namelen = name as libc::socklen_t;
            header.msg_control =
                if asked.to { ptr::from_mut(&mut self.control[i]).cast() } else { ptr::null_mut() };
            header.msg_controllen = control as _;
        }
        // SAFETY: the headers point into the batch's own memory.
        let count = unsafe {
            libc::syscall(
                libc::SYS_recvmmsg,
                fd.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH,
                libc::MSG_DONTWAIT,
                ptr::null_mut::<libc::timespec>(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (i, (place, header)) in places.iter_mut().zip(&self.headers[..count.min(BATCH)]).enumerate() {
            *place = Landed { slot: i as u32, len: header.msg_len };
        }
        Ok(count)
    }

    fn origin(&self, i: usize, asked: Asked) -> Origin {
        let unknown = Origin::unknown();
        Origin {
            from: if asked.from { address_of(&self.from[i]) } else { unknown.from },
            to: if asked.to { destination(&self.headers[i].msg_hdr) } else { unknown.to },
        }
    }
}
