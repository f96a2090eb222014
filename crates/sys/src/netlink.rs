//! rtnetlink: one question and its answer, a whole table, or a standing subscription.
//!
//! The sockets are blocking and live as long as the call, but for [`Listener`]. Attributes that a newer kernel
//! adds, or that are cut short, are skipped: what can be read is read.

use crate::failure::{Failure, Result};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NlasIterator};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};

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
    let socket = open(&[], &[])?;
    let mut sequence = 0;
    loop {
        sequence += 1;
        request(&socket, kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, body)?;
        let mut answer = Answer::default();
        while !answer.done {
            answer.take(&read(&socket).map_err(failed)?, sequence)?;
        }
        // A table that never stands still is better given as it was last read than not at all.
        if !answer.interrupted || sequence as usize >= ATTEMPTS {
            return Ok(answer.messages);
        }
    }
}

/// Asks for one object. The kernel's refusal is an error with its `errno`.
pub fn ask(kind: u16, body: &[u8]) -> Result<Option<Message>> {
    let socket = open(&[], &[])?;
    request(&socket, kind, NLM_F_REQUEST, 1, body)?;
    let mut answer = Answer::default();
    while answer.messages.is_empty() && !answer.done {
        answer.take(&read(&socket).map_err(failed)?, 1)?;
    }
    Ok(answer.messages.into_iter().next())
}

/// What a [`Listener`] heard.
#[derive(Debug)]
pub enum Heard {
    /// Changes, in the kernel's order.
    Messages(Vec<Message>),
    /// The kernel had more to say than the socket could hold: everything must be read anew.
    Overrun,
}

/// A subscription to changes of the kernel's tables.
pub struct Listener {
    socket: Socket,
}

impl Listener {
    /// Subscribes to `groups`, and to those of `optional` that this kernel has.
    pub fn open(groups: &[u32], optional: &[u32]) -> Result<Listener> {
        let socket = open(groups, optional)?;
        // A thousand devices may come at once; without the right to force it the system's limit holds.
        let _ = socket.set_rx_buf_sz(4 * 1024 * 1024);
        Ok(Listener { socket })
    }

    /// Waits for changes.
    pub fn wait(&self) -> Result<Heard> {
        match read(&self.socket) {
            Ok(part) => Ok(Heard::Messages(messages(&part))),
            Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => Ok(Heard::Overrun),
            Err(e) => Err(failed(e)),
        }
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

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn failed(e: io::Error) -> Failure {
    Failure::from_io(&e, "reading from the kernel by rtnetlink")
}

fn open(groups: &[u32], optional: &[u32]) -> Result<Socket> {
    let open = || -> io::Result<Socket> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        for group in groups {
            socket.add_membership(*group)?;
        }
        for group in optional {
            let _ = socket.add_membership(*group);
        }
        Ok(socket)
    };
    open().map_err(|e| Failure::from_io(&e, "opening an rtnetlink socket"))
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
