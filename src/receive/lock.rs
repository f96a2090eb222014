//! The lock of the queue: held for a copy or one read that does not wait, and given back without an atomic exchange.

use super::queue::Queue;
use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::Yield;
use std::time::Duration;

pub(crate) type QueueGuard = SpinMutexGuard<'static, Queue, Yield>;

/// After so many times that others had their turn, it may be that who has the lock gets none: to yield does not let a
/// thread of a lower scheduling class run, but to sleep does.
const TURNS: u32 = 100;

/// How long it sleeps then.
const NAP: Duration = Duration::from_micros(50);

/// Of threads that may wait in a scheduling class of their own.
#[derive(Default)]
pub(crate) struct QueueLock(SpinMutex<Queue, Yield>);

impl QueueLock {
    #[inline]
    pub fn lock(&'static self) -> QueueGuard {
        self.0.try_lock().unwrap_or_else(|| self.wait())
    }

    #[inline]
    pub fn try_lock(&'static self) -> Option<QueueGuard> {
        self.0.try_lock()
    }

    #[cold]
    fn wait(&'static self) -> QueueGuard {
        let mut turns = 0;
        loop {
            if let Some(queue) = self.0.try_lock() {
                return queue;
            }
            if turns < TURNS {
                turns += 1;
                std::thread::yield_now();
            } else {
                std::thread::sleep(NAP);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often this thread has gone to sleep.
    fn slept() -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse().unwrap()
    }

    #[test]
    fn who_waits_for_long_sleeps() {
        let lock: &'static QueueLock = Box::leak(Box::default());
        let held = lock.lock();
        let waiter = std::thread::spawn(|| {
            let before = slept();
            drop(lock.lock());
            slept() - before
        });
        std::thread::sleep(Duration::from_millis(400));
        assert!(lock.try_lock().is_none());
        drop(held);
        assert!(waiter.join().unwrap() > 100);
    }
}
