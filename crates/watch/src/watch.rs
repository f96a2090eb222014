//! The watch of a network namespace: one thread that hears from the kernel (rtnetlink) what changes, and tells it on.
//!
//! The state has a lock, which is never held while somebody is told. Whoever subscribes joins the kernel's groups himself,
//! reads what there is, and only then is on the list: nothing falls between. The thread reads a burst of changes whole.

use crate::change::{self, Change, Fact};
use crate::filter::{self, Filter};
use crate::namespace::{Namespace, check_generation, within};
use crate::table::Table;
use std::cell::Cell;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use sys::bell::Bell;
use sys::failure::{Failure, Result};
use sys::logging::Pace;
use sys::netlink::{Heard, Listener, Questions};
use sys::{fork, poll, thread};

/// What the kernel keeps of links, addresses and groups until they are read, in bytes: a thousand devices may come at once.
const BUFFER: libc::c_int = 4 * 1024 * 1024;
/// How many datagrams of the kernel make one burst at most.
const BURST: usize = 4096;
/// What could not be read is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

// linux/rtnetlink.h; the libc crate has only some of them.
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV4_MROUTE: u32 = 6;
const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const RTNLGRP_IPV6_MROUTE: u32 = 10;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
const RTNLGRP_MDB: u32 = 26;
const RTNLGRP_IPV4_MCADDR: u32 = 37;
const RTNLGRP_IPV6_MCADDR: u32 = 38;

/// Some topics, and the groups of messages that tell of them.
struct Channel {
    topics: u8,
    groups: &'static [u32],
    /// Not every kernel has them.
    optional: bool,
}

