//! This process in an overlay: what the application's threads and the engine's have in common.

use super::engine;
use super::groups::{Few, Group, Id, Part, Wanted};
use super::others::Others;
use super::settings::{Mode, Settings};
use super::tree::Tree;
use super::{ear, hooks};
use arc_swap::ArcSwapOption;
use carrier::{Frame, Tell};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use sys::fork;
use sys::logging::Pace;
use sys::{clock, thread};
use zenoh::Session;

/// Zenoh hands a message to the system within so long, where the link is free, with a tick of the clock. It cannot be asked.
const LINGER: Duration = Duration::from_millis(30);

/// Zenoh has not answered the engine for so long: it hangs, and a message passed to it might hang, too.
const HANGS: Duration = Duration::from_secs(15);

/// The generation of the process that has used an overlay. Zenoh's threads are those of all overlays together.
static USED_BY: OnceLock<u32> = OnceLock::new();

/// This process.
pub struct Node {
    /// As configured.
    pub settings: Settings,
    /// When the overlay was used first.
    started: OnceLock<Instant>,
    /// The engine has its thread.
    runs: AtomicBool,
    wanted: Mutex<Wanted>,
    /// There is something to do for the engine.
    work: Condvar,
    /// The engine has done something.
    done: Condvar,
    /// The groups with ears that hear whole namespaces.
    namespaces: Few<Group>,
    /// The session is there, and has a router or is one.
    pub up: AtomicBool,
    /// The session has failed in a call.
    pub failed: AtomicBool,
    /// When the last message was passed to it, in milliseconds of the clock; 0: never.
    last_put: AtomicU64,
    /// When the engine was seen last, likewise.
    last_turn: AtomicU64,
    others: Mutex<Others>,
    /// There is room again for others that were left out.
    pub ask_again: AtomicBool,
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
    /// So many ids of its own it knows: by then the tokens of the others are gone everywhere.
    pub const KEPT: usize = 8;

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
    pub fn new(settings: Settings) -> Arc<Node> {
        Arc::new(Node {
            settings,
            started: OnceLock::new(),
            runs: AtomicBool::new(false),
            wanted: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            namespaces: Few::default(),
            up: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            last_put: AtomicU64::new(0),
            last_turn: AtomicU64::new(0),
            others: Mutex::default(),
            ask_again: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            places: Mutex::default(),
            session: ArcSwapOption::empty(),
            tree: Tree::default(),
        })
    }

    /// Whether this is a child of a process that uses an overlay: it has nothing of Zenoh but its memory, and locks that
    /// may never open.
    pub fn in_child(&self) -> bool {
        USED_BY.get().is_some_and(|generation| *generation != fork::generation())
    }

    fn start(self: &Arc<Node>) -> io::Result<()> {
        fork::count();
        USED_BY.get_or_init(fork::generation);
        if self.in_child() {
            return Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL));
        }
        self.started.get_or_init(Instant::now);
        if !self.runs.swap(true, Ordering::Relaxed) {
            hooks::install();
            let node = self.clone();
            // From it come all the threads of Zenoh, and none of them takes a signal.
            if let Err(e) = thread::spawn("ham-overlay", move || engine::run(&node)) {
                log::error!("overlay {}: {e}: no thread for it", self.settings.name);
                self.runs.store(false, Ordering::Relaxed);
                return Err(e);
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
        let Some(first) = self.started.get() else { return };
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

    /// A message is to be passed to the session. False when that hangs: it must not be.
    pub fn note_put(&self) -> bool {
        static PACE: Pace = Pace::new();
        let now = clock::milliseconds();
        self.last_put.store(now, Ordering::Relaxed);
        let lives = now.saturating_sub(self.last_turn.load(Ordering::Relaxed)) < HANGS.as_millis() as u64;
        if !lives && PACE.due() {
            log::error!("overlay {}: Zenoh hangs; this process can send by it no more", self.settings.name);
        }
        lives
    }

    /// For the engine: it has not hung up to now.
    pub fn note_alive(&self) {
        self.last_turn.store(clock::milliseconds(), Ordering::Relaxed);
    }

    /// Waits until what was sent is out, as far as time tells: a program may end now.
    pub fn linger(&self) {
        let last = self.last_put.load(Ordering::Relaxed);
        if last > 0 && self.up.load(Ordering::Relaxed) && !ear::is_inside() {
            let since = Duration::from_millis(clock::milliseconds().saturating_sub(last));
            std::thread::sleep(LINGER.saturating_sub(since));
        }
    }

    /// Tells the ears in this process of a frame that it sends.
    pub fn tell_here(&self, group: &Group, frame: &[u8], sources: &[u8]) {
        group.tell(group.name(), || Frame::Borrowed(frame), sources);
        self.namespaces.each(|namespace| {
            if namespace.covers(group.name()) {
                namespace.tell(group.name(), || Frame::Borrowed(frame), sources);
            }
        });
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

    /// From now on it is known what others do.
    fn watch(self: &Arc<Node>) -> io::Result<MutexGuard<'_, Wanted>> {
        let mut wanted = self.wanted()?;
        if wanted.watched.is_none() {
            wanted.watched = Some(Instant::now());
            wanted.version += 1;
            self.work.notify_one();
        }
        Ok(wanted)
    }

    /// The same. The first ones who ask wait for it a little.
    pub fn watch_others(self: &Arc<Node>) {
        let Ok(wanted) = self.watch() else { return };
        let patience = self.patience_since(wanted.watched);
        let unheard = |_: &mut Wanted| !self.heard.load(Ordering::Acquire);
        let _wanted = self.done.wait_timeout_while(wanted, patience, unheard);
    }

    /// What is left of the time that a service call waits for its first answer.
    pub fn patience_since(&self, begun: Option<Instant>) -> Duration {
        if ear::is_inside() {
            return Duration::ZERO;
        }
        self.settings.patience.saturating_sub(begun.map_or(Duration::ZERO, |begun| begun.elapsed()))
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
        drop(self.watch());
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
        Ok(Hold { node: node.clone(), group, part, generation: fork::generation() })
    }

    /// Whether this process is a child of the one that has it.
    pub fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
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
            self.namespaces.set(wanted.namespaces());
        }
    }
}
