//! The trees of the groups, as far as they go through this node: a router's neighbours on the way to each listener, and
//! from each source. A thread of its own asks Zenoh for them, now and then for as long as somebody wants to know; the
//! answer may be a panic while the network changes, and then the one before counts.

use super::hooks;
use super::node::{Node, Places, uri};
use super::settings::Mode;
use carrier::Role;
use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use sys::thread;
use zenoh::{Session, Wait};

/// How old an answer may be, while somebody asks.
const FRESH: Duration = Duration::from_millis(500);

/// Nobody has asked for so long: the thread ends.
const IDLE: Duration = Duration::from_secs(10);

/// Zenoh gets so long for an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// What is known of the trees.
#[derive(Default)]
pub struct Tree {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    next: Successors,
    asked: Option<Instant>,
    /// Since when it is asked for.
    begun: Option<Instant>,
    is_running: bool,
    is_known: bool,
}

/// By root and destination, both routers: the neighbour on the way from here to the destination in the root's tree.
type Successors = HashMap<(String, String), String>;

/// The neighbours that messages of the group, or of any, come from.
pub fn parents(node: &Arc<Node>, group: Option<&str>) -> Vec<String> {
    let Some(view) = View::of(node, group) else { return Vec::new() };
    let on_tree = node.hears(group) || !view.children().is_empty();
    if on_tree { uris(view.parents()) } else { Vec::new() }
}

/// The neighbours that messages of the group, or of any, are passed on to.
pub fn children(node: &Arc<Node>, group: Option<&str>) -> Vec<String> {
    View::of(node, group).map_or_else(Vec::new, |view| uris(view.children()))
}

fn uris(ids: BTreeSet<String>) -> Vec<String> {
    ids.iter().map(|id| uri(id)).collect()
}

/// A moment of a group.
struct View {
    mode: Mode,
    places: Places,
    /// The nodes, and the routers they are behind.
    sources: Vec<(String, String)>,
    listeners: Vec<(String, String)>,
    next: Successors,
}

impl View {
    fn of(node: &Arc<Node>, group: Option<&str>) -> Option<View> {
        if node.in_child() || node.wanted().is_err() {
            return None;
        }
        let mode = node.settings.mode;
        if mode == Mode::Router {
            node.watch_others();
        }
        let next = if mode == Mode::Router { Tree::ask(node) } else { Successors::new() };
        let others = node.others();
        let nodes = |role| {
            let nodes = others.nodes(group, role);
            nodes.map(|(id, router)| (id.to_owned(), router.to_owned())).collect::<Vec<_>>()
        };
        let (sources, listeners) = (nodes(Role::Sender), nodes(Role::Listener));
        Some(View { mode, places: node.places(), sources, listeners, next })
    }

    /// Where the trees begin: at the sources' routers, and here, as who only sends need not say so.
    fn roots(&self) -> BTreeSet<&str> {
        self.sources.iter().map(|(_, router)| &**router).chain([self.places.id()]).collect()
    }

    fn next(&self, root: &str, to: &str) -> Option<&String> {
        self.next.get(&(root.to_owned(), to.to_owned()))
    }

    fn parents(&self) -> BTreeSet<String> {
        let own = self.places.id();
        if self.mode == Mode::Client {
            return self.places.router.iter().cloned().collect();
        }
        let from = |(node, router): &(String, String)| match **router == *own {
            true => Some(node.clone()),
            false => self.next(router, router).cloned(),
        };
        self.sources.iter().filter_map(from).collect()
    }

    fn children(&self) -> BTreeSet<String> {
        let own = self.places.id();
        if self.mode == Mode::Client {
            return BTreeSet::new();
        }
        let mut all = BTreeSet::new();
        for (node, router) in &self.listeners {
            if **router == *own {
                all.insert(node.clone());
                continue;
            }
            for root in self.roots() {
                // The way to a listener elsewhere in the tree begins with the way back to its root.
                let back = self.next(root, root).filter(|_| root != own);
                all.extend(self.next(root, router).filter(|next| Some(*next) != back).cloned());
            }
        }
        all
    }
}

impl Tree {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known. The first one who asks waits for it a little.
    fn ask(node: &Arc<Node>) -> Successors {
        let mut state = node.tree.lock();
        state.asked = Some(Instant::now());
        if !state.is_running {
            let asker = node.clone();
            state.is_running = thread::spawn("ham-overlay-tree", move || asker.tree.run(&asker)).is_ok();
            state.begun = state.asked;
        }
        let unknown = |state: &mut State| !state.is_known;
        let patience = node.patience_since(state.begun);
        let waited = node.tree.answered.wait_timeout_while(state, patience, unknown);
        waited.unwrap_or_else(PoisonError::into_inner).0.next.clone()
    }

    fn run(&self, node: &Node) {
        loop {
            if let Some(next) = asked_of_zenoh(node) {
                let mut state = self.lock();
                (state.next, state.is_known) = (next, true);
                self.answered.notify_all();
            }
            std::thread::sleep(FRESH);
            let mut state = self.lock();
            if state.asked.is_none_or(|asked| asked.elapsed() > IDLE) {
                // Who asks next must not get what is old.
                (state.is_running, state.is_known) = (false, false);
                return;
            }
        }
    }
}

fn asked_of_zenoh(node: &Node) -> Option<Successors> {
    let session = node.session.load_full()?;
    // Only this question of Zenoh's is safe to ask.
    let prefix = format!("@/{}/router/route/successor/src/", node.places().id());
    hooks::calm(|| replies(&session, &prefix)).ok().flatten()
}

fn replies(session: &Session, prefix: &str) -> Option<Successors> {
    let (send, receive) = channel();
    let told = move |reply| drop(send.send(reply));
    session.get(format!("{prefix}*/dst/*")).callback(told).timeout(ANSWER).wait().ok()?;
    let (mut all, until) = (Successors::new(), Instant::now() + ANSWER);
    loop {
        match receive.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(reply) => {
                let Ok(sample) = reply.result() else { continue };
                let key = sample.key_expr().as_str().strip_prefix(prefix);
                let next = sample.payload().try_to_string().ok();
                if let (Some((root, to)), Some(next)) = (key.and_then(|key| key.split_once("/dst/")), next) {
                    all.insert((root.to_owned(), to.to_owned()), next.trim_matches('"').to_owned());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Some(all),
            Err(RecvTimeoutError::Timeout) => return None,
        }
    }
}