const DEVICES: u8 = filter::LINKS | filter::ADDRESSES;
/// The kernel's order counts among these.
const STATES: [Channel; 2] = [
    Channel {
        topics: DEVICES,
        groups: &[RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
        optional: false,
    },
    Channel { topics: filter::GROUPS, groups: &[RTNLGRP_IPV4_MCADDR, RTNLGRP_IPV6_MCADDR], optional: true },
];
/// Of these it only counts that something changed, so they have a socket of their own, and flood no other.
const MARKS: [Channel; 3] = [
    Channel { topics: filter::ROUTES, groups: &[RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE], optional: false },
    Channel { topics: filter::MEMBERS, groups: &[RTNLGRP_MDB], optional: true },
    Channel {
        topics: filter::FORWARDING,
        groups: &[RTNLGRP_IPV4_MROUTE, RTNLGRP_IPV6_MROUTE],
        optional: true,
    },
];

/// The watch of a network namespace. It can be cloned; when the last clone is dropped it is [closed](Watch::close). Safe
/// from any thread. In a forked child it is the parent's: subscribing fails with ESTALE, and the child opens its own.
#[derive(Clone)]
pub struct Watch(Arc<Handle>);

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Watch {
    /// A watch of the calling thread's namespace. Its thread gets this name (15 bytes of it are seen), and starts with the
    /// first subscriber. It takes four descriptors, none of which a forked child keeps but one.
    pub fn open(name: &'static str) -> Result<Watch> {
        Watch::new(name, Sockets::open()?)
    }

    /// A watch of the namespace that a descriptor stands for, which is not needed any more afterwards. Fails as
    /// [`Namespace::open_in`] does.
    pub fn open_in(namespace: BorrowedFd, name: &'static str) -> Result<Watch> {
        Watch::new(name, within(namespace, Sockets::open)?)
    }

    fn new(name: &'static str, sockets: Sockets) -> Result<Watch> {
        let bell = Bell::new().map_err(|e| Failure::from_io(&e, "opening an eventfd"))?;
        let Sockets { questions, states, marks } = sockets;
        states.set_buffer(BUFFER);
        let fds = [bell.as_raw_fd(), states.as_raw_fd(), marks.as_raw_fd()];
        let shared = Shared {
            name,
            generation: fork::generation(),
            namespace: Namespace::of(questions),
            bell,
            fds,
            closed: AtomicBool::new(false),
            state: Mutex::new(State {
                states,
                marks,
                heard: 0,
                table: Table::default(),
                stale: false,
                subscribers: Vec::new(),
                last_id: 0,
                thread: None,
            }),
        };
        Ok(Watch(Arc::new(Handle(Arc::new(shared)))))
    }

    /// Tells `tell` from now on what changes and passes the filter, a burst at once and in the kernel's order, until the
    /// subscription is dropped. When this returns, no later change is missed. A filter with [`Filter::replay`] is told first
    /// what there is.
    ///
    /// `tell` runs in the watch's thread, one at a time, and others wait for it meanwhile: it should be short. It may subscribe,
    /// drop subscriptions (its own too) and the watch. One that panics is told nothing more.
    ///
    /// ESTALE in a forked child, ESHUTDOWN when the watch is closed, else what the system refuses.
    pub fn subscribe(
        &self,
        filter: Filter,
        tell: impl FnMut(&[Change]) + Send + 'static,
    ) -> Result<Subscription> {
        let shared = &self.0.0;
        check_generation(shared.generation, "the watch")?;
        let call = Arc::new(Call { ended: AtomicBool::new(false), tell: Mutex::new(Some(Box::new(tell))) });
        let id = shared.subscribe(filter, &call)?;
        shared.bell.ring();
        Ok(Subscription { shared: shared.clone(), call, id })
    }

    /// The namespace, for questions.
    pub fn namespace(&self) -> &Namespace {
        &self.0.0.namespace
    }

    /// Ends the watch for all its subscribers. When this returns its thread has ended and nobody is told anything any more,
    /// but where it is called by `tell`: then it is over when that returns. In a forked child it does nothing.
    pub fn close(&self) {
        self.0.0.close();
    }

    /// True while it can be subscribed to: it is not closed, and not the parent's.
    pub fn is_open(&self) -> bool {
        self.0.0.is_open()
    }
}

/// While it lives, the subscriber is told. When its drop returns, `tell` is not running any more, and is gone with all that
/// it holds, but where `tell` itself drops it: then that happens when it returns. So whoever drops it must hold no lock that
/// `tell` takes.
#[must_use = "a subscription that is dropped ends"]
pub struct Subscription {
    shared: Arc<Shared>,
    call: Arc<Call>,
    id: u64,
}

impl Subscription {
    /// True while it can be told anything: its watch is not closed, and not the parent's.
    pub fn is_open(&self) -> bool {
        self.shared.is_open()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.shared.generation != fork::generation() {
            return;
        }
        self.call.ended.store(true, Ordering::Release);
        let removed = self.shared.state().unsubscribe(self.id);
        drop(removed);
        let tell = if self.shared.is_inside() {
            self.call.tell.try_lock().ok().and_then(|mut tell| tell.take())
        } else {
            self.call.lock().take()
        };
        // With no lock held: it may hold other subscriptions.
        drop(tell);
    }
}

/// The sockets of a watch, which belong to its namespace.
struct Sockets {
    questions: Questions,
    states: Listener,
    marks: Listener,
}

impl Sockets {
    fn open() -> Result<Sockets> {
        let (states, marks) = (Listener::open()?, Listener::open()?);
        Ok(Sockets { questions: Questions::open()?, states, marks })
    }
}

type Tell = Box<dyn FnMut(&[Change]) + Send>;

/// How a subscriber is told.
struct Call {
    ended: AtomicBool,
    /// Locked while it runs.
    tell: Mutex<Option<Tell>>,
}

impl Call {
    fn lock(&self) -> MutexGuard<'_, Option<Tell>> {
        self.tell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, changes: &[Change]) {
        let mut tell = self.lock();
        let Some(run) = tell.as_mut().filter(|_| !self.ended.load(Ordering::Acquire)) else { return };
        if catch_unwind(AssertUnwindSafe(|| run(changes))).is_err() {
            log::error!("watch: a subscriber panicked, and is told nothing more");
            self.ended.store(true, Ordering::Release);
        }
        let ended = if self.ended.load(Ordering::Acquire) { tell.take() } else { None };
        drop(tell);
        drop(ended);
    }
}

struct Subscriber {
    id: u64,
    filter: Filter,
    call: Arc<Call>,
    /// What it is told next.
    pending: Vec<Change>,
}

struct Shared {
    name: &'static str,
    generation: u32,
    namespace: Namespace,
    bell: Bell,
    /// What the thread waits for: the bell first.
    fds: [RawFd; 3],
    closed: AtomicBool,
    state: Mutex<State>,
}

