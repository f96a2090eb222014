//! Bundles: small messages to one group share a datagram, which goes out when it is full or after the configured delay.
//!
//! One thread of the process sends what is due. Delays are all the same, so what became due first was begun first.

use super::{Framed, Outbound, Outlet, Route, Wait};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use crate::frame::bundle;
use arc_swap::ArcSwapOption;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use sys::fork::{self, Hook};
use sys::logging::Pace;
use sys::thread;

/// Messages of one outlet that wait for company.
pub(super) struct Bundle {
    delay: Duration,
    /// The longest datagram, in bytes.
    size: usize,
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    entries: Vec<u8>,
    messages: u64,
    /// Counts the bundles, so that a note about one that is out means nothing.
    round: u64,
    /// How the last message wanted to go.
    route: Option<Arc<Route>>,
    /// When the first message came.
    since: Option<Instant>,
}

/// A bundle that has to go out at a time.
struct Due {
    at: Instant,
    round: u64,
    outlet: Arc<Outlet>,
}

struct Flusher {
    generation: u32,
    notes: Sender<Due>,
}

/// A bundle that finds no room for so long is lost.
const OVERDUE: Duration = Duration::from_secs(3);

/// At most this many milliseconds a flush waits for a thread that puts a message into the bundle.
const PATIENCE: u32 = 20;

static FLUSHER: ArcSwapOption<Flusher> = ArcSwapOption::const_empty();

