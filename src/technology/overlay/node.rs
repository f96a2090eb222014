//! This process in an overlay: what the application's threads and the engine's have in common.

use super::engine;
use super::groups::{Group, Id, Part, Wanted};
use super::others::{Others, Tell};
use super::tree::Tree;
use super::{ear, hooks};
use crate::config::{Mode, OverlaySettings};
use crate::control::{fork_generation, prepare_for_fork};
use crate::sys::thread;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use zenoh::Session;

/// Zenoh hands a message to the system within so long, where the link is free. It cannot be asked.
const LINGER: Duration = Duration::from_millis(20);

/// This process.
pub struct Node {
    /// As configured.
    pub settings: OverlaySettings,
    /// When the overlay was used first, and by which generation of the process.
    started: OnceLock<(Instant, u32)>,
    wanted: Mutex<Wanted>,
    /// There is something to do for the engine.
    work: Condvar,
    /// The engine has done something.
    done: Condvar,
    /// The groups with ears that hear whole namespaces.
    namespaces: ArcSwap<Vec<Arc<Group>>>,
    /// The session is there, and has a router or is one.
    pub up: AtomicBool,
    /// The session has failed in a call.
    pub failed: AtomicBool,
    /// When the last message was passed to it, in microseconds since the first use.
    last_put: AtomicU64,
    others: Mutex<Others>,
    /// What others do has been heard of.
    heard: AtomicBool,
    places: Mutex<Places>,
    /// The session, to ask it something.
    pub session: ArcSwapOption<Session>,
    /// The trees of the groups.
    pub tree: Tree,
}

/// Where this node is.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Its id, and those that it had before.
    pub ids: Vec<String>,
    /// Its router: itself when it is one.
    pub router: Option<String>,
    /// The ids of those it is connected to.
    pub neighbors: Vec<String>,
}

