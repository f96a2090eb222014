//! Those in this process who hear a group. An ear that is closed hears nothing more: closing waits for those that are in
//! it, but not for itself, so that it may be closed by what it told.

use carrier::{Arrived, Take};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// One who hears.
pub struct Ear {
    take: Take,
    open: AtomicBool,
    inside: AtomicUsize,
}

thread_local! {
    /// The ears that this thread is in.
    static INSIDE: RefCell<Vec<*const Ear>> = const { RefCell::new(Vec::new()) };
}

impl Ear {
    /// Hears from now on.
    pub fn new(take: Take) -> Ear {
        Ear { take, open: AtomicBool::new(true), inside: AtomicUsize::new(0) }
    }

    /// Tells it of a frame.
    pub fn tell(&self, arrived: Arrived<'_>) {
        let _inside = Inside::enter(self);
        if self.open.load(Ordering::SeqCst)
            && catch_unwind(AssertUnwindSafe(|| (self.take)(arrived))).is_err()
        {
            log::error!("a defect in libham: the reception of a frame ended in a panic");
        }
    }

    /// Afterwards nothing is told.
    pub fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        let own = INSIDE.try_with(|inside| {
            inside
                .try_borrow()
                .map_or(0, |inside| inside.iter().filter(|ear| std::ptr::eq(**ear, self)).count())
        });
        let own = own.unwrap_or(0);
        // Nothing blocks in there, so this is a moment; but one of a lower priority may need this processor.
        let mut turns = 0;
        while self.inside.load(Ordering::SeqCst) > own {
            turns += 1;
            if turns < 100 { std::thread::yield_now() } else { std::thread::sleep(Duration::from_micros(50)) }
        }
    }
}

/// Whether this thread is in an ear: then it is one of Zenoh's, or may hold what others wait for, and must not wait.
pub fn is_inside() -> bool {
    INSIDE.try_with(|inside| inside.try_borrow().is_ok_and(|inside| !inside.is_empty())).unwrap_or(true)
}

/// A thread in an ear.
struct Inside<'a>(&'a Ear);

impl Inside<'_> {
    fn enter(ear: &Ear) -> Inside<'_> {
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().push(ear));
        // In one order with the store in `close`: either this one is waited for, or it finds the ear closed.
        ear.inside.fetch_add(1, Ordering::SeqCst);
        Inside(ear)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
    }
}
