//! A spin lock that favours the thread which takes it again and again: that thread enters with plain stores, without the
//! atomic exchange that costs as much as all the rest of handing out a short message.
//!
//! The favourite says that it is inside and then looks whether it is still the favourite. Another thread first ends the
//! favour and then looks whether somebody is inside. What keeps either from looking before its word is out is
//! membarrier(2), which only the other thread pays for.

#![allow(unsafe_code)]

use once_cell::race::OnceBool;
use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, compiler_fence};
use std::thread;
use std::time::Duration;

/// A thread becomes the favourite after so many turns with no other thread's between them: so several threads that
/// take turns never pay for ending a favour.
const TURNS: u32 = 256;

const NOBODY: usize = 0;

/// To be held for the time of a copy or of one read that does not wait.
#[derive(Default)]
pub struct BiasedLock<T> {
    /// The favourite thread.
    favourite: AtomicUsize,
    /// The favourite is inside.
    inside: AtomicBool,
    /// The lock of everybody else. Who holds it and finds no favourite inside has the value.
    taken: AtomicBool,
    // Changed by the holder of `taken` only.
    last: AtomicUsize,
    turns: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives the value to one thread at a time.
unsafe impl<T: Send> Sync for BiasedLock<T> {}

/// The value of a lock, locked. It stays in its thread, which may be the favourite.
pub struct BiasedGuard<'a, T> {
    lock: &'a BiasedLock<T>,
    favoured: bool,
    stays: PhantomData<*const ()>,
}

enum Entry {
    Inside,
    /// This thread is inside already: a signal handler asks.
    Again,
    NotFavoured,
}

impl<T> BiasedLock<T> {
    /// Waits until the value is free.
    pub fn lock(&self) -> BiasedGuard<'_, T> {
        loop {
            match self.enter() {
                Entry::Inside => return self.guard(true),
                Entry::Again => thread::yield_now(),
                Entry::NotFavoured if self.take() => {
                    while self.inside.load(Ordering::Acquire) {
                        thread::yield_now();
                    }
                    return self.guard(false);
                }
                Entry::NotFavoured => thread::yield_now(),
            }
        }
    }

    /// The value, if it is free now.
    #[inline]
    pub fn try_lock(&self) -> Option<BiasedGuard<'_, T>> {
        match self.enter() {
            Entry::Inside => Some(self.guard(true)),
            Entry::Again => None,
            Entry::NotFavoured if self.take() => {
                if self.inside.load(Ordering::Acquire) {
                    self.taken.store(false, Ordering::Release);
                    return None;
                }
                Some(self.guard(false))
            }
            Entry::NotFavoured => None,
        }
    }

    fn guard(&self, favoured: bool) -> BiasedGuard<'_, T> {
        BiasedGuard { lock: self, favoured, stays: PhantomData }
    }

    #[inline]
    fn enter(&self) -> Entry {
        let me = this_thread();
        if self.favourite.load(Ordering::Relaxed) != me {
            return Entry::NotFavoured;
        }
        // A thread may have the identity of one that has ended, hence Acquire.
        if self.inside.load(Ordering::Acquire) {
            return Entry::Again;
        }
        self.inside.store(true, Ordering::Relaxed);
        // The processor's half of this fence is the membarrier in `take`.
        compiler_fence(Ordering::SeqCst);
        if self.favourite.load(Ordering::Relaxed) == me {
            return Entry::Inside;
        }
        self.inside.store(false, Ordering::Release);
        Entry::NotFavoured
    }

    /// Takes the lock of everybody else and ends the favour. The favourite may be inside for the last time.
    #[inline]
    fn take(&self) -> bool {
        if self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        if self.favourite.load(Ordering::Relaxed) != NOBODY {
            self.favourite.store(NOBODY, Ordering::SeqCst);
            barrier_everywhere();
        }
        true
    }

    /// Gives the lock of everybody else back, and chooses the favourite.
    fn give_back(&self) {
        let me = this_thread();
        let turns = self.turns.load(Ordering::Relaxed);
        if self.last.load(Ordering::Relaxed) != me {
            self.last.store(me, Ordering::Relaxed);
            self.turns.store(0, Ordering::Relaxed);
        } else if turns < TURNS {
            self.turns.store(turns + 1, Ordering::Relaxed);
        } else if can_favour() {
            // From here on a signal handler of this thread may enter.
            self.favourite.store(me, Ordering::Release);
        }
        self.taken.store(false, Ordering::Release);
    }
}