impl Bundle {
    /// `None` unless bundles are configured.
    pub fn new(config: &Config) -> Option<Bundle> {
        let size = if config.bundle_size == 0 { MAX_MESSAGE } else { config.bundle_size };
        let delay = config.bundle;
        (!delay.is_zero()).then(|| Bundle { delay, size, pending: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Pending>> {
        match self.pending.try_lock() {
            Ok(pending) => Some(pending),
            Err(TryLockError::Poisoned(pending)) => Some(pending.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Outlet {
    /// Sends what waits in the bundle, now or never.
    pub(crate) fn flush(&self, outbound: &Outbound) {
        let Some(bundle) = &self.bundle else { return };
        for _ in 0..PATIENCE {
            // Who has it locked for longer waits for room, and takes the bundle along.
            let Some(mut pending) = bundle.try_lock() else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            if let Err(e) = self.flush_locked(outbound, &mut pending, Wait::Never) {
                pending.give_up(outbound, &e);
            }
            return;
        }
    }

    /// Ends the bundle: what still waits cannot be sent any more.
    pub(crate) fn abandon(&self) {
        if let Some(mut pending) = self.bundle.as_ref().and_then(Bundle::try_lock) {
            *pending = Pending { round: pending.round + 1, ..Pending::default() };
        }
    }

    /// Sends a bundle whose time has come. False: the device takes nothing now, or the bundle is being sent.
    fn flush_due(&self, outbound: &Outbound, bundle: &Bundle, round: u64) -> bool {
        let Some(mut pending) = bundle.try_lock() else { return false };
        if pending.round != round {
            return true;
        }
        match self.flush_locked(outbound, &mut pending, Wait::Briefly) {
            Ok(()) => true,
            Err(e) if e.is_for_now() && pending.since.is_none_or(|since| since.elapsed() < OVERDUE) => false,
            Err(e) => {
                pending.give_up(outbound, &e);
                true
            }
        }
    }

    /// What cannot be sent is lost and counted, unless the whole call is to be made again.
    fn flush_locked(&self, outbound: &Outbound, pending: &mut Pending, wait: Wait) -> Result<()> {
        let Some(route) = pending.route.clone().filter(|_| pending.messages > 0) else { return Ok(()) };
        let result = self.with_flow(outbound.core.config, |flow, packed| {
            flow.pack_bundle(&pending.entries, packed);
            let result = outbound.send_packed(&route, packed, pending.messages, wait);
            if matches!(result, Err(Error::WouldBlock)) {
                flow.take_back(packed);
            }
            result
        });
        match &result {
            Err(e) if e.is_for_now() => {}
            Err(e) => {
                tell_of_loss(pending.messages, e);
                pending.clear();
            }
            Ok(()) => pending.clear(),
        }
        result
    }
}

impl Pending {
    /// Makes room for the next bundle.
    fn clear(&mut self) {
        self.entries.clear();
        self.messages = 0;
        self.round += 1;
        self.route = None;
        self.since = None;
    }

    /// Counts what is lost, where that is not done yet.
    fn give_up(&mut self, outbound: &Outbound, error: &Error) {
        if self.messages > 0 {
            outbound.core.counters.send_failures.fetch_add(self.messages, Ordering::Relaxed);
            tell_of_loss(self.messages, error);
            self.clear();
        }
    }
}

impl Outbound {
    pub(super) fn send_bundled(
        &self,
        route: &Arc<Route>,
        framed: &Framed,
        bundle: &Bundle,
        message: &[u8],
    ) -> Result<()> {
        let outlet = &framed.outlet;
        let room = bundle.size.min(framed.limit).saturating_sub(outlet.overhead());
        let size = bundle::ENTRY + message.len();
        let mut pending = bundle.lock();
        if self.core.is_deleted() {
            return Err(Error::NoSuchSocket);
        }
        if pending.messages > 0 && pending.entries.len() + size > room {
            outlet.flush_locked(self, &mut pending, Wait::AsTheHandleSays)?;
        }
        if size > room {
            return self.send_alone(route, framed, message);
        }
        bundle::push(&mut pending.entries, message);
        pending.messages += 1;
        if !pending.route.as_ref().is_some_and(|known| Arc::ptr_eq(known, route)) {
            pending.route = Some(route.clone());
        }
        if pending.messages == 1 {
            let now = Instant::now();
            pending.since = Some(now);
            let due = Due { at: now + bundle.delay, round: pending.round, outlet: outlet.clone() };
            if let Err(e) = note(due) {
                log::error!("{e}: messages are sent without delay");
                return outlet.flush_locked(self, &mut pending, Wait::AsTheHandleSays);
            }
        }
        Ok(())
    }
}

/// Tells the thread, which is started when there is none.
fn note(due: Due) -> Result<()> {
    ON_FORK.set();
    let generation = fork::generation();
    let current = FLUSHER.load();
    if let Some(flusher) = current.as_ref().filter(|flusher| flusher.generation == generation) {
        let _ = flusher.notes.send(due);
        return Ok(());
    }
    let (notes, inbox) = unbounded();
    let _ = notes.send(due);
    thread::spawn("ham-bundles", move || flush_when_due(&inbox))
        .map_err(|e| Error::from_io(&e, "start the thread that sends bundles"))?;
    // Another thread may be doing the same: then one of the two serves only what it was told first.
    FLUSHER.store(Some(Arc::new(Flusher { generation, notes })));
    Ok(())
}

fn flush_when_due(inbox: &Receiver<Due>) {
    while let Ok(due) = inbox.recv() {
        std::thread::sleep(due.at.saturating_duration_since(Instant::now()));
        let Some((outbound, bundle)) = due.outlet.outbound.upgrade().zip(due.outlet.bundle.as_ref()) else {
            due.outlet.abandon();
            continue;
        };
        if due.outlet.flush_due(&outbound, bundle, due.round) {
            continue;
        }
        let again = Due { at: Instant::now() + bundle.delay, round: due.round, outlet: due.outlet.clone() };
        if let Err(e) = note(again) {
            log::error!("{e}");
        }
    }
}

fn tell_of_loss(messages: u64, error: &Error) {
    static PACE: Pace = Pace::new();
    if PACE.due() {
        log::warn!("a bundle of {messages} messages was lost: {error}");
    }
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// In a forked child: the thread is the parent's, and so is what it was told.
extern "C" fn forget_after_fork() {
    // A thread that the child does not have may have been in the middle of the channel.
    std::mem::forget(FLUSHER.swap(None));
}
