//! Presence on this host: one thread with a [`Link`] at each Interface and family where there is something to say or to
//! hear. It starts with the first framed group or the first one who wants to know; before, nothing is sent.
//!
//! `fork`: everything shared hangs on one pointer, which the child drops unread.

use super::feed::Feed;
use super::packet::{NodeId, PACKET_MAX, PlacedGroup, Roles};
use super::transport::Sockets;
use super::{HostChange, Link, LinkSettings, PresenceSettings, Roster};
use crate::error::{Error, Result};
use crate::group::OwnGroup;
use crate::watching::Follower;
use arc_swap::ArcSwapOption;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use sys::fork::Hook;
use sys::handle::{self, DOORBELL, Handle};
use sys::logging::Pace;
use sys::random;
use sys::{exit, thread};
use watch::{Device, Filter};

/// Where changes of other processes' groups go. Called in the thread of presence, which waits for it: what it does must
/// be short, and wait for nobody who waits for a fork.
pub type OnChange = fn(&HostChange);

/// What this process is in, as it is now. Called in the thread of presence.
pub type Own = fn() -> Vec<OwnGroup>;

/// What the thread is told, and how it is woken.
struct Shared {
    bell: Handle,
    /// Own groups may have changed.
    groups: AtomicBool,
    /// Devices or addresses may have changed.
    devices: AtomicBool,
    stop: AtomicBool,
    stopped: AtomicBool,
    rosters: Mutex<BTreeMap<Place, Arc<Roster>>>,
}

