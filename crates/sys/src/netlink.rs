//! rtnetlink: one question and its answer, a whole table, or a standing subscription.
//!
//! A socket belongs for life to the network namespace of the thread that opens it. Attributes that a newer kernel adds, or
//! that are cut short, are skipped: what can be read is read.

#![allow(unsafe_code)]

use crate::failure::{Failure, Result};
use crate::fork::{self, Hook};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NlasIterator};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::io;
use std::mem::ManuallyDrop;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};

/// The kernel's dumps come in parts of at most this size.
const PART: usize = 64 * 1024;
/// How often a table that changed while it was read is read again.
const ATTEMPTS: usize = 8;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEADER: usize = 16;

/// One message of the kernel: its type, and what follows the netlink header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `RTM_…`
    pub kind: u16,
    /// The family's own header and the attributes.
    pub body: Vec<u8>,
}

/// Reads a whole table: every message that answers the dump request `kind`.
pub fn dump(kind: u16, body: &[u8]) -> Result<Vec<Message>> {
    Questions::open()?.dump(kind, body)
}

/// Asks for one object. The kernel's refusal is an error with its `errno`.
pub fn ask(kind: u16, body: &[u8]) -> Result<Option<Message>> {
    Questions::open()?.ask(kind, body)
}

/// A socket for questions, one after the other.
pub struct Questions {
    socket: OnlyHere,
    sequence: u32,
    /// An answer was given up: the rest of it is in the way.
    unfinished: bool,
}

impl Questions {
    /// A new one.
    pub fn open() -> Result<Questions> {
        Ok(Questions { socket: OnlyHere::open()?, sequence: 0, unfinished: false })
    }

    /// Reads a whole table: every message that answers the dump request `kind`.
    pub fn dump(&mut self, kind: u16, body: &[u8]) -> Result<Vec<Message>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer = self.question(kind, NLM_F_REQUEST | NLM_F_DUMP, body, |answer| answer.done)?;
            // A table that never stands still is better given as it was last read than not at all.
            if !answer.interrupted || attempt >= ATTEMPTS {
                return Ok(answer.messages);
            }
        }
    }

    /// Asks for one object. The kernel's refusal is an error with its `errno`.
    pub fn ask(&mut self, kind: u16, body: &[u8]) -> Result<Option<Message>> {
        let is_whole = |answer: &Answer| answer.done || !answer.messages.is_empty();
        let answer = self.question(kind, NLM_F_REQUEST, body, is_whole)?;
        Ok(answer.messages.into_iter().next())
    }

    fn question(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        is_whole: impl Fn(&Answer) -> bool,
    ) -> Result<Answer> {
        let mut part = Vec::new();
        while self.unfinished {
            part.clear();
            part.reserve(PART);
            self.unfinished = self.socket.recv(&mut part, libc::MSG_DONTWAIT).is_ok();
        }
        self.sequence = self.sequence.wrapping_add(1).max(1);
        request(&self.socket, kind, flags, self.sequence, body)?;
        self.unfinished = true;
        let mut answer = Answer::default();
        while !is_whole(&answer) {
            answer.take(&read(&self.socket).map_err(failed)?, self.sequence)?;
        }
        self.unfinished = false;
        Ok(answer)
    }
}

/// What a [`Listener`] heard.
#[derive(Debug)]
pub enum Heard {
    /// Changes, in the kernel's order.
    Messages(Vec<Message>),
    /// The kernel had more to say than the socket could hold: everything must be read anew.
    Overrun,
}

/// A subscription to changes of the kernel's tables. In a forked child it is closed.
pub struct Listener {
    socket: OnlyHere,
}

impl Listener {
    /// One that hears nothing yet.
    pub fn open() -> Result<Listener> {
        Ok(Listener { socket: OnlyHere::open()? })
    }

    /// How much the kernel keeps for it, in bytes; without the right to force it (CAP_NET_ADMIN) the system's limit holds.
    pub fn set_buffer(&self, bytes: libc::c_int) {
        let _ = self.socket.set_rx_buf_sz(bytes);
    }

    /// Hears this group of messages (`RTNLGRP_…`) from now on.
    pub fn add(&self, group: u32) -> Result<()> {
        let doing = "subscribing to the kernel's changes by rtnetlink";
        self.socket.add_membership(group).map_err(|e| Failure::from_io(&e, doing))
    }

    /// Hears them no more; what waits already stays.
    pub fn remove(&self, group: u32) {
        let _ = self.socket.drop_membership(group);
    }