impl<T> Deref for BiasedGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value is this guard's alone until it is dropped.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for BiasedGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for BiasedGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.favoured {
            self.lock.inside.store(false, Ordering::Release);
        } else {
            self.lock.give_back();
        }
    }
}

/// Differs among the threads that are alive, and costs less than the library's own thread-local storage.
#[inline]
fn this_thread() -> usize {
    // SAFETY: the C library gives each thread a valid place for its errno; only its address is used.
    unsafe { libc::__errno_location() }.addr()
}

fn membarrier(command: libc::c_int) -> io::Result<()> {
    // SAFETY: no memory is passed.
    match unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether the system can do what a favourite needs. The first call takes milliseconds in a process of several threads.
pub fn can_favour() -> bool {
    // No lock: a process may fork at any time.
    static CAN: OnceBool = OnceBool::new();
    CAN.get_or_init(|| membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED).is_ok())
}

/// A full memory barrier in every thread of the process.
#[cold]
fn barrier_everywhere() {
    let done = membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if done.is_err() {
        // A sandbox has come since. Stores are seen by all processors after a finite time, which is below a microsecond.
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Two values that only a holder changes: others see them differ when they are not alone.
    type Twins = BiasedLock<(u64, u64)>;

    fn step(twins: &mut (u64, u64)) {
        assert_eq!(twins.0, twins.1);
        twins.0 += 1;
        std::hint::black_box(&mut *twins);
        twins.1 += 1;
    }

    fn become_favourite(lock: &Twins) {
        for _ in 0..TURNS + 2 {
            step(&mut lock.lock());
        }
        assert_eq!(lock.favourite.load(Ordering::Relaxed) == this_thread(), can_favour());
    }

    #[test]
    fn nobody_is_inside_with_another() {
        const OWN: u64 = 2_000_000;
        const OTHERS: u64 = 400;
        let lock = Arc::new(Twins::default());
        let intruders: Vec<_> = (0..3)
            .map(|n| {
                let lock = lock.clone();
                thread::spawn(move || {
                    let mut done = 0;
                    while done < OTHERS {
                        // Long enough for the other to become the favourite again, and of every length.
                        for _ in 0..(done * 7919 + n) % 20_000 {
                            std::hint::spin_loop();
                        }
                        if done % 2 == 0 {
                            step(&mut lock.lock());
                        } else if let Some(mut twins) = lock.try_lock() {
                            step(&mut twins);
                        } else {
                            continue;
                        }
                        done += 1;
                    }
                })
            })
            .collect();
        let mut favoured = 0;
        for _ in 0..OWN {
            let mut twins = lock.lock();
            favoured += u64::from(twins.favoured);
            step(&mut twins);
        }
        for intruder in intruders {
            intruder.join().unwrap();
        }
        assert_eq!(*lock.lock(), (OWN + 3 * OTHERS, OWN + 3 * OTHERS));
        assert_eq!(favoured > OWN / 10, can_favour(), "{favoured}");
    }

    #[test]
    fn a_guard_keeps_others_out() {
        let lock = Arc::new(Twins::default());
        for favoured in [false, true] {
            if favoured {
                become_favourite(&lock);
            }
            let guard = lock.lock();
            assert_eq!(guard.favoured, favoured && can_favour());
            let other = lock.clone();
            assert!(thread::spawn(move || other.try_lock().is_none()).join().unwrap());
            // As from a signal handler.
            assert!(lock.try_lock().is_none());
            drop(guard);
            let other = lock.clone();
            assert!(thread::spawn(move || other.try_lock().is_some()).join().unwrap());
        }
    }

    #[test]
    fn threads_that_take_turns_have_no_favourite() {
        let lock = Arc::new(Twins::default());
        for _ in 0..TURNS {
            step(&mut lock.lock());
            let other = lock.clone();
            thread::spawn(move || step(&mut other.lock())).join().unwrap();
        }
        assert_eq!(lock.favourite.load(Ordering::Relaxed), NOBODY);
    }
}
