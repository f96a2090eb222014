//! Technology `ip`: native IPv4 and IPv6 multicast, any-source and source-specific; the payload is the message itself, or
//! HAM frames.
//!
//! One receiver is one UDP socket bound to one Group Address and joined on one device. A crowd of groups shares one
//! receiver per port instead: it hears every group of the port that the host has joined, other sockets ("holders")
//! hold the memberships, and the library drops what was not joined. None of these calls blocks.

mod crowd;
mod holders;
pub mod seats;
mod sender;

pub use crowd::Crowd;
pub use sender::Sender;

use crate::counters::InterfaceCounters;
use crate::frame::Tag;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use sys::udp::{self, Asked, Membership, Origin};

/// How long `receive` sleeps in the read of its one receiver, which saves an epoll call for each wait while messages
/// come often, before it goes to sleep in the epoll set. A receiver that is given up wakes its reader at once; this is
/// for one that is added.
pub const LOOK_AROUND: Duration = Duration::from_millis(130);

/// A membership that a holder holds for a shared receiver.
#[derive(Clone)]
pub struct Held {
    /// The Group Name in normal form.
    pub name: Arc<str>,
    /// Group Address, source, device.
    pub membership: Membership,
    /// Of a framed group.
    pub decoding: Option<Decoding>,
}

/// A framed group at a multicast socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoding {
    /// What its frames are marked with.
    pub tag: Tag,
    /// Which of the socket's decoders takes them.
    pub decoder: usize,
}

/// The framed group that a frame is for.
pub struct FramedGroup {
    /// Which of the multicast socket's decoders takes it.
    pub decoder: usize,
    /// Its Group Name; `None`: the one that the receiver hears.
    pub name: Option<Arc<str>>,
}

/// A UDP socket that messages come in by.
pub struct Receiver {
    /// Its token in the handle's epoll set.
    pub token: u64,
    /// The socket.
    pub fd: OwnedFd,
    /// What it hears.
    pub hears: Hears,
    /// False once the multicast socket has given it up.
    pub live: AtomicBool,
    /// Reads in a row that found a message at once: the sign of a backlog.
    pub hits: AtomicU32,
    /// The last message was long: it is read in another way.
    pub long: AtomicBool,
    /// The longest datagram of its family, without an IPv6 jumbo payload: 65535 bytes of IP payload less UDP's header,
    /// and in IPv4 less the header of IP too.
    pub longest: usize,
    /// The kernel's drop counter when it was last added to the statistics.
    pub drops_seen: AtomicU32,
    /// What it hears are HAM frames.
    pub framed: bool,
    /// One datagram has brought several messages: they can be for several threads that wait.
    pub several: AtomicBool,
    /// What came in by the Interface.
    pub counters: Arc<InterfaceCounters>,
}

/// What a receiver hears.
pub enum Hears {
    /// One group on one device.
    One {
        /// The Group Name in normal form.
        group: Arc<str>,
        /// The device; it changes when the device is recreated.
        ifindex: AtomicU32,
        /// Of a framed group.
        decoding: Option<Decoding>,
    },
    /// Every group of a port at a device; those in the table are for the application.
    Shared {
        /// The memberships, by Group Address.
        table: Crowd,
        /// The device.
        ifindex: u32,
    },
}

/// What the configuration says of the sockets of technology `ip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpSettings {
    /// Bytes of the receive buffer of each receiver.
    pub receive_buffer: usize,
    /// Bytes of the send buffer of each sender.
    pub send_buffer: usize,
    /// What this host sends comes back to its own members.
    pub loopback: bool,
}

/// What a receiver is opened for.
pub struct Opening<'a> {
    /// Its token in the handle's epoll set.
    pub token: u64,
    /// The UDP port.
    pub port: u16,
    /// What came in by the Interface.
    pub counters: &'a Arc<InterfaceCounters>,
    /// What is configured.
    pub settings: IpSettings,
}

impl Receiver {
    fn new(opening: &Opening, fd: OwnedFd, v6: bool, framed: bool, hears: Hears) -> Receiver {
        if framed {
            udp::set_trains(&fd);
        }
        Receiver {
            token: opening.token,
            fd,
            hears,
            live: AtomicBool::new(true),
            hits: AtomicU32::new(0),
            long: AtomicBool::new(false),
            longest: if v6 { 65527 } else { 65507 },
            drops_seen: AtomicU32::new(0),
            framed,
            several: AtomicBool::new(false),
            counters: opening.counters.clone(),
        }
    }

    /// A receiver of its own for one membership.
    pub fn one(
        opening: &Opening,
        group: Arc<str>,
        membership: &Membership,
        decoding: Option<Decoding>,
    ) -> io::Result<Receiver> {
        let fd = open(membership.group, opening.settings)?;
        let v6 = membership.group.is_ipv6();
        udp::set_hear_all(&fd, v6, false)?;
        if v6 {
            // For IPv6 the kernel does not ask on which device a socket has joined.
            udp::bind_device(&fd, membership.ifindex)?;
        }
        udp::bind_shared(&fd, membership.group, opening.port, membership.ifindex)?;
        udp::join(&fd, membership)?;
        let ifindex = AtomicU32::new(membership.ifindex);
        let hears = Hears::One { group, ifindex, decoding };
        Ok(Receiver::new(opening, fd, v6, decoding.is_some(), hears))
    }

