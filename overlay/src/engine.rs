//! The engine's thread: it opens the session, again and again until it is there, makes at it what is wanted, and opens
//! another one when it has died. Nobody but it declares anything, and nobody waits for it but by his own choice.

use super::groups::{Group, Id, Wish};
use super::hooks::{self, Panicked};
use super::key::{self, Says};
use super::node::{Node, Places};
use super::session;
use super::settings::Mode;
use carrier::Role;
use carrier::{Frame, LONG};
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use zenoh::bytes::ZBytes;
use zenoh::liveliness::LivelinessToken;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::CongestionControl;
use zenoh::sample::{Locality, Sample, SampleKind};
use zenoh::{Session, Wait};

/// How often the session is looked after when nothing happens.
const LOOK: Duration = Duration::from_secs(1);

/// When it is looked after first when something has happened, and then ever later.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Zenoh's clients forget their router when the connection ends at a bad moment: a session that has been without one for
/// so long, and two leases, is replaced.
const ALONE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 30 });

/// A session numbers its key expressions with 16 bits and never takes a number again: before that it is replaced.
const KEYS: usize = if cfg!(test) { 2000 } else { 60_000 };

/// A session that has lived for so long was no failure.
const LIVED: Duration = Duration::from_secs(10);

/// Runs for the life of the process.
pub fn run(node: &Arc<Node>) {
    let settings = &node.settings;
    if settings.zenoh_config.is_none() && settings.routers.is_empty() && settings.listen.is_empty() {
        log::warn!(
            "overlay {}: it has neither \"routers\" nor \"listen\", and reaches nobody",
            settings.name
        );
    }
    let mut pause = Pause::default();
    loop {
        match session::open(&node.settings) {
            Ok(session) => {
                let begin = Instant::now();
                let why = Engine::new(node, session).run();
                log::warn!("overlay {}: {why}; a new session is opened", node.settings.name);
                if begin.elapsed() > LIVED {
                    pause = Pause::default();
                }
            }
            Err(why) => pause.tell(node, &why),
        }
        std::thread::sleep(pause.next());
    }
}

/// The time between attempts to open a session.
#[derive(Default)]
struct Pause {
    last: Option<Duration>,
}

impl Pause {
    /// 100 ms, doubled up to 5 s, and up to a quarter less: many hosts may have lost their router at once.
    fn next(&mut self) -> Duration {
        let full = self.last.map_or(Duration::from_millis(100), |last| 2 * last).min(Duration::from_secs(5));
        self.last = Some(full);
        let mut random = [0; 2];
        let _ = getrandom::fill(&mut random);
        full - full.mul_f64(f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX) / 4.0)
    }

    fn tell(&self, node: &Node, why: &str) {
        let level = if self.last.is_none() { log::Level::Warn } else { log::Level::Debug };
        log::log!(level, "overlay {}: no session: {why}; it is tried again", node.settings.name);
    }
}

/// What is declared for a group.
struct Declared {
    group: Arc<Group>,
    subscriber: Option<Subscriber<()>>,
    outlet: Option<Arc<Publisher<'static>>>,
    /// By their keys.
    tokens: BTreeMap<String, LivelinessToken>,
}

/// Why the session ends.
enum End {
    Panicked,
    Failed(String),
}

impl From<Panicked> for End {
    fn from(_: Panicked) -> End {
        End::Panicked
    }
}

impl From<zenoh::Error> for End {
    fn from(error: zenoh::Error) -> End {
        End::Failed(hooks::plain(&error))
    }
}

struct Engine<'a> {
    node: &'a Arc<Node>,
    session: Session,
    /// False when it has ended: what its callbacks say then is of the past. Changes with the table of the others locked.
    live: Arc<AtomicBool>,
    /// Key expressions that it has numbered.
    keys: usize,
    declared: HashMap<Id, Declared>,
    watch: Option<Subscriber<()>>,
    /// Ways out that a put may still be in: they are not undeclared in it.
    retired: Vec<Arc<Publisher<'static>>>,
    /// Neighbours came or went.
    moved: Arc<AtomicBool>,
    panics: u64,
}