    /// What can be had without waiting; `None` when there is nothing.
    pub fn poll(&self) -> Result<Option<Heard>> {
        let mut part = Vec::with_capacity(PART);
        match self.socket.recv(&mut part, libc::MSG_DONTWAIT) {
            Ok(_) => Ok(Some(Heard::Messages(messages(&part)))),
            Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => Ok(Some(Heard::Overrun)),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A socket that a forked child does not have: a copy there would be filled by the kernel, and never read.
struct OnlyHere {
    socket: ManuallyDrop<Socket>,
    generation: u32,
}

/// At most so many are closed in a child.
const MOST: usize = 256;
const NONE: RawFd = -1;
static OPEN: [AtomicI32; MOST] = [const { AtomicI32::new(NONE) }; MOST];
static ON_FORK: Hook = Hook::in_child(close_in_child);

impl OnlyHere {
    fn open() -> Result<OnlyHere> {
        ON_FORK.set();
        let generation = fork::generation();
        let open = || -> io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind_auto()?;
            Ok(socket)
        };
        let socket = open().map_err(|e| Failure::from_io(&e, "opening an rtnetlink socket"))?;
        let number = socket.as_raw_fd();
        let _ = OPEN.iter().find(|slot| slot.compare_exchange(NONE, number, Release, Relaxed).is_ok());
        Ok(OnlyHere { socket: ManuallyDrop::new(socket), generation })
    }
}

impl std::ops::Deref for OnlyHere {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Drop for OnlyHere {
    fn drop(&mut self) {
        // In a child it is closed already, and its number may be another one's.
        if self.generation != fork::generation() {
            return;
        }
        let number = self.socket.as_raw_fd();
        OPEN.iter().any(|slot| slot.compare_exchange(number, NONE, AcqRel, Relaxed).is_ok());
        // SAFETY: it is dropped here only, and not used after.
        unsafe { ManuallyDrop::drop(&mut self.socket) };
    }
}

extern "C" fn close_in_child() {
    for slot in &OPEN {
        let number = slot.swap(NONE, AcqRel);
        if number != NONE {
            // SAFETY: the descriptor is the copy of one that its owner held at the fork, and who owns it here closes none.
            unsafe { libc::close(number) };
        }
    }
}

fn failed(e: io::Error) -> Failure {
    Failure::from_io(&e, "reading from the kernel by rtnetlink")
}

fn request(socket: &Socket, kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Result<()> {
    let length = (HEADER + body.len()) as u32;
    let mut packet = Vec::with_capacity(HEADER + body.len());
    packet.extend_from_slice(&length.to_ne_bytes());
    packet.extend_from_slice(&kind.to_ne_bytes());
    packet.extend_from_slice(&flags.to_ne_bytes());
    packet.extend_from_slice(&sequence.to_ne_bytes());
    packet.extend_from_slice(&0u32.to_ne_bytes());
    packet.extend_from_slice(body);
    // By sendto: the name `send` may be the library's own.
    loop {
        match socket.send_to(&packet, &SocketAddr::new(0, 0), 0) {
            Ok(_) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Failure::from_io(&e, "asking the kernel by rtnetlink")),
        }
    }
}

fn read(socket: &Socket) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(PART);
    loop {
        match socket.recv(&mut part, 0) {
            Ok(_) => return Ok(part),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// The messages of one datagram; what is cut short is left out.
pub fn messages(part: &[u8]) -> Vec<Message> {
    let mut answer = Answer::default();
    let _ = answer.take(part, 0);
    answer.messages
}

#[derive(Default)]
struct Answer {
    messages: Vec<Message>,
    done: bool,
    interrupted: bool,
}

impl Answer {
    /// Adds what `part` holds. Sequence 0 takes every message, any other one only its own answers.
    fn take(&mut self, mut part: &[u8], sequence: u32) -> Result<()> {
        while let Ok(packet) = NetlinkBuffer::new_checked(part) {
            let length = packet.length() as usize;
            let kind = packet.message_type();
            if sequence == 0 || packet.sequence_number() == sequence {
                self.interrupted |= packet.flags() & NLM_F_DUMP_INTR != 0;
                match kind {
                    NLMSG_DONE => self.done = true,
                    NLMSG_ERROR => {
                        self.done = true;
                        let code = u32_at(packet.payload(), 0).unwrap_or(0) as i32;
                        if code != 0 {
                            let doing = "asking the kernel by rtnetlink".to_string();
                            return Err(Failure { errno: code.wrapping_neg(), doing });
                        }
                    }
                    // The types below are netlink's own (no-operation, overrun).
                    kind if kind >= libc::RTM_NEWLINK => {
                        self.messages.push(Message { kind, body: packet.payload().to_vec() });
                    }
                    _ => {}
                }
            }
            part = part.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
        Ok(())
    }
}

/// The attributes in `bytes`: type and value.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes).map_while(|attribute| {
        let attribute = attribute.ok()?;
        let (kind, length) = (attribute.kind(), usize::from(attribute.length()));
        Some((kind, attribute.into_inner().get(4..length)?))
    })
}

/// Appends an attribute to a request.
pub fn push_attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend_from_slice(&((4 + value.len()) as u16).to_ne_bytes());
    body.extend_from_slice(&kind.to_ne_bytes());
    body.extend_from_slice(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// The native `u32` at `offset`.
pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*bytes))
}

/// The native `u16` at `offset`.
pub fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let bytes = bytes.get(offset..)?.first_chunk::<2>()?;
    Some(u16::from_ne_bytes(*bytes))
}