struct State {
    states: Listener,
    marks: Listener,
    /// Topics whose groups are joined.
    heard: u8,
    table: Table,
    /// The table must be read anew.
    stale: bool,
    subscribers: Vec<Subscriber>,
    last_id: u64,
    thread: Option<JoinHandle<()>>,
}

thread_local! {
    /// Whose thread this is: the address of its `Shared`.
    static INSIDE: Cell<usize> = const { Cell::new(0) };
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.generation == fork::generation() && !self.closed.load(Ordering::Acquire)
    }

    fn is_inside(&self) -> bool {
        INSIDE.get() == std::ptr::from_ref(self).addr()
    }

    fn subscribe(self: &Arc<Shared>, filter: Filter, call: &Arc<Call>) -> Result<u64> {
        let mut state = self.state();
        if self.closed.load(Ordering::Acquire) {
            return Err(Failure { errno: libc::ESHUTDOWN, doing: "subscribing to a closed watch".into() });
        }
        if state.thread.is_none() {
            let shared = self.clone();
            let thread = thread::spawn(self.name, move || shared.run());
            state.thread = Some(thread.map_err(|e| Failure::from_io(&e, "starting the thread of a watch"))?);
        }
        if let Err(e) = state.hear(filter.topics, &self.namespace) {
            state.forget();
            return Err(e);
        }
        let wanted = |change: &Change| filter.passes(change);
        let replay = filter.replay.then(|| state.table.replay().chain([Change::Complete]).filter(wanted));
        let pending = replay.into_iter().flatten().collect();
        state.last_id += 1;
        let id = state.last_id;
        state.subscribers.push(Subscriber { id, filter, call: call.clone(), pending });
        Ok(id)
    }

    fn close(&self) {
        if self.generation != fork::generation() {
            return;
        }
        let (thread, subscribers) = {
            let mut state = self.state();
            self.closed.store(true, Ordering::Release);
            (state.thread.take(), std::mem::take(&mut state.subscribers))
        };
        self.bell.ring();
        if let Some(thread) = thread.filter(|_| !self.is_inside()) {
            let _ = thread.join();
        }
        drop(subscribers);
    }

    fn run(&self) {
        INSIDE.set(std::ptr::from_ref(self).addr());
        let mut timeout = None;
        while !self.closed.load(Ordering::Acquire) {
            match poll::which_readable(&self.fds, timeout) {
                Ok(ready) if ready.first() == Some(&true) => self.bell.quiet(),
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    log::error!("watch: waiting for changes: {e}; trying again in a second");
                    std::thread::sleep(RETRY);
                }
            }
            let (calls, stale) = {
                let mut state = self.state();
                state.read(&self.namespace);
                (state.take_pending(), state.stale)
            };
            timeout = stale.then_some(RETRY);
            for (call, changes) in calls {
                if self.closed.load(Ordering::Acquire) {
                    break;
                }
                call.tell(&changes);
                if self.generation != fork::generation() {
                    // It has forked, and this is the child: it has no watch.
                    return;
                }
            }
        }
    }
}

impl State {
    /// Joins what is missing of these topics' groups, and reads what there is.
    fn hear(&mut self, topics: u8, namespace: &Namespace) -> Result<()> {
        if self.heard & topics == topics & !filter::RESYNC {
            return Ok(());
        }
        // What waits is from before, and must not be taken for news of what is heard from now on.
        self.read(namespace);
        for (channels, listener) in [(&STATES[..], &self.states), (&MARKS[..], &self.marks)] {
            for channel in channels {
                if channel.topics & topics == 0 || channel.topics & self.heard != 0 {
                    continue;
                }
                for group in channel.groups {
                    match listener.add(*group) {
                        Err(e) if !channel.optional => return Err(e),
                        _ => {}
                    }
                }
                self.heard |= channel.topics;
                if channel.topics == DEVICES {
                    self.table.replace(namespace.links()?, namespace.addresses()?, &mut Vec::new());
                }
            }
        }
        Ok(())
    }