impl<'a> Engine<'a> {
    fn new(node: &'a Arc<Node>, session: Session) -> Engine<'a> {
        node.failed.store(false, Ordering::Relaxed);
        Engine {
            node,
            session,
            live: Arc::new(AtomicBool::new(true)),
            keys: 0,
            declared: HashMap::new(),
            watch: None,
            retired: Vec::new(),
            moved: Arc::new(AtomicBool::new(true)),
            panics: hooks::panics(),
        }
    }

    /// Until the session is dead: says why.
    fn run(mut self) -> String {
        let served = catch_unwind(AssertUnwindSafe(|| match self.serve() {
            End::Panicked => "Zenoh panicked".to_owned(),
            End::Failed(why) => why,
        }));
        let why = served.unwrap_or_else(|_| "a defect in libham".to_owned());
        self.node.up.store(false, Ordering::Relaxed);
        self.node.session.store(None);
        let mut others = self.node.others();
        self.live.store(false, Ordering::Relaxed);
        others.clear();
        drop(others);
        for declared in self.declared.values() {
            declared.group.outlet.store(None);
        }
        // All of it with the session, on a thread that nobody waits for.
        let Engine { session, declared, watch, retired, .. } = self;
        let rest = (declared, watch, retired);
        let _ = sys::thread::spawn("ham-overlay-end", move || {
            let _ = hooks::calm(|| session.close().wait());
            let _ = hooks::calm(|| drop(rest));
        });
        why
    }

    fn serve(&mut self) -> End {
        let Err(end) = self.serve_for_ever();
        end
    }

    fn serve_for_ever(&mut self) -> Result<Infallible, End> {
        self.follow_neighbors()?;
        let node = self.node;
        node.session.store(Some(Arc::new(self.session.clone())));
        node.touch_all();
        let (mut looked, mut pause, mut with_router) = (Instant::now(), LOOK, Instant::now());
        loop {
            node.note_alive();
            // The event may come before Zenoh's own list has changed: so without one, too.
            let moved = self.moved.swap(false, Ordering::AcqRel);
            if moved || looked.elapsed() >= pause {
                pause = if moved { LOOK_AGAIN } else { (4 * pause).min(LOOK) };
                looked = Instant::now();
                if self.look_around()? {
                    node.touch_all();
                }
            }
            if node.up.load(Ordering::Relaxed) {
                with_router = Instant::now();
            } else if with_router.elapsed() > ALONE.max(2 * node.settings.lease) {
                return Err(End::Failed("it has had no router for long".into()));
            }
            if node.ask_again.swap(false, Ordering::AcqRel) {
                let watch = self.watch.take();
                hooks::calm(|| drop(watch))?;
            }
            let news = || self.moved.load(Ordering::Acquire) || node.ask_again.load(Ordering::Acquire);
            let mut wanted = node.next_work(pause, news);
            let (version, watch, changed) = (wanted.version, wanted.watched.is_some(), wanted.take_changed());
            drop(wanted);
            self.check()?;
            for (id, group, wish) in changed {
                node.note_alive();
                self.make_so(id, group, &wish)?;
            }
            if self.keys > KEYS && self.declared.len() < KEYS / 2 {
                return Err(End::Failed("it has used up its numbers for key expressions".into()));
            }
            if watch && self.watch.is_none() {
                self.watch_others()?;
            }
            self.retired.retain(|outlet| Arc::strong_count(outlet) > 1);
            node.settled(version);
        }
    }

    /// Whether the session lives.
    fn check(&self) -> Result<(), End> {
        if self.node.failed.load(Ordering::Relaxed) || self.panics != hooks::panics() {
            return Err(End::Panicked);
        }
        match hooks::calm(|| self.session.is_closed())? {
            true => Err(End::Failed("the session is closed".into())),
            false => Ok(()),
        }
    }

    fn follow_neighbors(&self) -> Result<(), End> {
        let (node, moved) = (Arc::downgrade(self.node), self.moved.clone());
        let came_or_went = move |_| {
            moved.store(true, Ordering::Release);
            if let Some(node) = node.upgrade() {
                node.wake();
            }
        };
        hooks::calm(|| {
            self.session
                .info()
                .transport_events_listener()
                .history(false)
                .callback(came_or_went)
                .background()
                .wait()
        })??;
        Ok(())
    }

    /// Sees where this node is. True when that is elsewhere than before.
    fn look_around(&self) -> Result<bool, End> {
        let (id, routers, all) = hooks::calm(|| {
            let info = self.session.info();
            let routers: Vec<String> = info.routers_zid().wait().map(|id| id.to_string()).collect();
            let all: Vec<String> =
                info.transports().wait().map(|transport| transport.zid().to_string()).collect();
            (info.zid().wait().to_string(), routers, all)
        })?;
        let router = match self.node.settings.mode {
            Mode::Router => Some(id.clone()),
            Mode::Client => routers.into_iter().next(),
        };
        let is_up = router.is_some();
        let mut has_moved = false;
        self.node.set_places(|places: &mut Places| {
            if places.id() != id {
                places.ids.push(id);
                let old = places.ids.len().saturating_sub(Places::KEPT);
                places.ids.drain(..old);
            }
            has_moved = places.router != router && is_up;
            places.router = router;
            places.neighbors = all;
            places.neighbors.sort();
            places.neighbors.dedup();
        });
        self.node.up.store(is_up, Ordering::Relaxed);
        Ok(has_moved)
    }

    /// Makes in a group what is wanted in it.
    fn make_so(&mut self, id: Id, group: Option<Arc<Group>>, wish: &Wish) -> Result<(), End> {
        let is_other =
            |declared: &Declared| group.as_ref().is_none_or(|group| !Arc::ptr_eq(group, &declared.group));
        if self.declared.get(&id).is_some_and(is_other) {
            if let Some(old) = self.declared.remove(&id) {
                old.group.outlet.store(None);
                self.retired.extend(old.outlet);
                hooks::calm(|| drop((old.subscriber, old.tokens)))?;
            }
        }
        let Some(group) = group else { return Ok(()) };
        let tokens = self.tokens(&id, wish);
        let session = &self.session;
        let declared = self.declared.entry(id).or_insert_with(|| Declared {
            group: group.clone(),
            subscriber: None,
            outlet: None,
            tokens: BTreeMap::new(),
        });
        match (wish.heard, &declared.subscriber) {
            (true, None) => {
                self.keys += 1;
                declared.subscriber = Some(hooks::calm(|| subscriber(session, &group))??);
            }
            (false, Some(_)) => {
                let subscriber = declared.subscriber.take();
                hooks::calm(|| drop(subscriber))?;
            }
            _ => {}
        }
        match (wish.way, &declared.outlet) {
            (true, None) => {
                self.keys += 1;
                let outlet = Arc::new(hooks::calm(|| publisher(session, &group))??);
                declared.outlet = Some(outlet.clone());
                group.outlet.store(Some(outlet));
            }
            (false, Some(_)) => {
                group.outlet.store(None);
                self.retired.extend(declared.outlet.take());
            }
            _ => {}
        }
        let (kept, gone) =
            std::mem::take(&mut declared.tokens).into_iter().partition(|(key, _)| tokens.contains(key));
        declared.tokens = kept;
        let gone: BTreeMap<String, LivelinessToken> = gone;
        for key in tokens {
            if let Entry::Vacant(place) = declared.tokens.entry(key) {
                let key = place.key().clone();
                place.insert(hooks::calm(|| session.liveliness().declare_token(key).wait())??);
            }
        }
        // After the new ones: a node that moves to another router never seems to leave the group.
        hooks::calm(|| drop(gone))?;
        Ok(())
    }

    /// What this node says of itself.
    fn tokens(&self, id: &Id, wish: &Wish) -> Vec<String> {
        let places = self.node.places();
        let (Id::Group(group), Some(router)) = (id, &places.router) else { return Vec::new() };
        let token = |says, via: &str| key::token(group, says, places.id(), via);
        let mut all: Vec<_> = wish.domains.iter().map(|domain| token(Says::Forwards, domain)).collect();
        all.extend(wish.heard.then(|| token(Says::Is(Role::Listener), router)));
        all.extend(wish.source.then(|| token(Says::Is(Role::Sender), router)));
        all
    }

    fn watch_others(&mut self) -> Result<(), End> {
        let (node, live) = (self.node.clone(), self.live.clone());
        let heard = move |sample: Sample| {
            let came = sample.kind() == SampleKind::Put;
            let mut others = node.others();
            if !live.load(Ordering::Relaxed) {
                return;
            }
            let has_room_again = others.apply(sample.key_expr().as_str(), came, |id| node.has_id(id));
            drop(others);
            if has_room_again {
                node.ask_again.store(true, Ordering::Release);
                node.wake();
            }
        };
        let liveliness = self.session.liveliness();
        let watch =
            hooks::calm(|| liveliness.declare_subscriber(key::TOKENS).history(true).callback(heard).wait())??;
        self.watch = Some(watch);
        // Asked behind it only to learn when all has been said: then nobody has the callback any more.
        let said = Said(self.node.clone());
        let listen = move |_| _ = &said;
        hooks::calm(|| liveliness.get(key::TOKENS).callback(listen).wait())??;
        Ok(())
    }
}

/// Tells that everything has been said when it is dropped.
struct Said(Arc<Node>);

impl Drop for Said {
    fn drop(&mut self) {
        self.0.others_heard();
    }
}

fn subscriber(session: &Session, group: &Arc<Group>) -> zenoh::Result<Subscriber<()>> {
    let group = group.clone();
    let key = match &group.id {
        Id::Group(name) => key::data(name),
        Id::All(prefix, suffix) => key::all_data(prefix, suffix),
    };
    // Those in this process are told by `Way::put` itself.
    let builder = session.declare_subscriber(key).allowed_origin(Locality::Remote);
    builder.callback(move |sample| arrived(&group, &sample)).wait()
}

fn arrived(group: &Group, sample: &Sample) {
    if sample.kind() != SampleKind::Put {
        return;
    }
    let sources = sample.attachment().map(|attachment| attachment.to_bytes()).unwrap_or_default();
    let payload = sample.payload();
    let bytes = payload.to_bytes();
    let frame = || match &bytes {
        Cow::Borrowed(bytes) if bytes.len() >= LONG => Frame::Lent(Box::new(Payload(payload.clone()))),
        bytes => Frame::Borrowed(bytes),
    };
    match &group.id {
        Id::Group(name) => group.tell(name, frame, &sources),
        // What is under a key that is nobody's is no frame.
        Id::All(..) => match key::group(sample.key_expr().as_str()) {
            Some(name) if group.covers(&name) => group.tell(&name, frame, &sources),
            _ => {}
        },
    }
}

/// A message that has half of the buffer in which it came, which is why it can stay there.
struct Payload(ZBytes);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.0.slices().next().unwrap_or_default()
    }
}

fn publisher(session: &Session, group: &Group) -> zenoh::Result<Publisher<'static>> {
    let builder = session.declare_publisher(key::data(group.name()));
    builder.congestion_control(CongestionControl::Drop).allowed_destination(Locality::Remote).wait()
}