/// An attribute that ends with a NUL.
pub fn text(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// An attribute of 4 or 16 bytes.
pub fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(Ipv4Addr::from(*value.first_chunk::<4>()?).into()),
        16 => Some(Ipv6Addr::from(*value.first_chunk::<16>()?).into()),
        _ => None,
    }
}

/// The bytes of an address, in the network's order.
pub fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let mut p = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        p.extend_from_slice(&kind.to_ne_bytes());
        p.extend_from_slice(&flags.to_ne_bytes());
        p.extend_from_slice(&sequence.to_ne_bytes());
        p.extend_from_slice(&[0; 4]);
        p.extend_from_slice(body);
        p.resize(p.len().next_multiple_of(4), 0);
        p
    }

    #[test]
    fn a_datagram_holds_several_messages_and_every_cut_of_it_is_harmless() {
        let mut part = packet(libc::RTM_NEWLINK, 0, 7, &[1, 2, 3, 4, 5]);
        part.extend(packet(libc::RTM_DELLINK, 0, 7, &[6]));
        part.extend(packet(NLMSG_DONE, 0, 7, &[0; 4]));
        let mut answer = Answer::default();
        answer.take(&part, 7).unwrap();
        assert!(answer.done && !answer.interrupted);
        assert_eq!(answer.messages.len(), 2);
        assert_eq!(answer.messages[0].body, [1, 2, 3, 4, 5]);
        assert_eq!(answer.messages[1].kind, libc::RTM_DELLINK);
        for end in 0..part.len() {
            assert!(messages(&part[..end]).len() <= 2);
        }
    }

    #[test]
    fn answers_to_an_earlier_question_are_left_out() {
        let mut answer = Answer::default();
        answer.take(&packet(NLMSG_DONE, 0, 1, &[0; 4]), 2).unwrap();
        assert!(!answer.done);
    }

    #[test]
    fn an_interrupted_dump_and_a_refusal_are_told() {
        let mut answer = Answer::default();
        answer.take(&packet(libc::RTM_NEWLINK, NLM_F_DUMP_INTR, 1, &[]), 1).unwrap();
        assert!(answer.interrupted);
        let refusal = packet(NLMSG_ERROR, 0, 1, &(-libc::ENODEV).to_ne_bytes());
        assert_eq!(answer.take(&refusal, 1).unwrap_err().errno, libc::ENODEV);
    }

    #[test]
    fn attributes_survive_every_cut() {
        let mut body = Vec::new();
        push_attribute(&mut body, 3, b"eth0\0");
        push_attribute(&mut body, 4, &1500u32.to_ne_bytes());
        let read: Vec<_> = attributes(&body).collect();
        assert_eq!(read, [(3, &b"eth0\0"[..]), (4, &1500u32.to_ne_bytes()[..])]);
        assert_eq!(text(read[0].1), "eth0");
        for end in 0..body.len() {
            assert!(attributes(&body[..end]).count() <= 2);
        }
        // A length below its own header must not loop.
        assert_eq!(attributes(&[0, 0, 3, 0, 9, 9, 9, 9]).count(), 0);
    }

    #[test]
    fn the_kernel_answers() {
        let links = dump(libc::RTM_GETLINK, &[0; 16]).unwrap();
        assert!(links.iter().any(|m| m.kind == libc::RTM_NEWLINK && u32_at(&m.body, 4) == Some(1)));
        let mut nothing = [0; 16];
        nothing[4..8].copy_from_slice(&0x7fff_fff0u32.to_ne_bytes());
        assert_eq!(ask(libc::RTM_GETLINK, &nothing).unwrap_err().errno, libc::ENODEV);
    }
}
