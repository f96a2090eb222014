//! Those who sleep until a message of their group waits in the library, and what wakes them.

use crate::technology::ip::LOOK_AROUND;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use sys::bell::{Alarm, Bell};
use sys::poll;

/// Those who wait for what carriers bring: each with what wakes it.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Vec<Waiter>,
    /// Of those who wait no more.
    spare: Vec<Arc<Signal>>,
}

struct Waiter {
    signal: Arc<Signal>,
    wants: Wants,
    /// It is woken, and looks at the queue next.
    rung: bool,
}

/// What somebody waits for.
pub(super) enum Wants {
    /// Any message.
    Any,
    /// Messages of several groups.
    Several,
    /// Messages of one group.
    Group(Arc<str>),
}

/// What wakes somebody.
pub(super) enum Signal {
    /// Who has sockets to wait for, too.
    Bell(Bell),
    /// Who has none.
    Alarm(Alarm),
}

impl Signal {
    fn ring(&self) {
        match self {
            Signal::Bell(bell) => bell.ring(),
            Signal::Alarm(alarm) => alarm.ring(),
        }
    }

    fn quiet(&self) {
        match self {
            Signal::Bell(bell) => bell.quiet(),
            Signal::Alarm(alarm) => alarm.quiet(),
        }
    }

    /// Waits for it and for `fds`, until it is time to look around.
    pub fn wait(&self, fds: impl Iterator<Item = RawFd>) -> io::Result<()> {
        match self {
            Signal::Bell(bell) => {
                let fds: Vec<_> = fds.chain([bell.as_raw_fd()]).collect();
                poll::wait_readable(&fds, LOOK_AROUND).map(drop)
            }
            Signal::Alarm(alarm) => alarm.wait(LOOK_AROUND),
        }
    }
}

impl Waiter {
    fn ring(&mut self) {
        if !self.rung {
            self.rung = true;
            self.signal.ring();
        }
    }
}

impl Waiters {
    /// There is news of the group.
    pub fn wake(&mut self, group: &str) {
        let wants = |waiter: &&mut Waiter| match &waiter.wants {
            Wants::Any | Wants::Several => true,
            Wants::Group(wanted) => **wanted == *group,
        };
        self.waiting.iter_mut().filter(wants).for_each(Waiter::ring);
    }

    /// There is news of everything.
    pub fn wake_all(&mut self) {
        self.waiting.iter_mut().for_each(Waiter::ring);
    }

    /// Someone comes who takes a message of the group.
    pub fn comes_for(&self, group: &str) -> bool {
        self.waiting.iter().filter(|waiter| waiter.rung).any(|waiter| match &waiter.wants {
            Wants::Any => true,
            Wants::Several => false,
            Wants::Group(wanted) => **wanted == *group,
        })
    }

    /// `alone`: there is nothing else to wait for.
    pub fn enter(&mut self, wants: Wants, alone: bool) -> io::Result<Arc<Signal>> {
        let spare = self.spare.iter().position(|signal| matches!(**signal, Signal::Alarm(_)) == alone);
        let signal = match spare.map(|at| self.spare.swap_remove(at)) {
            Some(signal) => signal,
            None if alone => Arc::new(Signal::Alarm(Alarm::default())),
            None => Arc::new(Signal::Bell(Bell::new()?)),
        };
        self.waiting.push(Waiter { signal: signal.clone(), wants, rung: false });
        Ok(signal)
    }

    pub fn leave(&mut self, signal: &Arc<Signal>) {
        let at = self.waiting.iter().position(|waiter| Arc::ptr_eq(&waiter.signal, signal));
        if let Some(Waiter { signal, rung, .. }) = at.map(|at| self.waiting.remove(at)) {
            if rung {
                signal.quiet();
            }
            self.spare.push(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn rings(signal: &Signal) -> bool {
        match signal {
            Signal::Bell(bell) => poll::wait_readable(&[bell.as_raw_fd()], Duration::ZERO).unwrap(),
            Signal::Alarm(alarm) => {
                let (begun, long) = (Instant::now(), Duration::from_secs(1));
                alarm.wait(long).unwrap();
                begun.elapsed() < long
            }
        }
    }

    #[test]
    fn who_is_woken_comes_for_its_group_alone() {
        for alone in [false, true] {
            let (mut waiters, a): (_, Arc<str>) = (Waiters::default(), "a".into());
            let one = waiters.enter(Wants::Group(a.clone()), alone).unwrap();
            let several = waiters.enter(Wants::Several, alone).unwrap();
            waiters.wake("b");
            assert!(!rings(&one) && rings(&several));
            assert!(!waiters.comes_for("a") && !waiters.comes_for("b"));
            waiters.wake("a");
            assert!(rings(&one) && waiters.comes_for("a") && !waiters.comes_for("b"));
            waiters.leave(&one);
            waiters.leave(&several);
            assert!(!waiters.comes_for("a") && !rings(&one) && !rings(&several));
            // A signal is used again, in silence, by who waits in the same way.
            assert!(!rings(&waiters.enter(Wants::Group(a), alone).unwrap()));
            waiters.wake_all();
            assert!(waiters.comes_for("a") && waiters.spare.len() == 1);
            let _ = waiters.enter(Wants::Any, !alone).unwrap();
            assert!(waiters.spare.len() == 1);
        }
    }

    #[test]
    fn who_takes_any_message_comes_for_any() {
        let mut waiters = Waiters::default();
        let any = waiters.enter(Wants::Any, true).unwrap();
        assert!(!waiters.comes_for("a"));
        waiters.wake("a");
        assert!(rings(&any) && waiters.comes_for("a") && waiters.comes_for("b"));
    }
}
