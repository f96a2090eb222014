//! Control messages (cmsg(3)), each with its type.

use std::mem;
use std::net::{IpAddr, Ipv4Addr};
use std::ptr;

/// A control message: a plain C value, and what the kernel calls it.
pub(super) trait Message: Copy {
    const LEVEL: libc::c_int;
    const KIND: libc::c_int;
}

/// The destination of a message over IPv4 (IP_RECVORIGDSTADDR).
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Destination4(libc::sockaddr_in);

impl Message for Destination4 {
    const LEVEL: libc::c_int = libc::IPPROTO_IP;
    const KIND: libc::c_int = libc::IP_ORIGDSTADDR;
}

/// The same over IPv6 (IPV6_RECVORIGDSTADDR).
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Destination6(libc::sockaddr_in6);

impl Message for Destination6 {
    const LEVEL: libc::c_int = libc::IPPROTO_IPV6;
    const KIND: libc::c_int = libc::IPV6_ORIGDSTADDR;
}

/// The length of each datagram but the last of a train that is sent.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Segment(pub u16);

impl Message for Segment {
    const LEVEL: libc::c_int = libc::SOL_UDP;
    const KIND: libc::c_int = libc::UDP_SEGMENT;
}

/// The same of a train that has come.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct TrainSegment(pub libc::c_int);

impl Message for TrainSegment {
    const LEVEL: libc::c_int = libc::SOL_UDP;
    const KIND: libc::c_int = libc::UDP_GRO;
}

const fn space<T>() -> usize {
    // SAFETY: it computes.
    unsafe { libc::CMSG_SPACE(mem::size_of::<T>() as u32) as usize }
}

/// Room for the control messages of one message: its destination, and the length of its segments.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(crate) struct Control([u8; 72]);

const _: () = {
    assert!(mem::align_of::<Control>() >= mem::align_of::<libc::cmsghdr>());
    assert!(mem::size_of::<Control>() >= space::<Destination4>() + space::<TrainSegment>());
    assert!(mem::size_of::<Control>() >= space::<Destination6>() + space::<TrainSegment>());
};

impl Control {
    pub(crate) const fn new() -> Control {
        Control([0; 72])
    }

    /// Lets the kernel write there; `self` must live as long as the header is used.
    #[inline]
    pub(super) fn lend(&mut self, header: &mut libc::msghdr) {
        header.msg_control = self.0.as_mut_ptr().cast();
        header.msg_controllen = mem::size_of::<Control>() as _;
    }

    /// Writes the only control message of a header; `self` must live as long as that is used.
    #[inline]
    pub(super) fn put<T: Message>(&mut self, header: &mut libc::msghdr, value: T) {
        const { assert!(space::<T>() <= mem::size_of::<Control>()) };
        self.lend(header);
        // SAFETY: the room is aligned and, as asserted, long enough for one such message; the data is written unaligned.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(header);
            (*message).cmsg_level = T::LEVEL;
            (*message).cmsg_type = T::KIND;
            (*message).cmsg_len = libc::CMSG_LEN(mem::size_of::<T>() as u32) as _;
            libc::CMSG_DATA(message).cast::<T>().write_unaligned(value);
        }
        header.msg_controllen = space::<T>() as _;
    }
}

/// The first control message of this type that the kernel has written.
#[inline]
pub(super) fn get<T: Message>(header: &libc::msghdr) -> Option<T> {
    // SAFETY: the kernel filled in msg_control up to msg_controllen; the macros stay within it, and the data is read
    // unaligned and only when it is long enough.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while !message.is_null() {
            let long_enough =
                (*message).cmsg_len as usize >= libc::CMSG_LEN(mem::size_of::<T>() as u32) as usize;
            if ((*message).cmsg_level, (*message).cmsg_type) == (T::LEVEL, T::KIND) && long_enough {
                return Some(ptr::read_unaligned(libc::CMSG_DATA(message).cast::<T>()));
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    None
}

/// Where a message went to, if that was asked for.
#[inline]
pub(crate) fn destination(header: &libc::msghdr) -> Option<IpAddr> {
    if let Some(Destination4(to)) = get(header) {
        return Some(Ipv4Addr::from(u32::from_be(to.sin_addr.s_addr)).into());
    }
    get(header).map(|Destination6(to)| IpAddr::from(to.sin6_addr.s6_addr))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_got_by_its_type_alone() {
        let mut control = Control::new();
        // SAFETY: all-zero bytes are a valid msghdr.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        control.put(&mut header, Segment(1400));
        assert_eq!(header.msg_controllen as usize, space::<Segment>());
        assert_eq!(get::<Segment>(&header).map(|Segment(size)| size), Some(1400));
        assert!(get::<TrainSegment>(&header).is_none() && destination(&header).is_none());
        // What is cut short is none.
        header.msg_controllen = (mem::size_of::<libc::cmsghdr>() - 1) as _;
        assert!(get::<Segment>(&header).is_none());
    }

    #[test]
    fn a_destination_is_of_its_family() {
        // SAFETY: all-zero bytes are valid for these plain structs.
        let (mut header, mut four, mut six): (libc::msghdr, libc::sockaddr_in, libc::sockaddr_in6) =
            unsafe { mem::zeroed() };
        four.sin_addr.s_addr = u32::from(Ipv4Addr::new(239, 1, 2, 3)).to_be();
        six.sin6_addr.s6_addr[15] = 7;
        let mut control = Control::new();
        control.put(&mut header, Destination4(four));
        assert_eq!(destination(&header), Some("239.1.2.3".parse().unwrap()));
        control.put(&mut header, Destination6(six));
        assert_eq!(destination(&header), Some("::7".parse().unwrap()));
    }
}