    /// A receiver for a crowd of groups of one port at one device, which are either all framed or none.
    pub fn shared(opening: &Opening, v6: bool, ifindex: u32, framed: bool) -> io::Result<Receiver> {
        let any: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let fd = open(any, opening.settings)?;
        udp::set_destination(&fd, v6)?;
        udp::bind_device(&fd, ifindex)?;
        udp::bind_shared(&fd, any, opening.port, 0)?;
        Ok(Receiver::new(opening, fd, v6, framed, Hears::Shared { table: Crowd::new(), ifindex }))
    }

    /// True when it hears one group, on one device.
    #[inline]
    pub fn hears_one(&self) -> bool {
        matches!(self.hears, Hears::One { .. })
    }

    /// What has to be known of each message; `details`: the sender is wanted for its own sake.
    #[inline]
    pub fn asks(&self, details: bool) -> Asked {
        match &self.hears {
            Hears::One { .. } => Asked { from: details, to: false },
            Hears::Shared { .. } => Asked { from: true, to: true },
        }
    }

    /// The same for a read that does not wait: no source-specific group is joined in the middle of it.
    #[inline]
    pub fn asks_now(&self, details: bool) -> Asked {
        match &self.hears {
            Hears::Shared { table, .. } if !table.asks_source() => Asked { from: details, to: true },
            _ => self.asks(details),
        }
    }

    /// The group that a message is for and the device it came in by; `None` when it is for nobody here.
    pub fn group_of(&self, origin: &Origin) -> Option<(Arc<str>, u32)> {
        match &self.hears {
            Hears::One { group, ifindex, .. } => Some((group.clone(), ifindex.load(Ordering::Relaxed))),
            Hears::Shared { table, ifindex } => {
                let (to, from) = (origin.to?, origin.from.ip());
                // A source-specific name is the closer match.
                let mut any_source = None;
                let closer = table.find(to, |held| {
                    if held.membership.group == to && held.membership.source.is_none() {
                        any_source = Some(held.name.clone());
                    }
                    (held.membership.group == to && held.membership.source == Some(from))
                        .then(|| held.name.clone())
                });
                closer.or(any_source).map(|name| (name, *ifindex))
            }
        }
    }

    /// The Group Name, when it hears one, and the device.
    pub fn place(&self) -> (Option<Arc<str>>, u32) {
        match &self.hears {
            Hears::One { group, ifindex, .. } => (Some(group.clone()), ifindex.load(Ordering::Relaxed)),
            Hears::Shared { ifindex, .. } => (None, *ifindex),
        }
    }

    /// Whose frame it is that came so; `tag` is asked for only where several groups come in. `None`: nobody's here.
    #[inline]
    pub fn decoder_of(&self, origin: &Origin, tag: impl FnOnce() -> Option<Tag>) -> Option<FramedGroup> {
        match &self.hears {
            Hears::One { decoding, .. } => {
                Some(FramedGroup { decoder: decoding.as_ref()?.decoder, name: None })
            }
            Hears::Shared { table, .. } => {
                let (to, tag) = (origin.to?, tag()?);
                let fits = |source: Option<IpAddr>| source.is_none_or(|source| source == origin.from.ip());
                table.find(to, |held| {
                    let decoding = held.decoding.filter(|decoding| decoding.tag == tag)?;
                    (held.membership.group == to && fits(held.membership.source))
                        .then(|| FramedGroup { decoder: decoding.decoder, name: Some(held.name.clone()) })
                })
            }
        }
    }

    /// True when a message is for the application: what [`Receiver::group_of`] tells, at less cost.
    #[inline]
    pub fn wants(&self, origin: &Origin) -> bool {
        match (&self.hears, origin.to) {
            (Hears::One { .. }, _) => true,
            (Hears::Shared { .. }, None) => false,
            (Hears::Shared { table, .. }, Some(to)) => {
                if table.surely_hears(to) {
                    return true;
                }
                let fits = |source: Option<IpAddr>| source.is_none_or(|source| source == origin.from.ip());
                let ours =
                    |held: &Held| (held.membership.group == to && fits(held.membership.source)).then_some(());
                table.find(to, ours).is_some()
            }
        }
    }

    /// True only when every message to this Group Address is for the application. False says nothing.
    #[inline]
    pub fn surely_wants(&self, to: Option<IpAddr>) -> bool {
        match (&self.hears, to) {
            (Hears::One { .. }, _) => true,
            (Hears::Shared { table, .. }, Some(to)) => table.surely_hears(to),
            (Hears::Shared { .. }, None) => false,
        }
    }

    /// How many messages the kernel has dropped here since the last time that this was asked.
    pub fn new_drops(&self) -> u32 {
        let Ok(now) = udp::drops(&self.fd) else { return 0 };
        // Two may ask at a time, and the one that asked the kernel first be the last here.
        let newer = |seen: u32| (now.wrapping_sub(seen) as i32 > 0).then_some(now);
        match self.drops_seen.fetch_update(Ordering::Relaxed, Ordering::Relaxed, newer) {
            Ok(seen) => now.wrapping_sub(seen),
            Err(_) => 0,
        }
    }
}

fn open(address: IpAddr, settings: IpSettings) -> io::Result<OwnedFd> {
    let fd = udp::socket(address)?;
    let size = udp::set_buffer(&fd, true, settings.receive_buffer)?;
    if size < settings.receive_buffer {
        static TOLD: std::sync::Once = std::sync::Once::new();
        TOLD.call_once(|| {
            log::info!(
                "receive buffers are {size} bytes, not the configured {}: raise it with \
                 sysctl net.core.rmem_max={}, or give the process CAP_NET_ADMIN",
                settings.receive_buffer,
                settings.receive_buffer
            )
        });
    }
    udp::set_read_timeout(&fd, LOOK_AROUND)?;
    Ok(fd)
}

/// The key of a Group Address in a table.
fn key(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
