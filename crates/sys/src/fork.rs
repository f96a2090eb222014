//! `fork`: how often it happened, and who has to know in the child.
//!
//! Each room that holds a thread, a lock or a descriptor which a child must not take for its own has a [`Hook`], and sets it
//! when it first has such a thing. Nobody keeps a list of rooms.

#![allow(unsafe_code)]

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);
static HAS_CHILDREN: AtomicBool = AtomicBool::new(false);

/// How often the process and its ancestors have forked since the first [`Hook`] was set, or [`count`] called.
#[inline]
pub fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// From now on forks are counted, also while there is no [`Hook`].
pub fn count() {
    COUNT.register();
}

/// Whether a child may hold copies of the descriptors: then to close them is not to leave.
pub fn has_children() -> bool {
    HAS_CHILDREN.load(Ordering::Relaxed)
}

/// What one room does around `fork`; each is for the life of the process, and set once at most.
pub struct Hook {
    set: AtomicBool,
    prepare: Option<extern "C" fn()>,
    parent: Option<extern "C" fn()>,
    child: Option<extern "C" fn()>,
}

impl Hook {
    /// Something to be done in the child alone. There it runs before `fork` returns, with no other thread, and must take no
    /// lock that another thread of the parent may have held.
    pub const fn in_child(child: extern "C" fn()) -> Hook {
        Hook { set: AtomicBool::new(false), prepare: None, parent: None, child: Some(child) }
    }

    /// The same with something before the fork and after it in the parent, as locks ask for.
    pub const fn around(prepare: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) -> Hook {
        let set = AtomicBool::new(false);
        Hook { set, prepare: Some(prepare), parent: Some(parent), child: Some(child) }
    }

    /// From now on it is done. In the child [`generation`] has grown before any hook runs; hooks run in the order in which
    /// they were set. Costs nothing when it is set already.
    pub fn set(&self) {
        COUNT.register();
        self.register();
    }

    fn register(&self) {
        // Atomics only: a lock could be left held in a forked child.
        if self.set.load(Ordering::Acquire) || self.set.swap(true, Ordering::AcqRel) {
            return;
        }
        let unsafely = |f: extern "C" fn()| f as unsafe extern "C" fn();
        // SAFETY: the functions live as long as the library, which is linked `nodelete`.
        let error = unsafe {
            libc::pthread_atfork(
                self.prepare.map(unsafely),
                self.parent.map(unsafely),
                self.child.map(unsafely),
            )
        };
        if error != 0 {
            let e = io::Error::from_raw_os_error(error);
            log::warn!("pthread_atfork: {e}; do not use the library in a forked child");
        }
    }
}

static COUNT: Hook =
    Hook { set: AtomicBool::new(false), prepare: None, parent: Some(in_parent), child: Some(in_child) };

extern "C" fn in_parent() {
    HAS_CHILDREN.store(true, Ordering::Relaxed);
}

extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    HAS_CHILDREN.store(false, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    static RUNS: AtomicU32 = AtomicU32::new(0);
    static SEEN: AtomicU32 = AtomicU32::new(u32::MAX);
    static HOOK: Hook = Hook::in_child(note);

    extern "C" fn note() {
        RUNS.fetch_add(1, Ordering::Relaxed);
        SEEN.store(generation(), Ordering::Relaxed);
    }

    #[test]
    fn a_hook_runs_once_in_the_child_alone_and_after_the_count() {
        (0..3).for_each(|_| HOOK.set());
        let before = generation();
        // SAFETY: the child looks at atomics and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = RUNS.load(Ordering::Relaxed) == 1 && SEEN.load(Ordering::Relaxed) == before + 1;
            // SAFETY: nothing of the parent's is flushed or dropped.
            unsafe { libc::_exit(i32::from(!right || has_children())) };
        }
        let mut status = 0;
        // SAFETY: the status is live for the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!((RUNS.load(Ordering::Relaxed), generation()), (0, before));
        assert!(has_children());
    }
}
