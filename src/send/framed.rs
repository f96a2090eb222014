//! Messages to framed groups: frames of one message in one train of datagrams, the same bytes by every Interface.

use super::bundle::Bundle;
use super::{Framed, IpWay, Outbound, Route, Target, Wait, Way};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::frame::{Flow, Framing, Packed};
use crate::lend::lend;
use arc_swap::ArcSwapOption;
use carrier::Frame;
use std::cell::{Cell, RefCell};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use sys::poll;
use sys::random;
use sys::udp;

/// The longest train, in bytes: what one UDP datagram could hold.
const TRAIN_BYTES: usize = 65487;

/// How long the rest of a message waits for room in the send buffer when its first frames are out and the buffer cannot
/// be widened, also when the handle has O_NONBLOCK.
const REST: Duration = Duration::from_millis(100);

/// Said when that was too long.
const HALF: &str = "send: the device takes nothing more, and a part of the message is out, which is lost with the rest; \
                    send slower, or raise send_buffer (HAM_SEND_BUFFER)";

thread_local! {
    static PACKED: RefCell<Packed> = RefCell::default();
}

/// Where the messages to one framed group by one URI's credentials become frames. It outlives the routes.
pub(crate) struct Outlet {
    framing: Framing,
    first: Flow,
    /// In its place when it is spent.
    later: ArcSwapOption<Flow>,
    pub(super) bundle: Option<Bundle>,
    pub(super) outbound: Weak<Outbound>,
}

impl Outlet {
    pub fn new(outbound: &Arc<Outbound>, framing: &Framing, config: &Config) -> Result<Outlet> {
        let first = new_flow(framing, config)?;
        let (bundle, outbound) = (Bundle::new(config), Arc::downgrade(outbound));
        Ok(Outlet { framing: framing.clone(), first, later: ArcSwapOption::empty(), bundle, outbound })
    }

    /// Does it with the sender that the next message is of, and with the thread's room for frames.
    #[inline]
    pub(super) fn with_flow<T>(
        &self,
        config: &Config,
        act: impl FnOnce(&Flow, &mut Packed) -> Result<T>,
    ) -> Result<T> {
        if !self.first.is_spent() {
            return lend(&PACKED, |packed| act(&self.first, packed));
        }
        let later = self.later(config)?;
        lend(&PACKED, |packed| act(&later, packed))
    }

    /// Bytes that a frame has more than the unfragmented message in it.
    pub(super) fn overhead(&self) -> usize {
        self.first.overhead()
    }

    #[cold]
    fn later(&self, config: &Config) -> Result<Arc<Flow>> {
        if let Some(flow) = self.later.load_full().filter(|flow| !flow.is_spent()) {
            return Ok(flow);
        }
        let flow = Arc::new(new_flow(&self.framing, config)?);
        self.later.store(Some(flow.clone()));
        Ok(flow)
    }
}

fn new_flow(framing: &Framing, config: &Config) -> Result<Flow> {
    let sender = random::bytes().map_err(|e| Error::from_io(&e, "a random sender id"))?;
    Ok(Flow::new(framing.tag, framing.key.as_ref(), config.fec_percent, sender))
}

impl Outbound {
    #[inline]
    pub(super) fn send_framed(&self, route: &Arc<Route>, framed: &Framed, message: &[u8]) -> Result<()> {
        match &framed.outlet.bundle {
            None => self.send_alone(route, framed, message),
            Some(bundle) => self.send_bundled(route, framed, bundle, message),
        }
    }

    /// Sends one message in frames of its own.
    #[inline]
    pub(super) fn send_alone(&self, route: &Route, framed: &Framed, message: &[u8]) -> Result<()> {
        framed.outlet.with_flow(self.core.config, |flow, packed| {
            flow.pack(message, framed.limit, packed);
            let result = self.send_packed(route, packed, 1, Wait::AsTheHandleSays);
            if matches!(result, Err(Error::WouldBlock)) {
                // By no target: nothing of it is out, so that no receiver shall miss it.
                flow.take_back(packed);
            }
            result
        })
    }

