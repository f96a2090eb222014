//! Messages by carriers: always in frames, and whole where no target of technology `ip` needs them cut. What travels raw
//! in technology `ip` goes to carriers with the addresses that it comes from there, so that who hears both knows.

use super::{Framed, Outbound, Route, Target, Wait, Way};
use crate::error::{Error, Result};
use crate::frame::{HOP_LIMIT, Packed};
use carrier::{Frame, Reach};
use std::io;

/// A way out by a carrier. It waits by itself, and for a bounded time, also where the handle has O_NONBLOCK: who is told to
/// try again would give the number of the message to another one, and some receivers have it already.
pub(crate) struct CarrierWay {
    pub way: Box<dyn carrier::Way>,
    /// The hop limit that its frames carry.
    pub ttl: u8,
    /// `None`: hop limit 0 without loopback, so nobody is left.
    pub reach: Option<Reach>,
    /// Of what travels raw in technology `ip`: see `receive::twins`.
    pub sources: Box<[u8]>,
}

impl CarrierWay {
    /// Puts a frame that others send, too.
    #[inline]
    pub(super) fn put(&self, frame: &[u8]) -> io::Result<()> {
        let mut frame = frame.to_vec();
        self.mark(&mut frame);
        self.put_marked(Frame::Own(frame))
    }

    /// The one frame that is packed and that nobody else sends: to be put, and kept by the technology if it is worth it.
    #[inline]
    pub(super) fn take<'a>(&self, packed: &'a mut Packed) -> Frame<'a> {
        self.mark(packed.bytes_mut());
        match packed.bytes().len() < carrier::KEPT {
            true => Frame::Borrowed(packed.bytes()),
            false => Frame::Own(packed.take()),
        }
    }

    #[inline]
    pub(super) fn put_marked(&self, frame: Frame<'_>) -> io::Result<()> {
        self.reach.map_or(Ok(()), |reach| self.way.put(frame, &self.sources, reach))
    }

    /// Each carrier has a hop limit of its own.
    fn mark(&self, frame: &mut [u8]) {
        if let Some(place) = frame.get_mut(HOP_LIMIT) {
            *place = self.ttl;
        }
    }

    /// Puts the frames from byte `done` on, which it moves.
    pub(super) fn put_frames(&self, packed: &Packed, done: &mut usize) -> io::Result<()> {
        while let Some(rest) = packed.bytes().get(*done..).filter(|rest| !rest.is_empty()) {
            let frame = &rest[..rest.len().min(packed.segment())];
            self.put(frame)?;
            *done += frame.len();
        }
        Ok(())
    }
}

impl Outbound {
    /// Sends a message raw by technology `ip`, and in a frame by carriers.
    pub(super) fn send_both(&self, route: &Route, framed: &Framed, message: &[u8]) -> Result<()> {
        framed.outlet.with_flow(self.core.config, |flow, packed| {
            flow.pack(message, framed.limit, packed);
            let send = |target: &Target, dont_wait| match &target.way {
                Way::Ip(way) => way.send(message, dont_wait),
                Way::Carrier(way) => way.put(packed.bytes()),
            };
            let result = self.pass(route, 1, Wait::AsTheHandleSays, send);
            if matches!(result, Err(Error::WouldBlock)) {
                flow.take_back(packed);
            }
            result
        })
    }
}

/// What to do about a failure.
pub(super) fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENETUNREACH) => ": it has no router now; it connects again by itself",
        Some(libc::ENOBUFS) => ": it takes no more for now; send slower, or raise block_ms",
        Some(libc::EADDRNOTAVAIL) => ": not in a child of fork(); use it in the parent, or exec() first",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::core::Core;
    use crate::technology::loopback;
    use crate::technology::loopback::settings::LoopbackSettings;
    use std::cell::Cell;
    use std::sync::Arc;
    use sys::handle::{self, Handle};

    #[test]
    fn what_a_carrier_refuses_is_not_put_again() {
        let way = loopback::open(&LoopbackSettings::default()).unwrap().way("ham:opaque:a").unwrap();
        let way = CarrierWay { way, ttl: 1, reach: Some(Reach::All), sources: Box::default() };
        let target = Target { way: Way::Carrier(way), interface: String::new(), counters: Arc::default() };
        let (number, handle) = Handle::create().unwrap();
        let core = Arc::new(Core::new(number, handle, config::get().unwrap()));
        let outbound = Arc::new(Outbound::new(core));
        let route = outbound.keep_route(b"ham:opaque:a", vec![target], None);
        for errno in [libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ENOBUFS, libc::EADDRNOTAVAIL] {
            let puts = Cell::new(0);
            let put = |_: &Target, _| {
                puts.set(puts.get() + 1);
                Err(io::Error::from_raw_os_error(errno))
            };
            assert!(outbound.pass(&route, 1, Wait::AsTheHandleSays, put).is_err());
            assert_eq!(puts.get(), 1, "{errno}");
        }
        outbound.forget_routes();
        handle::close(number);
    }
}
