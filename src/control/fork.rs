//! `fork`: the locks are held across it, so that the child finds the state whole.

use super::{Registry, lock};
use crate::interfaces::watch;
use crate::membership::{carried, events, known, observer};
use crate::presence;
use crate::receive::QueueGuard;
use crate::send;
use std::cell::RefCell;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// The registry and the queues of its sockets, locked.
struct Held {
    queues: Vec<(u64, QueueGuard)>,
    registry: MutexGuard<'static, Registry>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

static WATCHED: AtomicBool = AtomicBool::new(false);
static HAS_CHILDREN: AtomicBool = AtomicBool::new(false);

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

/// Whether a child may hold copies of the descriptors: then to close them is not to leave.
pub(crate) fn has_children() -> bool {
    HAS_CHILDREN.load(Ordering::Relaxed)
}

/// How often the process and its ancestors have forked since the library was loaded.
pub(crate) fn fork_generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

pub(crate) fn prepare_for_fork() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if let Err(e) = sys::fork::at_fork(before_fork, after_fork_in_parent, after_fork_in_child) {
            log::warn!("pthread_atfork: {e}; do not use multicast sockets in a forked child");
        }
    });
}

extern "C" fn before_fork() {
    let registry = lock();
    let queues = registry.iter().map(|(id, member)| (*id, member.socket.hold_queue())).collect();
    let _ = HELD.try_with(|held| held.replace(Some(Held { queues, registry })));
}

extern "C" fn after_fork_in_parent() {
    HAS_CHILDREN.store(true, Ordering::Relaxed);
    let _ = HELD.try_with(RefCell::take);
}

extern "C" fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    WATCHED.store(false, Ordering::Relaxed);
    HAS_CHILDREN.store(false, Ordering::Relaxed);
    watch::forget_after_fork();
    events::forget_after_fork();
    observer::forget_after_fork();
    known::forget_after_fork();
    carried::forget_after_fork();
    presence::forget_after_fork();
    send::forget_after_fork();
    let _ = HELD.try_with(|held| {
        let Some(Held { mut queues, mut registry }) = held.take() else { return };
        for (id, queue) in &mut queues {
            if let Some(member) = registry.get_mut(id) {
                member.socket.start_in_child(queue);
                // Frames of the child are another sender's: a sequence number is never used for two messages.
                member.socket.forget_routes();
                member.control.outlets.drain().for_each(|(_, outlet)| outlet.abandon());
            }
        }
    });
}
