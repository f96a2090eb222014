//! A Link's sockets: one that hears the control group at the Interface, one that sends to it from the Interface's address.

use super::packet::PACKET_MAX;
use super::{GROUP_V4, GROUP_V6};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use sys::udp::{self, Asked, Membership};

/// Bytes of packets that wait to be read: a burst of a busy link.
const BUFFER: usize = 1 << 20;

pub struct Sockets {
    pub receiver: OwnedFd,
    sender: OwnedFd,
}

impl Sockets {
    /// `address` is this host's at the device, of the family that is wanted.
    pub fn open(ifindex: u32, address: IpAddr, port: u16) -> io::Result<Sockets> {
        let v6 = address.is_ipv6();
        let group: IpAddr = if v6 { GROUP_V6.into() } else { GROUP_V4.into() };

        let receiver = udp::socket(group)?;
        let _ = udp::set_buffer(&receiver, true, BUFFER);
        udp::set_hear_all(&receiver, v6, false)?;
        if v6 {
            // For IPv6 the kernel does not ask on which device a socket has joined.
            udp::bind_device(&receiver, ifindex)?;
        }
        // Bound to the group: what is sent to the host itself, from beyond the link perhaps, does not come here.
        udp::bind_shared(&receiver, group, port, ifindex)?;
        udp::join(&receiver, &Membership { group, source: None, ifindex })?;

        let sender = udp::socket(group)?;
        udp::bind_source(&sender, address, ifindex)?;
        let source = if let IpAddr::V4(v4) = address { Some(v4) } else { None };
        udp::set_interface(&sender, v6, ifindex, source)?;
        udp::set_ttl(&sender, v6, 1)?;
        udp::set_loopback(&sender, v6, true)?;
        udp::connect(&sender, &udp::socket_address(group, port, ifindex))?;
        Ok(Sockets { receiver, sender })
    }

    /// Sends; what the device has no room for is lost, as on the way.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        udp::send_to(&self.sender, packet, None, true)
    }

    /// Reads a packet that waits, and gives its length and who sent it.
    pub fn receive(&self, buffer: &mut [u8; PACKET_MAX * 2]) -> io::Result<(usize, IpAddr)> {
        let asked = Asked { from: true, to: false };
        udp::receive_train(&self.receiver, buffer, true, asked)
            .map(|(length, _, origin)| (length, origin.from.ip()))
    }
}
