//! Who learns that messages wait: those who sleep until there is one of their group, and whoever polls the handle.

use super::inbound::Inbound;
use super::queue::Queue;
use super::waiters::Wants;
use super::{Waiting, failed};
use crate::error::{Error, Result};
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;
use sys::logging::Pace;

impl Queue {
    /// The only message is of a group that someone comes for.
    fn is_promised(&self) -> bool {
        self.stash.front().is_some_and(|group| self.waiters.comes_for(group))
    }
}

impl Inbound {
    /// Sleeps until there may be a message of a socket with carriers, or it is time to look around. Without a filter only
    /// carriers can bring one.
    pub(super) fn sleep_for_arrival(&self, waiting: &mut Waiting) -> Result<Option<usize>> {
        let Some(mut queue) = self.lock_queue() else { return Err(Error::NoSuchSocket) };
        if let Some(len) = self.take_locked(&mut queue, waiting)? {
            return Ok(Some(len));
        }
        let wants = match waiting.filter {
            None => Wants::Any,
            Some(filter) if filter.all => Wants::Several,
            Some(filter) => Wants::Group(filter.name.clone()),
        };
        let receivers = waiting.filter.map_or(&[][..], |filter| &filter.receivers);
        let signal = queue.waiters.enter(wants, receivers.is_empty()).map_err(failed)?;
        drop(queue);
        let woken = signal.wait(receivers.iter().map(|r| r.fd.as_raw_fd()));
        let Some(mut queue) = self.lock_queue() else { return Ok(None) };
        queue.waiters.leave(&signal);
        if let Err(e) = woken {
            // Others can have what it was woken for.
            self.show(&mut queue);
            return Err(failed(e));
        }
        self.take_locked(&mut queue, waiting)
    }

    /// Makes the handle readable exactly while the queue holds something, but for what is another thread's already.
    pub(super) fn show(&self, queue: &mut Queue) {
        if queue.dropped > queue.told {
            static PACE: Pace = Pace::new();
            if PACE.due() {
                log::warn!(
                    "{} messages were dropped: {} bytes wait for receive() of their groups; read them too, or raise \
                     receive_buffer",
                    queue.dropped - queue.told,
                    queue.stash.bytes()
                );
                queue.told = queue.dropped;
            }
        }
        let len = queue.len();
        let rings = len > 0 && (queue.rung || len > 1 || !queue.is_promised());
        if queue.rung == rings || self.core.is_inherited() {
            self.inbox.queued.store(len, Ordering::Release);
            return;
        }
        // Whoever is about to sleep says so first and then looks here.
        self.inbox.queued.store(len, Ordering::SeqCst);
        queue.rung = rings;
        if queue.rung {
            self.core.handle.ring();
        } else {
            self.core.handle.quiet();
            if self.core.is_deleted() {
                self.core.handle.ring();
            }
        }
    }
}
