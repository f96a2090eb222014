//! The sockets that messages go out by.

use super::IpSettings;
use once_cell::race::OnceBox;
use socket2::SockAddr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use sys::udp;

/// This many bytes hold all frames of a message, parity and the kernel's own share included.
const WIDER: usize = 512 << 10;

/// A UDP socket that messages go out by: one device, one family.
pub struct Sender {
    /// The socket.
    pub fd: OwnedFd,
    /// Its family.
    pub v6: bool,
    /// The source that its messages carry, when a source-specific name asks for one.
    pub source: Option<IpAddr>,
    /// Nothing may leave: hop limit 0 without loopback (the kernel would let IPv6 out all the same).
    pub silent: AtomicBool,
    /// The kernel cuts what is handed to it as a train of datagrams.
    pub trains: AtomicBool,
    /// Its send buffer, in bytes.
    buffer: AtomicUsize,
    prepared: AtomicBool,
    /// The group that it is connected to, if that went well.
    connected: OnceBox<Option<SockAddr>>,
}

impl Sender {
    /// Opens a sender by the device `ifindex`; `address` is needed on IPv4 loopback, which has no source of its own.
    pub fn new(
        v6: bool,
        ifindex: u32,
        source: Option<IpAddr>,
        address: Option<Ipv4Addr>,
        ttl: u8,
        settings: IpSettings,
    ) -> io::Result<Sender> {
        let any: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let fd = udp::socket(any)?;
        let buffer = AtomicUsize::new(udp::set_buffer(&fd, false, settings.send_buffer)?);
        if let Some(source) = source {
            udp::bind_source(&fd, source, ifindex)?;
        }
        let address = match source {
            Some(IpAddr::V4(source)) => Some(source),
            _ => address,
        };
        udp::set_interface(&fd, v6, ifindex, address)?;
        udp::set_loopback(&fd, v6, settings.loopback)?;
        udp::set_sender_honesty(&fd, v6)?;
        let sender = Sender {
            fd,
            v6,
            source,
            silent: AtomicBool::new(false),
            trains: AtomicBool::new(true),
            buffer,
            prepared: AtomicBool::new(false),
            connected: OnceBox::new(),
        };
        sender.set_ttl(ttl, settings)?;
        Ok(sender)
    }

    /// The address to send to `group` with. The first group of a sender gets it connected, once and for all, and needs
    /// none: most programs send to one group, and the kernel then looks up its route once. (To connect again to another
    /// group would send the messages of a thread that is just sending to the wrong one.)
    pub fn address(&self, group: SockAddr) -> Option<SockAddr> {
        let connect = || Box::new(udp::connect(&self.fd, &group).is_ok().then(|| group.clone()));
        let connected = self.connected.get_or_init(connect).as_ref() == Some(&group);
        (!connected).then_some(group)
    }

    /// Sees to it that the send buffer can be widened: where it is all that the system allows, half of it has to do.
    pub fn prepare_to_widen(&self, configured: usize) {
        let now = self.buffer.load(Ordering::Relaxed);
        let first = !self.prepared.swap(true, Ordering::Relaxed);
        if first && now < configured {
            if let Ok(half) = udp::set_buffer(&self.fd, false, now / 2) {
                self.buffer.store(half, Ordering::Relaxed);
            }
        }
    }

    /// Widens the send buffer, so that the rest of a message goes where its beginning went. False: no wider than before.
    pub fn widen(&self) -> bool {
        let before = self.buffer.load(Ordering::Relaxed);
        udp::set_buffer(&self.fd, false, before + WIDER).is_ok_and(|now| now > before)
    }

    /// Ends that.
    pub fn narrow(&self) {
        let _ = udp::set_buffer(&self.fd, false, self.buffer.load(Ordering::Relaxed));
    }

    /// Changes the hop limit.
    pub fn set_ttl(&self, ttl: u8, settings: IpSettings) -> io::Result<()> {
        udp::set_ttl(&self.fd, self.v6, ttl)?;
        self.silent.store(ttl == 0 && !settings.loopback, Ordering::Relaxed);
        Ok(())
    }
}
