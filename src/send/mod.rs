//! Sending: the route by the URI's bytes, then one system call per Interface. No allocation, no lock, no name parsed.
//! Messages to framed groups are made frames on the way (`framed`), several of them in one when asked (`bundle`).

mod bundle;
mod carried;
mod framed;
mod outbound;

pub(crate) use carried::CarrierWay;
pub(crate) use framed::Outlet;
pub(crate) use outbound::Outbound;

use crate::counters::InterfaceCounters;
use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use crate::technology::ip::Sender;
use socket2::SockAddr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use sys::logging::Pace;
use sys::poll;
use sys::udp;

/// How long a bundle that is due waits for room.
const BRIEFLY: Duration = Duration::from_millis(100);

/// How long a send waits while IPv6 on a device that has just come up checks its own address (RFC 4862 §5.4).
const ADDRESS_CHECK: Duration = Duration::from_secs(3);

/// One way out to a group.
pub(crate) struct Target {
    pub way: Way,
    /// For the log.
    pub interface: String,
    /// What went out by the Interface.
    pub counters: Arc<InterfaceCounters>,
}

/// What a target sends by.
pub(crate) enum Way {
    Ip(IpWay),
    Carrier(CarrierWay),
}

pub(crate) struct IpWay {
    pub sender: Arc<Sender>,
    /// `None` when the sender is connected to this very group: then the kernel keeps the route.
    pub address: Option<SockAddr>,
}

impl IpWay {
    #[inline]
    fn send(&self, datagram: &[u8], dont_wait: bool) -> io::Result<()> {
        udp::send_to(&self.sender.fd, datagram, self.address.as_ref(), dont_wait)
    }
}

impl Target {
    /// Sends one datagram, or one frame.
    #[inline]
    fn send(&self, datagram: &[u8], dont_wait: bool) -> io::Result<()> {
        match &self.way {
            Way::Ip(way) => way.send(datagram, dont_wait),
            Way::Carrier(way) => way.put(datagram),
        }
    }

    /// The sender of technology `ip`.
    pub fn sender(&self) -> Option<&Arc<Sender>> {
        match &self.way {
            Way::Ip(way) => Some(&way.sender),
            Way::Carrier(_) => None,
        }
    }

    fn is_ipv6(&self) -> bool {
        matches!(&self.way, Way::Ip(way) if way.sender.v6)
    }

    #[inline]
    fn is_silent(&self) -> bool {
        match &self.way {
            Way::Ip(way) => way.sender.silent.load(Ordering::Relaxed),
            Way::Carrier(way) => way.reach.is_none(),
        }
    }
}

/// Whether a send waits while there is no room for its message.
#[derive(Clone, Copy)]
enum Wait {
    /// Unless the handle has O_NONBLOCK.
    AsTheHandleSays,
    /// The same, and not for long.
    Briefly,
    Never,
}

/// Where messages for one URI go.
pub(crate) struct Route {
    /// Whose it is.
    outbound: Arc<Outbound>,
    uri: Box<[u8]>,
    generation: u32,
    targets: Box<[Target]>,
    /// How a framed group is sent to; `None`: the message is the payload.
    framed: Option<Framed>,
}

/// How frames to one URI are made.
pub(crate) struct Framed {
    pub outlet: Arc<Outlet>,
    /// The longest datagram that travels unfragmented by all targets.
    pub limit: usize,
    /// Carriers alone get frames: in technology `ip` the message itself is the payload.
    pub raw: bool,
}

impl Route {
    /// True when this is the route for `uri` as things stand at its socket.
    #[inline]
    pub fn serves(&self, uri: &[u8]) -> bool {
        *self.uri == *uri && self.generation == self.outbound.generation.load(Ordering::Acquire)
    }

    /// True when its socket is at its end.
    pub fn is_deleted(&self) -> bool {
        self.outbound.core.is_deleted()
    }

    /// Sends a message to the group by every Interface of the socket that carries it (RFC 7046 §4.5.1). It succeeds when one
    /// of them took it.
    #[inline]
    pub fn send(self: &Arc<Route>, message: &[u8]) -> Result<()> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::MessageSize(MAX_MESSAGE));
        }
        let outbound = &*self.outbound;
        match &self.framed {
            None => outbound
                .pass(self, 1, Wait::AsTheHandleSays, |target, dont_wait| target.send(message, dont_wait)),
            Some(framed) if framed.raw => outbound.send_both(self, framed, message),
            Some(framed) => outbound.send_framed(self, framed, message),
        }
    }
}

