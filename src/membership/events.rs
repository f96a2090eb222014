//! Membership events (RFC 7046 §4.3.2, §4.7.6): the changes of group states, passed to the application's callback.
//!
//! Emitters only put a note into a bounded mailbox; one thread decides what is an event, and calls back without any
//! lock that another call of the library needs. The kernel tells a change of this host without saying whose it is, so
//! each of its notes waits for a grace: what an own multicast socket says meanwhile is its own doing.
//!
//! `fork`: everything shared hangs on two pointers that the child drops unread (`forget_after_fork`), so that a
//! lock held by a thread that the child does not have is never met.

mod names;
mod states;

use super::{carried, known, observer, others};
use crate::control::news::{self, News};
use crate::error::{Error, Result};
use crate::group::EventType;
use crate::watching::Follower;
use arc_swap::ArcSwapOption;
use crossbeam_channel::{Receiver, Sender};
use names::Spot;
use states::States;
use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use sys::fork::{self, Hook};
use sys::thread;
use watch::{Change, Filter};

/// The C callback: event type, Interface id, Group Name.
pub type Callback = extern "C" fn(i32, u32, *const c_char);

/// An event as it is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub event: EventType,
    /// The device.
    pub ifindex: u32,
    /// The Group Name in normal form.
    pub name: String,
}

/// How many notes wait for the dispatcher before new ones are lost.
pub const MAILBOX: usize = 65_536;

#[derive(Debug)]
enum What {
    Own {
        event: EventType,
        spot: Spot,
        name: Box<str>,
    },
    /// An own multicast socket has ended being a source of something.
    SourcesEnded,
    Kernel(Change),
    /// Other nodes have a state (true), or have it no more.
    Remote(known::RemoteState, bool),
    Stop,
}

/// Something that happened, and when.
struct Note(Instant, What);

struct Dispatcher {
    mailbox: Sender<Note>,
    stopped: AtomicBool,
    /// Notes that found the mailbox full.
    lost: AtomicU64,
    /// Held while a callback runs; dispatchers that follow one another share it.
    calling: Arc<Mutex<()>>,
}

static CALLBACK: ArcSwapOption<Callback> = ArcSwapOption::const_empty();
static DISPATCHER: ArcSwapOption<Dispatcher> = ArcSwapOption::const_empty();
static CALLING: ArcSwapOption<Mutex<()>> = ArcSwapOption::const_empty();

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Replaces the callback (`None` takes it away). Events without a callback are discarded. The old one does not run any
/// more when this returns, but where it is the caller.
pub fn register(callback: Option<Callback>) -> Result<()> {
    CALLBACK.store(callback.map(Arc::new));
    wait_for_callback();
    Ok(())
}