    /// Leaves the groups of topics that nobody wants any more.
    fn forget(&mut self) {
        let wanted = self.subscribers.iter().fold(0, |all, s| all | s.filter.topics);
        for (channels, listener) in [(&STATES[..], &self.states), (&MARKS[..], &self.marks)] {
            for channel in channels.iter().filter(|c| c.topics & wanted == 0) {
                channel.groups.iter().for_each(|group| listener.remove(*group));
                self.heard &= !channel.topics;
            }
        }
        if wanted & DEVICES == 0 {
            self.table.clear();
            self.stale = false;
        }
    }

    fn unsubscribe(&mut self, id: u64) -> Option<Subscriber> {
        let at = self.subscribers.iter().position(|s| s.id == id)?;
        let removed = self.subscribers.remove(at);
        self.forget();
        Some(removed)
    }

    /// Takes in a burst, and notes for each subscriber what it is told of it.
    fn read(&mut self, namespace: &Namespace) {
        let mut changes = Vec::new();
        let mut resync = self.stale;
        let mut marks = 0;
        for _ in 0..BURST {
            match self.states.poll() {
                Ok(Some(Heard::Messages(messages))) => {
                    let facts = messages.iter().filter_map(|m| change::read(m.kind, &m.body));
                    facts.for_each(|fact| self.take(fact, &mut changes));
                }
                Ok(Some(Heard::Overrun)) => {
                    static PACE: Pace = Pace::new();
                    if PACE.due() {
                        log::warn!(
                            "watch: devices and addresses changed faster than the system lets changes wait \
                             (net.core.rmem_max without CAP_NET_ADMIN); they are read anew"
                        );
                    }
                    resync = true;
                }
                Ok(None) => break,
                Err(e) => {
                    log::error!("watch: {e}; reading everything anew");
                    resync = true;
                    break;
                }
            }
        }
        for _ in 0..BURST {
            match self.marks.poll() {
                Ok(Some(Heard::Messages(messages))) => {
                    for message in messages {
                        marks |= match change::read(message.kind, &message.body) {
                            Some(Fact::Route) => filter::ROUTES,
                            Some(Fact::Member) => filter::MEMBERS,
                            Some(Fact::Forwarding) => filter::FORWARDING,
                            _ => 0,
                        };
                    }
                }
                // Whatever it was, that something changed is all there is to know.
                Ok(Some(Heard::Overrun)) => marks = u8::MAX,
                Ok(None) => break,
                Err(e) => {
                    log::error!("watch: {e}; whoever wants to know is told of a change");
                    marks = u8::MAX;
                    break;
                }
            }
        }
        if resync {
            self.read_anew(namespace, &mut changes);
        }
        let marks = marks & self.heard;
        changes.extend((marks & filter::ROUTES != 0).then_some(Change::Routes));
        changes.extend((marks & filter::MEMBERS != 0).then_some(Change::Members));
        changes.extend((marks & filter::FORWARDING != 0).then_some(Change::Forwarding));
        changes.extend((resync && !self.stale).then_some(Change::Resync));
        for change in &changes {
            for subscriber in self.subscribers.iter_mut().filter(|s| s.filter.passes(change)) {
                subscriber.pending.push(change.clone());
            }
        }
    }

    fn take(&mut self, fact: Fact, changes: &mut Vec<Change>) {
        match fact {
            Fact::Group(change) => {
                // Two alike in a row are one.
                let is_news = self.heard & filter::GROUPS != 0 && changes.last() != Some(&change);
                changes.extend(is_news.then_some(change));
            }
            fact if self.heard & DEVICES != 0 => self.table.take(fact, changes),
            _ => {}
        }
    }

    fn read_anew(&mut self, namespace: &Namespace, changes: &mut Vec<Change>) {
        self.stale = false;
        if self.heard & DEVICES == 0 {
            return;
        }
        match namespace.links().and_then(|links| Ok((links, namespace.addresses()?))) {
            Ok((links, addresses)) => self.table.replace(links, addresses, changes),
            Err(e) => {
                log::error!("watch: {e}; trying again in a second");
                self.stale = true;
            }
        }
    }

    fn take_pending(&mut self) -> Vec<(Arc<Call>, Vec<Change>)> {
        let waiting = self.subscribers.iter_mut().filter(|s| !s.pending.is_empty());
        waiting.map(|s| (s.call.clone(), std::mem::take(&mut s.pending))).collect()
    }
}