impl Places {
    /// The id.
    pub fn id(&self) -> &str {
        self.ids.last().map_or("", String::as_str)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic leaves behind is made good with the next session.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Starts nothing.
    pub fn new(settings: OverlaySettings) -> Arc<Node> {
        Arc::new(Node {
            settings,
            started: OnceLock::new(),
            wanted: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            namespaces: ArcSwap::default(),
            up: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            last_put: AtomicU64::new(0),
            others: Mutex::default(),
            heard: AtomicBool::new(false),
            places: Mutex::default(),
            session: ArcSwapOption::empty(),
            tree: Tree::default(),
        })
    }

    /// Whether this is a child of the process that uses the overlay: it has nothing of the session but its memory, and
    /// locks that may never open.
    pub fn in_child(&self) -> bool {
        self.started.get().is_some_and(|(_, generation)| *generation != fork_generation())
    }

    fn start(self: &Arc<Node>) -> io::Result<()> {
        let mut is_first = false;
        self.started.get_or_init(|| {
            is_first = true;
            prepare_for_fork();
            (Instant::now(), fork_generation())
        });
        if self.in_child() {
            return Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL));
        }
        if is_first {
            hooks::install();
            let node = self.clone();
            // From it come all the threads of Zenoh, and none of them takes a signal.
            if let Err(e) = thread::spawn("ham-overlay", move || engine::run(&node)) {
                log::error!("overlay {}: {e}: no thread for it", self.settings.name);
            }
        }
        Ok(())
    }

    /// What is wanted. Starts the engine.
    pub fn wanted(self: &Arc<Node>) -> io::Result<MutexGuard<'_, Wanted>> {
        self.start()?;
        Ok(lock(&self.wanted))
    }

    /// Changes what is wanted, and tells the engine.
    fn want<T>(self: &Arc<Node>, change: impl FnOnce(&mut Wanted) -> T) -> io::Result<T> {
        let mut wanted = self.wanted()?;
        let result = change(&mut wanted);
        self.work.notify_one();
        Ok(result)
    }

    /// Something has to be looked at.
    pub fn wake(&self) {
        // With the lock, so that it does not fall between the engine's look and its sleep.
        let _wanted = lock(&self.wanted);
        self.work.notify_one();
    }

    /// For the engine: waits until something changes, `unless` there is something else, for so long at most.
    pub fn next_work(&self, longest: Duration, unless: impl Fn() -> bool) -> MutexGuard<'_, Wanted> {
        let wanted = lock(&self.wanted);
        let idle = |wanted: &mut Wanted| !wanted.has_changed() && !unless();
        self.work.wait_timeout_while(wanted, longest, idle).unwrap_or_else(PoisonError::into_inner).0
    }

    /// For the engine: everything has to be made so again.
    pub fn touch_all(&self) {
        lock(&self.wanted).touch_all();
    }

    /// For the engine: all that was wanted by then is made so.
    pub fn settled(&self, version: u64) {
        lock(&self.wanted).settled = version;
        self.done.notify_all();
    }

    /// Waits until what is wanted now is made so; while there is no session only as long as the first use has it.
    pub fn wait_until_settled(&self) {
        let patience = self.settings.patience;
        let Some((first, _)) = self.started.get() else { return };
        if ear::is_inside() {
            return;
        }
        let now = Instant::now();
        let until = if self.up.load(Ordering::Relaxed) { now } else { *first } + patience;
        let wanted = lock(&self.wanted);
        let version = wanted.version;
        let _wanted = self.done.wait_timeout_while(wanted, until.saturating_duration_since(now), |wanted| {
            wanted.settled < version
        });
    }

    /// A message is being passed to the session.
    pub fn note_put(&self) {
        if let Some((first, _)) = self.started.get() {
            self.last_put.store(first.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
    }

    /// Waits until what was sent is out, as far as time tells: a program may end now.
    pub fn linger(&self) {
        let Some((first, _)) = self.started.get() else { return };
        let last = Duration::from_micros(self.last_put.load(Ordering::Relaxed));
        if !last.is_zero() && self.up.load(Ordering::Relaxed) && !ear::is_inside() {
            std::thread::sleep((last + LINGER).saturating_sub(first.elapsed()));
        }
    }

    /// Tells the ears in this process of a frame that it sends.
    pub fn tell_here(&self, group: &Group, frame: &[u8], sources: &[u8]) {
        group.tell(group.name(), || frame.to_vec(), sources);
        for namespace in self.namespaces.load().iter() {
            if namespace.covers(group.name()) {
                namespace.tell(group.name(), || frame.to_vec(), sources);
            }
        }
    }

    /// The table of the others.
    pub fn others(&self) -> MutexGuard<'_, Others> {
        lock(&self.others)
    }

    /// For the engine: what others do has been heard of.
    pub fn others_heard(&self) {
        self.heard.store(true, Ordering::Release);
        let _wanted = lock(&self.wanted);
        self.done.notify_all();
    }

    /// From now on it is known what others do. The first one who asks waits for it a little.
    pub fn watch_others(self: &Arc<Node>) {
        let Ok(mut wanted) = self.wanted() else { return };
        let is_new = !std::mem::replace(&mut wanted.watch, true);
        if is_new {
            wanted.version += 1;
            self.work.notify_one();
        }
        if is_new {
            let unheard = |_: &mut Wanted| !self.heard.load(Ordering::Acquire);
            let _wanted = self.done.wait_timeout_while(wanted, self.first_answer(), unheard);
        }
    }

    /// How long a service call waits for its first answer, and no other does.
    pub fn first_answer(&self) -> Duration {
        if ear::is_inside() { Duration::ZERO } else { self.settings.patience }
    }

    /// Whether someone in this process hears the group, or any.
    pub fn hears(&self, group: Option<&str>) -> bool {
        lock(&self.wanted).hears(group)
    }

    /// Tells of changes in what others do.
    pub fn tell_others(self: &Arc<Node>, tell: Tell) {
        if self.in_child() {
            return;
        }
        self.others().tell(tell);
        let _ = self.want(|wanted| {
            wanted.watch = true;
            wanted.version += 1;
        });
    }

    /// Where this node is.
    pub fn places(&self) -> Places {
        lock(&self.places).clone()
    }

    /// For the engine: it is there now.
    pub fn set_places(&self, change: impl FnOnce(&mut Places)) {
        change(&mut lock(&self.places));
    }

    /// Whether this node has or had the id.
    pub fn has_id(&self, id: &str) -> bool {
        lock(&self.places).ids.iter().any(|own| own == id)
    }

    /// As URIs.
    pub fn neighbors(self: &Arc<Node>) -> Vec<String> {
        match self.start() {
            Ok(()) => lock(&self.places).neighbors.iter().map(|id| uri(id)).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// See [`super::Overlay::designated`].
    pub fn designated(self: &Arc<Node>, group: Option<&str>) -> bool {
        if self.in_child() || !self.up.load(Ordering::Relaxed) {
            return false;
        }
        self.watch_others();
        let Ok(wanted) = self.wanted() else { return false };
        let forwards = wanted.forwards().filter(|(name, _)| group.is_none_or(|group| ***name == *group));
        let own: Vec<_> = forwards
            .flat_map(|(name, domains)| domains.map(|domain| (name.clone(), domain.clone())))
            .collect();
        drop(wanted);
        if own.is_empty() {
            return self.settings.mode == Mode::Router;
        }
        let (others, places) = (self.others(), self.places());
        own.iter().any(|(name, domain)| others.has_no_lower(name, domain, places.id()))
    }
}

/// A node as service calls name it.
pub fn uri(id: &str) -> String {
    format!("ham:zenoh:{id}")
}

/// A part in a group, wanted until it is dropped. In a child of the process it is kept for ever.
pub struct Hold {
    /// Whose part it is.
    pub node: Arc<Node>,
    /// In which group.
    pub group: Arc<Group>,
    part: Part,
    generation: u32,
}

impl Hold {
    /// Wants it from now on.
    pub fn new(node: &Arc<Node>, id: Id, part: Part) -> io::Result<Hold> {
        let group = node.want(|wanted| {
            let group = wanted.add(id, part.clone());
            node.changed_namespaces(&group, wanted);
            group
        })?;
        Ok(Hold { node: node.clone(), group, part, generation: fork_generation() })
    }

    /// Whether this process is a child of the one that has it.
    pub fn is_inherited(&self) -> bool {
        self.generation != fork_generation()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.is_inherited() {
            let _ = self.node.want(|wanted| {
                wanted.remove(&self.group.id, &self.part);
                self.node.changed_namespaces(&self.group, wanted);
            });
        }
    }
}

impl Node {
    fn changed_namespaces(&self, group: &Group, wanted: &Wanted) {
        if matches!(group.id, Id::All(..)) {
            self.namespaces.store(Arc::new(wanted.namespaces()));
        }
    }
}