fn wait_for_callback() {
    if !IN_CALLBACK.get() {
        if let Some(calling) = CALLING.load_full() {
            drop(calling.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Starts to pass events: first what there is already, then every change. No-op while it is on.
pub fn enable() -> Result<()> {
    if DISPATCHER.load().is_some() {
        return Ok(());
    }
    static SUBSCRIBED: AtomicBool = AtomicBool::new(false);
    ON_FORK.set();
    if !SUBSCRIBED.swap(true, Ordering::AcqRel) {
        news::subscribe(hear);
    }
    KERNEL.begin()?;
    observer::start();
    others::start();
    carried::start();
    CALLING.compare_and_swap(&None::<Arc<_>>, Some(Arc::default()));
    let Some(calling) = CALLING.load_full() else {
        return Ok(());
    };
    let (mailbox, notes) = crossbeam_channel::bounded(MAILBOX);
    let (stopped, lost) = (AtomicBool::new(false), AtomicU64::new(0));
    let dispatcher = Arc::new(Dispatcher { mailbox, stopped, lost, calling });
    // Installed before the thread reads what there is: nothing falls between.
    if DISPATCHER.compare_and_swap(&None::<Arc<_>>, Some(dispatcher.clone())).is_some() {
        return Ok(());
    }
    let inside = dispatcher.clone();
    if let Err(e) = thread::spawn("ham-events", move || dispatch(&inside, &notes)) {
        DISPATCHER.compare_and_swap(&dispatcher, None);
        return Err(Error::from_io(&e, "starting the dispatcher of membership events"));
    }
    Ok(())
}

/// Stops passing events. No callback starts after it returns, and none is running, but the one that calls it.
pub fn disable() -> Result<()> {
    if let Some(dispatcher) = DISPATCHER.load_full() {
        dispatcher.stopped.store(true, Ordering::Release);
        DISPATCHER.compare_and_swap(&dispatcher, None);
        // A full mailbox needs no waking.
        let _ = dispatcher.mailbox.try_send(Note(Instant::now(), What::Stop));
    }
    wait_for_callback();
    Ok(())
}

/// Every change of this process's own group states.
fn hear(news: &News<'_>) {
    match *news {
        News::Group { event, ifindex, address, source, name } => {
            put(|| What::Own { event, spot: Spot { ifindex, address, source }, name: name.into() });
        }
        News::SourcesEnded => put(|| What::SourcesEnded),
        News::Carrier(_) => {}
    }
}

/// Called when the first node of a state of other nodes came, or the last one went. Never blocks.
pub fn remote_change(state: &known::RemoteState, came: bool) {
    put(|| What::Remote(state.clone(), came));
}

/// What this host joins, for whichever process, and what its tables say.
static KERNEL: Follower =
    Follower::new(Filter::new().links().groups().members().forwarding().resync(), kernel_changes);

fn kernel_changes(changes: &[Change]) {
    for change in changes.iter().filter(|change| !matches!(change, Change::Link { .. })) {
        put(|| What::Kernel(change.clone()));
    }
}

fn put(what: impl FnOnce() -> What) {
    if let Some(dispatcher) = &*DISPATCHER.load() {
        if dispatcher.mailbox.try_send(Note(Instant::now(), what())).is_err() {
            dispatcher.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// Events are off in a forked child, and can be enabled anew.
extern "C" fn forget_after_fork() {
    // Not dropped: a thread that exists in the parent only may hold a lock in there.
    std::mem::forget(DISPATCHER.swap(None));
    std::mem::forget(CALLING.swap(None));
    IN_CALLBACK.set(false);
}

fn dispatch(dispatcher: &Dispatcher, notes: &Receiver<Note>) {
    let mut states = States::begin(Instant::now());
    states.expect_early(notes.len());
    loop {
        match next(&mut states, notes, &dispatcher.lost) {
            Next::Event(event) if call(dispatcher, &event) => continue,
            Next::Event(_) | Next::Stop => return,
            Next::Wait => {}
        }
        let note = match states.deadline() {
            Some(deadline) => notes.recv_deadline(deadline).ok(),
            None => notes.recv().ok(),
        };
        if note.is_some_and(|note| !take(&mut states, note)) {
            return;
        }
    }
}

/// What the dispatcher does next.
enum Next {
    Event(Event),
    /// Nothing, until a note comes or it is time.
    Wait,
    Stop,
}

/// Takes in the notes that wait, and decides.
fn next(states: &mut States, notes: &Receiver<Note>, lost: &AtomicU64) -> Next {
    loop {
        // All notes before any decision: the own socket's word may stand behind the kernel's.
        while states.waiting() < MAILBOX {
            let Ok(note) = notes.try_recv() else { break };
            if !take(states, note) {
                return Next::Stop;
            }
        }
        let now = Instant::now();
        states.due(now);
        if let Some(event) = states.next_event() {
            return Next::Event(event);
        }
        // Once, when nothing older waits any more: a note from before would undo what is read now.
        let lost = if notes.is_empty() { lost.swap(0, Ordering::Relaxed) } else { 0 };
        if lost == 0 {
            return Next::Wait;
        }
        log::warn!("membership events: {lost} changes came faster than the callback took them; reading anew");
        states.resync(now);
    }
}

fn take(states: &mut States, Note(at, what): Note) -> bool {
    match what {
        What::Own { event, spot, name } => states.own(at, event, spot, &name),
        What::SourcesEnded => states.sources_ended(at),
        What::Kernel(change) => states.kernel(at, change),
        What::Remote(state, came) => states.remote(at, state, came),
        What::Stop => return false,
    }
    states.early_taken();
    true
}

/// Calls back, unless events are off meanwhile.
fn call(dispatcher: &Dispatcher, event: &Event) -> bool {
    let calling = dispatcher.calling.lock().unwrap_or_else(PoisonError::into_inner);
    if dispatcher.stopped.load(Ordering::Acquire) {
        return false;
    }
    if let (Some(callback), Ok(name)) = (CALLBACK.load_full(), CString::new(event.name.as_str())) {
        let generation = fork::generation();
        IN_CALLBACK.set(true);
        callback(event.event as i32, event.ifindex, name.as_ptr());
        IN_CALLBACK.set(false);
        if fork::generation() != generation {
            // The callback has forked, and this is the child: it has no events.
            return false;
        }
    }
    drop(calling);
    !dispatcher.stopped.load(Ordering::Acquire)
}