    /// Sends frames that hold `messages` messages.
    #[inline]
    pub(super) fn send_packed(
        &self,
        route: &Route,
        packed: &mut Packed,
        messages: u64,
        wait: Wait,
    ) -> Result<()> {
        if packed.bytes().len() <= packed.segment() {
            if let [Target { way: Way::Carrier(way), .. }] = &*route.targets {
                // Nobody else wants the bytes, and it is put once.
                let frame = Cell::new(way.take(packed));
                let put = |_: &Target, _| way.put_marked(frame.replace(Frame::Borrowed(&[])));
                return self.pass(route, messages, wait, put);
            }
            let send = |target: &Target, dont_wait| target.send(packed.bytes(), dont_wait);
            return self.pass(route, messages, wait, send);
        }
        // Which target is at work, and how many bytes are out by it.
        let progress = Cell::new((std::ptr::null(), 0));
        let begun_any = Cell::new(false);
        let result = self.pass(route, messages, wait, |target, dont_wait| {
            let begun = progress.get().0 == std::ptr::from_ref(target);
            let mut done = if begun { progress.get().1 } else { 0 };
            let result = target.send_frames(packed, dont_wait, &mut done);
            progress.set((target, done));
            begun_any.set(begun_any.get() || done > 0);
            result
        });
        match result {
            // Half of it is out: not a call to be made again as if nothing had been.
            Err(Error::WouldBlock) if begun_any.get() => {
                self.core.counters.send_failures.fetch_add(messages, Ordering::Relaxed);
                Err(Error::System { errno: libc::ENOBUFS, doing: HALF.into() })
            }
            result => result,
        }
    }
}

impl Target {
    /// Sends the frames from byte `done` on, which it moves.
    fn send_frames(&self, packed: &Packed, dont_wait: bool, done: &mut usize) -> io::Result<()> {
        match &self.way {
            Way::Ip(way) => way.send_frames(packed, dont_wait, done, &self.interface),
            Way::Carrier(way) => way.put_frames(packed, done),
        }
    }
}

impl IpWay {
    fn send_frames(
        &self,
        packed: &Packed,
        dont_wait: bool,
        done: &mut usize,
        interface: &str,
    ) -> io::Result<()> {
        let mut widened = false;
        let result = loop {
            let Err(e) = self.send_rest(packed, dont_wait, done, interface) else { break Ok(()) };
            // Half a message is of no use to anyone. In a buffer that is widened for the rest, it need not wait.
            if e.raw_os_error() != Some(libc::EAGAIN) || !dont_wait || *done == 0 {
                break Err(e);
            }
            if !widened && self.sender.widen() {
                widened = true;
            } else if !poll::wait_writable(&self.sender.fd, REST).unwrap_or(false) {
                break Err(e);
            }
        };
        if widened {
            self.sender.narrow();
        }
        result
    }

    fn send_rest(
        &self,
        packed: &Packed,
        dont_wait: bool,
        done: &mut usize,
        interface: &str,
    ) -> io::Result<()> {
        let segment = packed.segment();
        let train = (TRAIN_BYTES / segment).clamp(1, udp::TRAIN) * segment;
        while let Some(rest) = packed.bytes().get(*done..).filter(|rest| !rest.is_empty()) {
            let part = &rest[..rest.len().min(train)];
            let alone = &part[..part.len().min(segment)];
            *done += match self.send_train(part, segment, dont_wait, interface) {
                Some(sent) => sent.map(|()| part.len())?,
                None => self.send(alone, dont_wait).map(|()| alone.len())?,
            };
        }
        Ok(())
    }

    /// Sends several frames in one call; `None` when that cannot be done, or not now.
    fn send_train(
        &self,
        frames: &[u8],
        segment: usize,
        dont_wait: bool,
        interface: &str,
    ) -> Option<io::Result<()>> {
        let size = u16::try_from(segment).ok().filter(|_| frames.len() > segment)?;
        if !self.sender.trains.load(Ordering::Relaxed) {
            return None;
        }
        let sent = udp::send_train(&self.sender.fd, frames, size, self.address.as_ref(), dont_wait);
        match sent.as_ref().err().and_then(io::Error::raw_os_error) {
            // The MTU has just shrunk: the kernel fragments single datagrams, but not those of a train.
            Some(libc::EINVAL | libc::EMSGSIZE) => None,
            // The kernel or the device cannot, and will not learn it.
            Some(libc::EIO | libc::EOPNOTSUPP | libc::ENOPROTOOPT) => {
                self.sender.trains.store(false, Ordering::Relaxed);
                log::debug!("{interface}: datagrams go out one by one, for trains fail");
                None
            }
            _ => Some(sent),
        }
    }
}
