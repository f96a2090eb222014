//! How `receive` waits: for a moment it reads busily, where that helps; then it sleeps.

use super::inbound::Inbound;
use super::{Waiting, failed};
use crate::error::{Error, Result};
use crate::technology::ip::LOOK_AROUND;
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use sys::handle::DOORBELL;
use sys::poll;

/// One look around tries so many receivers at most.
pub(super) const TURN: u32 = 64;

/// How long it reads busily where nothing is configured: as long as it takes to fall asleep and to be woken.
const MOMENT: Duration = Duration::from_micros(12);

/// How many reads there are for one look at the clock.
const LOOKS: u32 = 4;

impl Inbound {
    /// True when the last reads found nothing, so that the next one does best to wait at once. A message that is there
    /// all the same costs one look at O_NONBLOCK more; after some calls a read tells whether it still is so.
    #[inline]
    pub(super) fn expects_to_wait(&self) -> bool {
        let waits = self.waits.load(Ordering::Relaxed);
        if waits == 0 || self.core.config.spin.is_some_and(|longest| !longest.is_zero()) {
            return false;
        }
        // Two threads may count one call as one: it is a guess.
        self.waits.store(waits - 1, Ordering::Relaxed);
        true
    }

    /// Reads busily as long as is configured; else for a moment, while that finds messages.
    pub(super) fn spin(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        let longest = match self.core.config.spin {
            Some(Duration::ZERO) => return Ok(None),
            Some(longest) => longest,
            // Those who share the cores with this process may be those who have the messages.
            None if self.carried.load(Ordering::Relaxed) || !self.hunch.is_good() => return Ok(None),
            None => MOMENT,
        };
        let begun = Instant::now();
        // What is there already says nothing.
        let mut found = self.look_often(1, waiting)?;
        if found.is_some() {
            return Ok(found);
        }
        while found.is_none() && begun.elapsed() < longest && !self.core.is_deleted() {
            found = self.look_often(LOOKS, waiting)?;
        }
        if self.core.config.spin.is_none() {
            self.hunch.learn(found.is_some());
        }
        Ok(found)
    }

    fn look_often(&self, times: u32, waiting: &mut Waiting) -> Result<Option<usize>> {
        let receivers = self.receivers.load();
        for _ in 0..times {
            if self.inbox.queued.load(Ordering::Acquire) > 0 {
                if let Some(len) = self.take(waiting)? {
                    return Ok(Some(len));
                }
            }
            let found = match (waiting.filter, receivers.as_slice()) {
                (None, [receiver]) => self.read(receiver, false, waiting)?,
                _ => match self.read_once(waiting)? {
                    None => self.look_around(waiting)?,
                    found => found,
                },
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// One look at the receivers that are readable, without waiting.
    pub(super) fn look_around(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        if waiting.filter.is_some() || self.receivers.load().len() < 2 {
            return Ok(None);
        }
        // A shared receiver may be readable with messages of others only; so try some, but not for ever.
        for _ in 0..TURN {
            let Some(token) = self.core.handle.wait(Some(Duration::ZERO)).map_err(failed)? else {
                break;
            };
            if token == DOORBELL {
                return self.take(waiting);
            }
            self.hot.store(token, Ordering::Relaxed);
            if let Some(len) = self.read_once(waiting)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// In a forked child, where the epoll set and its doorbell are the parent's: one look at every receiver.
    fn look_in_child(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        for receiver in self.receivers.load().iter() {
            if let Some(len) = self.read(receiver, false, waiting)? {
                return Ok(Some(len));
            }
        }
        // A read that does not wait tells nothing of a socket that the parent has shut.
        self.receivers.load_full().iter().for_each(|receiver| _ = self.is_given_up(receiver));
        Ok(None)
    }

    /// Sleeps until there may be something; also reads it when the sleep was in a read. `idle`: it is not the first sleep
    /// of this call.
    pub(super) fn sleep(&self, idle: bool, waiting: &mut Waiting) -> Result<Option<usize>> {
        if idle && !self.core.is_held() {
            return Err(Error::NoSuchSocket);
        }
        // Only one sleeps in a read, which nothing but a datagram ends; others are woken by what one datagram brings besides.
        let others = self.sleeping.fetch_add(1, Ordering::SeqCst) > 0;
        let result = self.sleep_counted(idle || others, waiting);
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
        result
    }

    fn sleep_counted(&self, idle: bool, waiting: &mut Waiting) -> Result<Option<usize>> {
        if let Some(filter) = waiting.filter {
            if self.carried.load(Ordering::Relaxed) && !self.core.is_inherited() {
                return self.sleep_for_arrival(waiting);
            }
            match filter.receivers.as_slice() {
                [receiver] if !idle => return self.read(receiver, true, waiting),
                many => {
                    let fds: Vec<_> = many.iter().map(|r| r.fd.as_raw_fd()).collect();
                    poll::wait_readable(&fds, LOOK_AROUND).map_err(failed)?;
                    return Ok(None);
                }
            }
        }
        if self.inbox.queued.load(Ordering::SeqCst) > 0 {
            return Ok(None);
        }
        if self.core.is_inherited() {
            let fds: Vec<_> = self.receivers.load().iter().map(|r| r.fd.as_raw_fd()).collect();
            poll::wait_readable(&fds, LOOK_AROUND).map_err(failed)?;
            return self.look_in_child(waiting);
        }
        if !idle {
            let receivers = self.receivers.load();
            match (receivers.as_slice(), self.carried.load(Ordering::Relaxed)) {
                ([receiver], false) if !receiver.several.load(Ordering::Relaxed) => {
                    return self.read(receiver, true, waiting);
                }
                ([], true) => return self.sleep_for_arrival(waiting),
                _ => {}
            }
        }
        if let Some(token) = self.core.handle.wait(None).map_err(failed)? {
            self.hot.store(token, Ordering::Relaxed);
        }
        Ok(None)
    }
}
