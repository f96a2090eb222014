//! `fork`: the locks are held across it, so that the child finds the state whole.

use super::{Registry, lock};
use crate::receive::QueueGuard;
use std::cell::RefCell;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use sys::fork::Hook;

/// The registry and the queues of its sockets, locked.
struct Held {
    queues: Vec<(u64, QueueGuard)>,
    registry: MutexGuard<'static, Registry>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Whether the interface watch was started in this process before; from now on it was.
pub(super) fn watched() -> bool {
    WATCHED.swap(true, Ordering::AcqRel)
}

/// It could not be started.
pub(super) fn not_watched() {
    WATCHED.store(false, Ordering::Release);
}

/// Whether the interface watch was started in this process.
pub(super) fn is_watched() -> bool {
    WATCHED.load(Ordering::Acquire)
}

static ON_FORK: Hook = Hook::around(before_fork, after_fork_in_parent, after_fork_in_child);

/// From now on the locks are held across `fork`.
pub(crate) fn prepare_for_fork() {
    ON_FORK.set();
}

extern "C" fn before_fork() {
    let registry = lock();
    let queues = registry.iter().map(|(id, control)| (*id, control.halves.inbound.hold_queue())).collect();
    let _ = HELD.try_with(|held| held.replace(Some(Held { queues, registry })));
}

extern "C" fn after_fork_in_parent() {
    let _ = HELD.try_with(RefCell::take);
}

extern "C" fn after_fork_in_child() {
    WATCHED.store(false, Ordering::Relaxed);
    let _ = HELD.try_with(|held| {
        let Some(Held { mut queues, mut registry }) = held.take() else { return };
        for (id, queue) in &mut queues {
            if let Some(control) = registry.get_mut(id) {
                control.halves.inbound.start_in_child(queue);
                // Frames of the child are another sender's: a sequence number is never used for two messages.
                control.forget_routes();
                control.outlets.drain().for_each(|(_, outlet)| outlet.abandon());
            }
        }
    });
}
