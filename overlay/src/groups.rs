//! What this process does in the groups of an overlay: wanted by the application at once, made so at the session by the
//! engine's thread, again and again when it has to be.

use super::ear::Ear;
use arc_swap::{ArcSwap, ArcSwapOption};
use carrier::{Arrived, Frame, Heard};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use zenoh::pubsub::Publisher;

/// One group, or all of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// The Group Name.
    Group(Arc<str>),
    /// What the names begin and end with.
    All(Arc<str>, Arc<str>),
}

impl From<Heard<'_>> for Id {
    fn from(heard: Heard<'_>) -> Id {
        match heard {
            Heard::Group(name) => Id::Group(name.into()),
            Heard::All { prefix, suffix } => Id::All(prefix.into(), suffix.into()),
        }
    }
}

/// What is looked at for every message, and mostly empty: then that costs next to nothing.
pub struct Few<T> {
    any: AtomicBool,
    all: ArcSwap<Vec<Arc<T>>>,
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few { any: AtomicBool::new(false), all: ArcSwap::default() }
    }
}

impl<T> Few<T> {
    /// Does it for each.
    pub fn each(&self, act: impl FnMut(&Arc<T>)) {
        if self.any.load(Ordering::Acquire) {
            self.all.load().iter().for_each(act);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Under the lock of [`Wanted`].
    pub fn set(&self, all: Vec<Arc<T>>) {
        let any = !all.is_empty();
        self.all.store(Arc::new(all));
        self.any.store(any, Ordering::Release);
    }
}

/// What the data path needs of it.
pub struct Group {
    /// Which one.
    pub id: Id,
    ears: Few<Ear>,
    /// The way out, while there is a session.
    pub outlet: ArcSwapOption<Publisher<'static>>,
}

impl Group {
    /// Tells all ears of a frame; `name` is the group that it came to.
    pub fn tell<'a>(&self, name: &str, frame: impl Fn() -> Frame<'a>, sources: &[u8]) {
        self.ears.each(|ear| ear.tell(Arrived { group: name, frame: frame(), sources }));
    }

    /// Whether frames of the group of this name are heard here.
    pub fn covers(&self, name: &str) -> bool {
        match &self.id {
            Id::Group(own) => **own == *name,
            Id::All(prefix, suffix) => Heard::All { prefix, suffix }.covers(name),
        }
    }

    /// The name, or what the names begin with.
    pub fn name(&self) -> &Arc<str> {
        let (Id::Group(name) | Id::All(name, _)) = &self.id;
        name
    }
}

/// What is wanted in a group.
pub struct Want {
    /// The group.
    pub group: Arc<Group>,
    ways: usize,
    sources: usize,
    domains: BTreeMap<Arc<str>, usize>,
}

/// What is wanted in a group, for the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Its frames are heard.
    pub heard: bool,
    /// There is a way out.
    pub way: bool,
    /// This node is announced as a source.
    pub source: bool,
    /// This node forwards between the group and these domains.
    pub domains: Vec<Arc<str>>,
}

/// What one holder wants.
#[derive(Clone)]
pub enum Part {
    /// To hear.
    Ear(Arc<Ear>),
    /// To send.
    Way,
    /// To be known as a source.
    Source,
    /// To be known as a forwarder to the domain.
    Domain(Arc<str>),
}

/// All of it. Behind a lock that nobody holds while he calls Zenoh.
#[derive(Default)]
pub struct Wanted {
    groups: HashMap<Id, Want>,
    /// What has changed since the engine looked last.
    changed: HashSet<Id>,
    /// Grows with every change.
    pub version: u64,
    /// The version that the engine has made so.
    pub settled: u64,
    /// Since when the tokens of others are watched.
    pub watched: Option<Instant>,
}