impl Outbound {
    /// Passes what holds `messages` messages to every target by `send`, which is told not to wait and goes on where it
    /// stopped when it is called again. What it
    /// does while there is no room, `wait` says.
    #[inline]
    fn pass(
        &self,
        route: &Route,
        messages: u64,
        wait: Wait,
        send: impl Fn(&Target, bool) -> io::Result<()>,
    ) -> Result<()> {
        let (mut passed, mut full, mut failure) = (false, 0u64, None);
        // An Interface may have a target for each family: a message counts once there.
        let (mut sent_by, mut failed_at) = (std::ptr::null(), std::ptr::null());
        for (i, target) in route.targets.iter().enumerate() {
            let interface = Arc::as_ptr(&target.counters);
            if target.is_silent() {
                passed = true;
                continue;
            }
            let result = match send(target, true) {
                Ok(()) => Ok(()),
                Err(error) => self.retry(route, target, &|dont_wait| send(target, dont_wait), wait, error),
            };
            match result {
                Ok(()) => {
                    passed = true;
                    if sent_by != interface {
                        target.counters.sent.fetch_add(messages, Ordering::Relaxed);
                        sent_by = interface;
                    }
                }
                Err(error) => {
                    if failed_at != interface {
                        failed_at = interface;
                        if error.is_for_now() {
                            full |= 1 << (i % 64);
                        } else {
                            self.count_failure(target, messages);
                        }
                    }
                    // What is for now must not hide that a part of the message may be out by another target.
                    if failure.as_ref().is_none_or(Error::is_for_now) {
                        failure = Some(error);
                    }
                }
            }
        }
        match failure {
            None => {}
            // Nothing is lost when the whole call is to be made again.
            Some(error) if !passed => return Err(error),
            Some(error) => {
                let lost = route.targets.iter().enumerate().filter(|(i, _)| full & 1 << (i % 64) != 0);
                lost.for_each(|(_, target)| self.count_failure(target, messages));
                told_of(&error);
            }
        }
        self.core.counters.sent.fetch_add(messages, Ordering::Relaxed);
        Ok(())
    }

    #[cold]
    fn count_failure(&self, target: &Target, messages: u64) {
        self.core.counters.send_failures.fetch_add(messages, Ordering::Relaxed);
        target.counters.send_failures.fetch_add(messages, Ordering::Relaxed);
    }

    /// What to do when a send did not go through at once.
    #[cold]
    fn retry(
        &self,
        route: &Route,
        target: &Target,
        send: &dyn Fn(bool) -> io::Result<()>,
        wait: Wait,
        error: io::Error,
    ) -> Result<()> {
        let mut error = error;
        let start = Instant::now();
        let mut told = true;
        loop {
            match error.raw_os_error() {
                _ if self.core.is_deleted() => return Err(Error::NoSuchSocket),
                // It waits by itself, and some may have the message already: again, they would have it twice.
                _ if target.sender().is_none() => return Err(self.send_failed(route, target, error)),
                Some(libc::EINTR) => {}
                // Not of this message, but what a host on the link has said to an earlier one; told once.
                Some(
                    libc::ECONNREFUSED
                    | libc::EHOSTUNREACH
                    | libc::ENETUNREACH
                    | libc::EHOSTDOWN
                    | libc::EPROTO
                    | libc::EMSGSIZE,
                ) if told => told = false,
                // The send buffer is full: the kernel sleeps until the device has taken some of it.
                Some(libc::EAGAIN) if self.must_not(wait) => return Err(Error::WouldBlock),
                Some(libc::EAGAIN) if matches!(wait, Wait::Briefly) => {
                    let sender = target.sender();
                    if !sender.is_some_and(|sender| poll::wait_writable(&sender.fd, BRIEFLY).unwrap_or(false))
                    {
                        return Err(Error::WouldBlock);
                    }
                }
                Some(libc::EAGAIN) => {
                    match send(false) {
                        Ok(()) => return Ok(()),
                        Err(e) if e.raw_os_error() == Some(libc::EINTR) => {
                            return Err(Error::from_io(&e, "send"));
                        }
                        Err(e) => error = e,
                    }
                    if error.raw_os_error() == Some(libc::EAGAIN) {
                        return Err(self.send_failed(route, target, error));
                    }
                    continue;
                }
                // IPv6, and the device's own address is still tentative.
                Some(libc::EADDRNOTAVAIL) if target.is_ipv6() && start.elapsed() < ADDRESS_CHECK => {
                    if self.must_not(wait) {
                        return Err(Error::WouldBlock);
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return Err(self.send_failed(route, target, error)),
            }
            match send(true) {
                Ok(()) => return Ok(()),
                Err(e) => error = e,
            }
        }
    }

    fn must_not(&self, wait: Wait) -> bool {
        matches!(wait, Wait::Never) || self.core.handle.nonblocking()
    }

    fn send_failed(&self, route: &Route, target: &Target, error: io::Error) -> Error {
        let advice = match error.raw_os_error() {
            _ if matches!(target.way, Way::Carrier(_)) => carried::advice(&error),
            Some(libc::ENETUNREACH) if target.is_ipv6() && target.interface.starts_with("Interface lo ") => {
                ": loopback needs a route: ip -6 route add local ff00::/8 dev lo table local"
            }
            Some(libc::ENETUNREACH | libc::ENETDOWN) => ": is the Interface up, and does it have an address?",
            Some(libc::ENOBUFS) => {
                ": a queue is full and it was dropped; send slower, or raise the device's txqueuelen (veth: sysctl \
                 net.core.netdev_max_backlog)"
            }
            Some(libc::EPERM) => ": a firewall rule of this host forbids it",
            Some(libc::ENODEV | libc::ENXIO) => ": the device is gone",
            _ => "",
        };
        let uri = String::from_utf8_lossy(&route.uri);
        Error::from_io(&error, format!("send to {uri} on {}{advice}", target.interface))
    }
}

/// Tells of a failure at one Interface when another one took the message, at a bounded rate.
#[cold]
fn told_of(error: &Error) {
    static PACE: Pace = Pace::new();
    static SINCE: AtomicU64 = AtomicU64::new(0);
    SINCE.fetch_add(1, Ordering::Relaxed);
    if PACE.due() {
        let failures = SINCE.swap(0, Ordering::Relaxed);
        log::warn!("{error} (another Interface took the message; {failures} times since the last such line)");
    }
}