impl Shared {
    fn rosters(&self) -> MutexGuard<'_, BTreeMap<Place, Arc<Roster>>> {
        self.rosters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static SHARED: ArcSwapOption<Shared> = ArcSwapOption::const_empty();
static ON_CHANGE: ArcSwapOption<OnChange> = ArcSwapOption::const_empty();

/// How often the own groups are read at most.
const READ: Duration = Duration::from_millis(10);
/// Packets that are taken from one socket before others have their turn.
const BATCH: usize = 64;
/// How long the end of the process waits for the farewell.
const FAREWELL: Duration = Duration::from_millis(50);

/// Says from now on what this process is in: a framed group was joined, registered or sent to. No-op where presence runs,
/// or is configured off. What goes wrong is logged: groups work without presence.
pub fn speak(settings: &'static PresenceSettings, own: Own) {
    if SHARED.load().is_none() {
        if let Err(e) = run(settings, own) {
            static PACE: Pace = Pace::new();
            if PACE.due() {
                log::warn!("{e}: this process tells nobody of its groups");
            }
        }
    }
}

/// Also hears from now on what others are in; `on_change` is told: what there is as it is learned, then every change. Once
/// it is given, it stays.
pub fn listen(settings: &'static PresenceSettings, on_change: OnChange, own: Own) -> Result<()> {
    if ON_CHANGE.load().is_none() {
        ON_CHANGE.store(Some(Arc::new(on_change)));
        devices_changed();
    }
    run(settings, own)
}

/// True when what others say is heard.
pub fn is_heard() -> bool {
    SHARED.load().is_some() && ON_CHANGE.load().is_some()
}

/// Who is at the link of a device in one family; `None` where presence does not run.
pub fn roster(ifindex: u32, v6: bool) -> Option<Arc<Roster>> {
    SHARED.load_full()?.rosters().get(&(ifindex, v6)).cloned()
}

/// Own groups may have changed. Never blocks.
pub fn groups_changed() {
    tell(|shared| &shared.groups);
}

static DEVICES: Follower = Follower::new(Filter::new().links().addresses().resync(), |_| devices_changed());

/// Devices or addresses may have changed. Never blocks.
fn devices_changed() {
    tell(|shared| &shared.devices);
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// Presence is off in a forked child, and starts anew when it needs it.
extern "C" fn forget_after_fork() {
    // Not dropped: the descriptors are those of the parent's thread too.
    std::mem::forget(SHARED.swap(None));
}

fn tell(what: impl Fn(&Shared) -> &AtomicBool) {
    if let Some(shared) = &*SHARED.load() {
        if !what(shared).swap(true, Ordering::AcqRel) {
            shared.bell.ring();
        }
    }
}

fn run(settings: &'static PresenceSettings, own: Own) -> Result<()> {
    if !settings.enabled || SHARED.load().is_some() {
        return Ok(());
    }
    ON_FORK.set();
    let failed = |e: &std::io::Error| Error::from_io(e, "starting presence");
    let (number, bell) = Handle::create().map_err(|e| failed(&e))?;
    handle::close(number);
    let [groups, devices] = [true; 2].map(AtomicBool::new);
    let [stop, stopped] = [false; 2].map(AtomicBool::new);
    let rosters = Mutex::default();
    let shared = Arc::new(Shared { bell, groups, devices, stop, stopped, rosters });
    if SHARED.compare_and_swap(&None::<Arc<_>>, Some(shared.clone())).is_some() {
        return Ok(());
    }
    if let Err(e) = DEVICES.begin() {
        log::warn!("{e}: presence will not follow Interfaces that change");
    }
    exit::at_exit(farewell);
    let inside = shared.clone();
    if let Err(e) = thread::spawn("ham-presence", move || Worker::new(inside, settings, own).work()) {
        SHARED.compare_and_swap(&shared, None);
        return Err(failed(&e));
    }
    Ok(())
}

/// The process ends: others are told, so that they need not wait.
extern "C" fn farewell() {
    let Some(shared) = SHARED.load_full() else { return };
    shared.stop.store(true, Ordering::Release);
    shared.bell.ring();
    let end = Instant::now() + FAREWELL;
    while !shared.stopped.load(Ordering::Acquire) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A device and a family (true: IPv6).
type Place = (u32, bool);

struct Running {
    link: Link,
    sockets: Sockets,
    token: u64,
}

struct Worker {
    shared: Arc<Shared>,
    settings: &'static PresenceSettings,
    own: Own,
    links: BTreeMap<Place, Running>,
    groups: HashMap<Place, Vec<PlacedGroup>>,
    feed: Feed,
    last_token: u64,
    read_at: Option<Instant>,
    retry_at: Option<Instant>,
}

impl Worker {
    fn new(shared: Arc<Shared>, settings: &'static PresenceSettings, own: Own) -> Worker {
        Worker {
            shared,
            settings,
            own,
            links: BTreeMap::new(),
            groups: HashMap::new(),
            feed: Feed::default(),
            last_token: DOORBELL,
            read_at: None,
            retry_at: None,
        }
    }

    fn work(mut self) {
        let mut buffer = [0; PACKET_MAX * 2];
        loop {
            let now = Instant::now();
            if self.shared.stop.load(Ordering::Acquire) {
                self.end(now);
                return self.shared.stopped.store(true, Ordering::Release);
            }
            self.read(now);
            for (place, running) in &mut self.links {
                running.link.due(now);
                running.flush(*place, &self.shared, &mut self.feed);
            }
            let wait = self.deadline().map(|at| {
                // The clock of epoll is in whole milliseconds: never too early.
                at.saturating_duration_since(Instant::now()) + Duration::from_millis(1)
            });
            match self.shared.bell.wait(wait) {
                Ok(Some(DOORBELL)) => self.shared.bell.quiet(),
                Ok(Some(token)) => self.hear(token, &mut buffer),
                Ok(None) => {}
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    log::error!("presence: {e}; trying again in a second");
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(|running| running.link.deadline());
        links.chain(self.read_at).chain(self.retry_at).min()
    }

    /// Reads what this process is in, and where, when that may have changed.
    fn read(&mut self, now: Instant) {
        if self.retry_at.take_if(|at| *at <= now).is_some() {
            self.shared.devices.store(true, Ordering::Release);
        }
        if self.shared.groups.swap(false, Ordering::AcqRel) {
            // A thousand joins in a row are not read a thousand times.
            self.read_at.get_or_insert(now);
        }
        let devices = self.shared.devices.swap(false, Ordering::AcqRel);
        if self.read_at.take_if(|at| *at <= now).is_some() || devices {
            self.groups = groups_by_place((self.own)());
            let took = now.elapsed();
            if self.shared.groups.swap(false, Ordering::AcqRel) {
                self.read_at = Some(now + READ + took * 10);
            }
            let new = self.groups.keys().any(|place| !self.links.contains_key(place));
            if devices || (new && self.retry_at.is_none()) {
                self.place(now);
            }
            for (place, running) in &mut self.links {
                let groups = self.groups.get(place).map_or(&[][..], Vec::as_slice);
                let left_out = running.link.set_groups(now, groups);
                if left_out > 0 {
                    log::warn!("presence: {left_out} groups are more than one node can announce");
                }
            }
        }
    }

    /// Makes the Links that there should be: where this process has groups, and, when others are of interest, everywhere.
    fn place(&mut self, now: Instant) {
        let devices = match watch::devices() {
            Ok(devices) => devices,
            Err(e) => {
                log::warn!("presence: the Interfaces cannot be listed: {e}");
                self.retry_at = Some(now + Duration::from_secs(1));
                return;
            }
        };
        let usable: Vec<u32> = watch::usable(&devices).map(|device| device.index).collect();
        let curious = ON_CHANGE.load().is_some();
        let mut wanted: BTreeMap<Place, IpAddr> = BTreeMap::new();
        for device in devices.iter().filter(|device| device.up) {
            for v6 in [false, true] {
                let place = (device.index, v6);
                if self.groups.contains_key(&place) || (curious && usable.contains(&device.index)) {
                    wanted.extend(source(device, v6).map(|address| (place, address)));
                }
            }
        }
        let unwanted = |(place, running): (&Place, &Running)| {
            (wanted.get(place) != Some(&running.link.address())).then_some(*place)
        };
        let gone: Vec<Place> = self.links.iter().filter_map(unwanted).collect();
        for place in gone {
            self.give_up(place, now);
        }
        for (place, address) in wanted {
            if let Some(running) = self.links.get_mut(&place) {
                if curious {
                    running.link.be_curious(now);
                }
            } else if let Err(e) = self.open(place, address, curious, now) {
                log::warn!("presence at Interface {} ({address}): {e}; trying again", place.0);
                self.retry_at = Some(now + Duration::from_secs(5));
            }
        }
    }

    fn open(&mut self, place: Place, address: IpAddr, curious: bool, now: Instant) -> std::io::Result<()> {
        let sockets = Sockets::open(place.0, address, self.settings.port)?;
        let (id, seed) = (NodeId(random::bytes()?), u64::from_ne_bytes(random::bytes()?));
        self.last_token += 1;
        let token = self.last_token;
        self.shared.bell.add(&sockets.receiver, token)?;
        let PresenceSettings { interval, priority, ref key, .. } = *self.settings;
        let settings = LinkSettings { interval, priority, key: key.clone(), curious };
        self.links
            .insert(place, Running { link: Link::new(settings, id, seed, address, now), sockets, token });
        Ok(())
    }

    fn give_up(&mut self, place: Place, now: Instant) {
        if let Some(mut running) = self.links.remove(&place) {
            running.link.end(now);
            running.flush(place, &self.shared, &mut self.feed);
            self.shared.rosters().remove(&place);
            self.shared.bell.remove(&running.sockets.receiver);
        }
    }

    fn end(&mut self, now: Instant) {
        let all: Vec<Place> = self.links.keys().copied().collect();
        all.into_iter().for_each(|place| self.give_up(place, now));
    }

    fn hear(&mut self, token: u64, buffer: &mut [u8; PACKET_MAX * 2]) {
        let Some((place, running)) = self.links.iter_mut().find(|(_, running)| running.token == token) else {
            return;
        };
        for _ in 0..BATCH {
            // An error of the device: the watch tells when it is back.
            let Ok((length, from)) = running.sockets.receive(buffer) else { break };
            running.link.receive(Instant::now(), from, &mut buffer[..length]);
        }
        running.flush(*place, &self.shared, &mut self.feed);
    }
}

impl Running {
    /// Sends what the link has to say, and tells what it has learned.
    fn flush(&mut self, place @ (ifindex, _): Place, shared: &Shared, feed: &mut Feed) {
        while let Some(packet) = self.link.next_packet() {
            if let Err(e) = self.sockets.send(&self.link.write(&packet)) {
                log::debug!("presence at Interface {ifindex}: {e}");
            }
        }
        if let Some((from, refusal)) = self.link.take_refusal() {
            static PACE: Pace = Pace::new();
            if PACE.due() {
                log::warn!("a presence packet from {from} is dropped: {refusal}");
            }
        }
        if let Some(roster) = self.link.take_roster() {
            shared.rosters().insert(place, Arc::new(roster));
        }
        let on_change = ON_CHANGE.load();
        while let Some(change) = self.link.next_change() {
            feed.take((ifindex, self.link.address()), change, &mut |change| {
                if let Some(on_change) = &*on_change {
                    on_change(change);
                }
            });
        }
    }
}

/// The address that a Link sends from: of IPv6 the link-local one.
fn source(device: &Device, v6: bool) -> Option<IpAddr> {
    if !v6 {
        return device.v4.first().map(|address| IpAddr::V4(*address));
    }
    let usable = device.v6.iter().filter(|(_, tentative)| !tentative).map(|(address, _)| *address);
    let fits = |address: &std::net::Ipv6Addr| address.is_unicast_link_local() || device.loopback;
    usable.filter(|_| device.ipv6).find(fits).map(IpAddr::V6)
}

fn groups_by_place(own: Vec<OwnGroup>) -> HashMap<Place, Vec<PlacedGroup>> {
    let mut all: HashMap<Place, HashMap<(Arc<str>, IpAddr), Roles>> = HashMap::new();
    for own in own {
        let place = all.entry((own.ifindex, own.address.is_ipv6())).or_default();
        let roles = place.entry((own.name, own.address)).or_default();
        *roles = roles.or(Roles { listener: own.listener, sender: own.sender });
    }
    let group = |((name, address), roles)| PlacedGroup { name, address, roles };
    let groups = |groups: HashMap<_, Roles>| {
        groups.into_iter().filter(|(_, roles)| !roles.is_none()).map(group).collect::<Vec<_>>()
    };
    all.into_iter().map(|(place, all)| (place, groups(all))).collect()
}
