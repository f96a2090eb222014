//! Who learns that messages wait: those who sleep until there is one of their group, and whoever polls the handle.

use super::queue::Queue;
use super::{Buffer, Details, Filter, waiting};
use crate::error::{Error, Result};
use crate::logging::Pace;
use crate::socket::MulticastSocket;
use crate::sys::handle::Bell;
use crate::sys::udp;
use crate::technology::ip::LOOK_AROUND;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Those who wait for messages of one group, and are woken by a bell each beside what the kernel wakes them for.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Vec<Waiter>,
    /// The bells of those who wait no more.
    spare: Vec<Arc<Bell>>,
}

struct Waiter {
    bell: Arc<Bell>,
    /// `None`: of several groups.
    group: Option<Arc<str>>,
    /// It is woken, and looks at the queue next.
    rung: bool,
}

impl Waiter {
    fn ring(&mut self) {
        if !self.rung {
            self.rung = true;
            self.bell.ring();
        }
    }
}

impl Waiters {
    /// There is news of the group.
    pub fn wake(&mut self, group: &str) {
        let wants = |waiter: &&mut Waiter| waiter.group.as_deref().is_none_or(|wanted| wanted == group);
        self.waiting.iter_mut().filter(wants).for_each(Waiter::ring);
    }

    /// There is news of everything.
    pub fn wake_all(&mut self) {
        self.waiting.iter_mut().for_each(Waiter::ring);
    }

    /// Someone comes who takes a message of the group.
    fn comes_for(&self, group: &str) -> bool {
        self.waiting.iter().any(|waiter| waiter.rung && waiter.group.as_deref() == Some(group))
    }

    /// `group`: `None` for several.
    fn enter(&mut self, group: Option<&Arc<str>>) -> io::Result<Arc<Bell>> {
        let bell = self.spare.pop().map_or_else(|| Bell::new().map(Arc::new), Ok)?;
        self.waiting.push(Waiter { bell: bell.clone(), group: group.cloned(), rung: false });
        Ok(bell)
    }

    fn leave(&mut self, bell: &Arc<Bell>) {
        let at = self.waiting.iter().position(|waiter| Arc::ptr_eq(&waiter.bell, bell));
        if let Some(Waiter { bell, rung, .. }) = at.map(|at| self.waiting.remove(at)) {
            if rung {
                bell.quiet();
            }
            self.spare.push(bell);
        }
    }
}

impl Queue {
    /// The only message is of a group that someone comes for.
    fn is_promised(&self) -> bool {
        self.stash.front().is_some_and(|stashed| self.waiters.comes_for(&stashed.group))
    }
}

impl MulticastSocket {
    /// Sleeps until there may be a message of one group of a socket with carriers, or it is time to look around.
    pub(super) fn sleep_for_arrival(
        &self,
        filter: &Filter,
        buf: &mut Buffer,
        mut details: Details,
    ) -> Result<Option<usize>> {
        let Some(mut queue) = self.lock_queue() else { return Err(Error::NoSuchSocket) };
        if let Some(len) = self.take_locked(&mut queue, Some(filter), buf, details.as_deref_mut())? {
            return Ok(Some(len));
        }
        let bell = queue.waiters.enter((!filter.all).then_some(&filter.name)).map_err(waiting)?;
        drop(queue);
        let receivers = filter.receivers.iter().map(|r| r.fd.as_raw_fd());
        let fds: Vec<_> = receivers.chain([bell.as_raw_fd()]).collect();
        let woken = udp::wait_readable(&fds, LOOK_AROUND);
        let Some(mut queue) = self.lock_queue() else { return Ok(None) };
        queue.waiters.leave(&bell);
        if let Err(e) = woken {
            // Others can have what it was woken for.
            self.show(&mut queue);
            return Err(waiting(e));
        }
        self.take_locked(&mut queue, Some(filter), buf, details)
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
                    queue.stashed_bytes
                );
                queue.told = queue.dropped;
            }
        }
        let len = queue.len();
        let rings = len > 0 && (queue.rung || len > 1 || !queue.is_promised());
        if queue.rung == rings || self.is_inherited() {
            self.slot.queued.store(len, Ordering::Release);
            return;
        }
        // Whoever is about to sleep says so first and then looks here.
        self.slot.queued.store(len, Ordering::SeqCst);
        queue.rung = rings;
        if queue.rung {
            self.handle.ring();
        } else {
            self.handle.quiet();
            if self.is_deleted() {
                self.handle.ring();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn rings(bell: &Bell) -> bool {
        udp::wait_readable(&[bell.as_raw_fd()], Duration::ZERO).unwrap()
    }

    #[test]
    fn who_is_woken_comes_for_its_group_alone() {
        let (mut waiters, a): (_, Arc<str>) = (Waiters::default(), "a".into());
        let (one, several) = (waiters.enter(Some(&a)).unwrap(), waiters.enter(None).unwrap());
        waiters.wake("b");
        assert!(!rings(&one) && rings(&several));
        assert!(!waiters.comes_for("a") && !waiters.comes_for("b"));
        waiters.wake("a");
        assert!(rings(&one) && waiters.comes_for("a") && !waiters.comes_for("b"));
        waiters.leave(&one);
        waiters.leave(&several);
        assert!(!waiters.comes_for("a") && !rings(&one) && !rings(&several));
        // A bell is used again, in silence.
        assert!(!rings(&waiters.enter(Some(&a)).unwrap()));
        waiters.wake_all();
        assert!(waiters.comes_for("a") && waiters.spare.len() == 1);
    }
}