impl Wanted {
    /// One more part.
    pub fn add(&mut self, id: Id, part: Part) -> Arc<Group> {
        let want = self.groups.entry(id.clone()).or_insert_with(|| Want::new(id.clone()));
        match part {
            Part::Ear(ear) => want.change_ears(|ears| ears.push(ear.clone())),
            Part::Way => want.ways += 1,
            Part::Source => want.sources += 1,
            Part::Domain(domain) => *want.domains.entry(domain).or_default() += 1,
        }
        let group = want.group.clone();
        self.touch(id);
        group
    }

    /// One less.
    pub fn remove(&mut self, id: &Id, part: &Part) {
        let Some(want) = self.groups.get_mut(id) else { return };
        match part {
            Part::Ear(ear) => want.change_ears(|ears| ears.retain(|other| !Arc::ptr_eq(ear, other))),
            Part::Way => want.ways = want.ways.saturating_sub(1),
            Part::Source => want.sources = want.sources.saturating_sub(1),
            Part::Domain(domain) => match want.domains.get_mut(domain) {
                Some(holders) if *holders > 1 => *holders -= 1,
                _ => drop(want.domains.remove(domain)),
            },
        }
        if want.wish() == Wish::default() {
            self.groups.remove(id);
        }
        self.touch(id.clone());
    }

    fn touch(&mut self, id: Id) {
        self.changed.insert(id);
        self.version += 1;
    }

    /// Everything has to be made so again.
    pub fn touch_all(&mut self) {
        self.changed.extend(self.groups.keys().cloned());
        self.version += 1;
    }

    /// Something has changed.
    pub fn has_changed(&self) -> bool {
        self.version != self.settled || !self.changed.is_empty()
    }

    /// What has changed, as it is wanted now: what is no longer there wants nothing.
    pub fn take_changed(&mut self) -> Vec<(Id, Option<Arc<Group>>, Wish)> {
        let changed = std::mem::take(&mut self.changed);
        let wish = |id: Id| match self.groups.get(&id) {
            Some(want) => (id, Some(want.group.clone()), want.wish()),
            None => (id, None, Wish::default()),
        };
        changed.into_iter().map(wish).collect()
    }

    /// Whether anybody hears the group, or any.
    pub fn hears(&self, group: Option<&str>) -> bool {
        let hears = |want: &Want| match (group, &want.group.id) {
            (None, _) => true,
            (Some(name), Id::Group(own)) => **own == *name,
            (Some(name), Id::All(prefix, suffix)) => Heard::All { prefix, suffix }.covers(name),
        };
        self.groups.values().any(|want| hears(want) && !want.group.ears.is_empty())
    }

    /// Those who hear whole namespaces.
    pub fn namespaces(&self) -> Vec<Arc<Group>> {
        let all = self.groups.values().filter(|want| matches!(want.group.id, Id::All(..)));
        all.map(|want| want.group.clone()).collect()
    }

    /// The groups with this node as a forwarder, and their domains.
    pub fn forwards(&self) -> impl Iterator<Item = (&Arc<str>, impl Iterator<Item = &Arc<str>>)> {
        self.groups.values().filter(|w| !w.domains.is_empty()).map(|w| (w.group.name(), w.domains.keys()))
    }
}

impl Want {
    fn new(id: Id) -> Want {
        let group = Group { id, ears: Few::default(), outlet: ArcSwapOption::empty() };
        Want { group: Arc::new(group), ways: 0, sources: 0, domains: BTreeMap::new() }
    }

    fn change_ears(&self, change: impl Fn(&mut Vec<Arc<Ear>>)) {
        let mut ears = Vec::new();
        self.group.ears.each(|ear| ears.push(ear.clone()));
        change(&mut ears);
        self.group.ears.set(ears);
    }

    /// In short.
    pub fn wish(&self) -> Wish {
        Wish {
            heard: !self.group.ears.is_empty(),
            way: self.ways > 0,
            source: self.sources > 0,
            domains: self.domains.keys().cloned().collect(),
        }
    }
}
