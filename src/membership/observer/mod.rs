//! The passive observer: one thread that hears what hosts and routers on the links say in IGMP, MLD and PIM Hello, and
//! knows from it who listens where. It never sends.
//!
//! It starts when a service call or membership events need it, and needs CAP_NET_RAW; without, libham goes on and knows
//! this host alone. A forked child drops what it inherited, unread, and starts its own.

mod devices;
pub mod filter;
pub mod float;
pub mod hosts;
pub mod link;
pub mod packet;
mod program;

use super::known::{self, Origin};
use crate::watching::Follower;
use arc_swap::ArcSwapOption;
use devices::Devices;
use hosts::Hosts;
use program::Share;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use sys::bell::Bell;
use sys::capture::{self, BATCH, Batch, Capture, Packet};
use sys::fork::Hook;
use sys::logging::Pace;
use sys::poll;
use sys::thread;
use watch::Filter;

/// When packets come thick and fast, they are read in turns of this length.
const TURN: Duration = Duration::from_millis(6);
/// Packets within this time of one another come thick and fast.
const FAST: Duration = Duration::from_millis(16);
/// Refreshes can wait: they are read at most so often by themselves, and with all news, which may end what they say.
const REST: Duration = Duration::from_millis(50);
/// Reads of one capture before others have their turn.
const READS: usize = 128;
/// When devices could not be observed, they are tried again after this time.
const RETRY: Duration = Duration::from_secs(5);
/// The devices are read again at most so often.
const DEVICES: Duration = Duration::from_millis(25);

struct Observer {
    hosts: Mutex<Hosts>,
    bell: Bell,
    /// The devices have changed.
    stale: AtomicBool,
    /// What is known is to be told again.
    again: AtomicBool,
}

static OBSERVER: ArcSwapOption<Observer> = ArcSwapOption::const_empty();
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Starts the observer, when it does not run yet. After it returns, nothing that is said is missed.
pub fn start() {
    static PACE: Pace = Pace::new();
    if OBSERVER.load().is_some() || REFUSED.load(Ordering::Acquire) {
        return;
    }
    // The log's level is in there, and a program may ask before it makes a multicast socket.
    let _ = crate::config::get();
    match begin() {
        Ok(()) => {}
        Err(e) if matches!(e.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::EAFNOSUPPORT)) => {
            if !REFUSED.swap(true, Ordering::AcqRel) {
                log::info!(
                    "other hosts' memberships are not observed: {e}; it takes CAP_NET_RAW \
                     (setcap cap_net_raw+ep PROGRAM)"
                );
            }
        }
        Err(e) if PACE.due() => log::warn!("other hosts' memberships are not observed: {e}"),
        Err(_) => {}
    }
}

fn begin() -> io::Result<()> {
    Capture::allowed()?;
    ON_FORK.set();
    let mut devices = Devices::default();
    let [stale, again] = [false; 2].map(AtomicBool::new);
    let observer = Observer { hosts: Mutex::default(), bell: Bell::new()?, stale, again };
    let observer = Arc::new(observer);
    if OBSERVER.compare_and_swap(&None::<Arc<_>>, Some(observer.clone())).is_some() {
        return Ok(());
    }
    // From here on changes of devices are heard, so those before are read after it.
    if let Err(e) = DEVICES_CHANGED.begin() {
        log::warn!("{e}: the observer will not follow devices that come and go");
    }
    devices.follow();
    let inside = observer.clone();
    if let Err(e) = thread::spawn("ham-observer", move || observe(&inside, devices)) {
        OBSERVER.compare_and_swap(&observer, None);
        return Err(e);
    }
    Ok(())
}

/// Devices and addresses, and where a multicast router of this host begins or ends to forward.
static DEVICES_CHANGED: Follower =
    Follower::new(Filter::new().links().addresses().forwarding().resync(), |_| devices_changed());

fn devices_changed() {
    if let Some(observer) = &*OBSERVER.load() {
        observer.stale.store(true, Ordering::Release);
        observer.bell.ring();
    }
}

/// Called when there is room again for what did not fit.
pub fn tell_again() {
    if let Some(observer) = &*OBSERVER.load() {
        observer.again.store(true, Ordering::Release);
        observer.bell.ring();
    }
}

/// Looks at what is known of the links.
pub fn look<R>(at: impl FnOnce(&Hosts) -> R) -> R {
    match OBSERVER.load_full() {
        Some(observer) => at(&observer.hosts()),
        None => at(&Hosts::default()),
    }
}

static ON_FORK: Hook = Hook::in_child(forget_after_fork);

/// A forked child has no observer, and can start its own.
extern "C" fn forget_after_fork() {
    // Not dropped: a thread that exists in the parent only may hold a lock in there.
    std::mem::forget(OBSERVER.swap(None));
    REFUSED.store(false, Ordering::Release);
    capture::close_in_child();
}

fn observe(observer: &Observer, mut devices: Devices) {
    let (mut batch, mut older) = (Batch::new(), Batch::new());
    let mut changes = Vec::new();
    let (mut last, mut followed) = (Instant::now(), Instant::now());
    let mut resting: Option<Instant> = None;
    loop {
        let deadline = observer.hosts().deadline();
        let stale = observer.stale.load(Ordering::Acquire).then(|| followed + DEVICES);
        let now = Instant::now();
        resting = resting.filter(|until| *until > now);
        let retry = devices.is_incomplete().then(|| followed + RETRY);
        let next = [deadline, stale, retry, resting].into_iter().flatten().min();
        let timeout = next.map(|at| at.saturating_duration_since(now));
        let rests = |part| part == Share::Refreshes && resting.is_some();
        let captures = devices.captures();
        let captures = captures.map(|(part, _, capture)| if rests(part) { -1 } else { capture.as_raw_fd() });
        let fds: Vec<RawFd> = captures.chain([observer.bell.as_raw_fd()]).collect();
        let ready = match poll::which_readable(&fds, timeout) {
            Ok(ready) => ready,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => {
                log::error!("observer: {e}; trying again in a second");
                std::thread::sleep(Duration::from_secs(1));
                continue;
            }
        };
        if ready.last() == Some(&true) {
            observer.bell.quiet();
        }
        let now = Instant::now();
        let changed = now >= followed + DEVICES && observer.stale.swap(false, Ordering::AcqRel);
        if changed || retry.is_some_and(|at| at <= now) {
            followed = now;
            let gone = devices.follow();
            for (port, bridge) in gone.ports {
                observer.hosts().part(now, bridge, port, &devices.ports(bridge), &mut changes);
            }
            known::report(Origin::Observer, changes.drain(..));
            observer.forget(gone.devices);
            // The captures may be other ones now.
            continue;
        }
        let mut broken = Vec::new();
        let (mut news, mut refreshes) = (0, 0);
        let mut hosts = observer.hosts();
        // Whoever is about to grow old may have said that it is still there.
        let all = deadline.is_some_and(|at| at <= now);
        let mut take = |packet: &Packet| devices.take(now, packet, &mut hosts, &mut changes);
        for ((part, scope, capture), ready) in devices.captures().zip(&ready) {
            let read = match part {
                Share::Refreshes if *ready || all => {
                    read(capture, &mut older, &mut take).map(|count| refreshes += count)
                }
                Share::News if *ready => {
                    let before = devices.capture(Share::Refreshes, scope);
                    let count = read_news(capture, before, (&mut batch, &mut older), &mut take);
                    count.map(|(first, then)| (refreshes, news) = (refreshes + first, news + then))
                }
                _ => Ok(()),
            };
            if read.is_err() {
                broken.push(scope);
            }
        }
        hosts.due(now, &mut changes);
        if observer.again.swap(false, Ordering::AcqRel) {
            hosts.tell_again(&mut changes);
        }
        let left_out = hosts.left_out();
        drop(hosts);
        tell_left_out(left_out);
        known::report(Origin::Observer, changes.drain(..));
        if !broken.is_empty() {
            observer.forget(broken.into_iter().map(|scope| devices.close(scope)).collect());
            observer.stale.store(true, Ordering::Release);
        }
        if refreshes > 0 {
            resting = Some(now + REST);
        }
        if news > 0 {
            if news < BATCH && now - last < FAST {
                std::thread::sleep(TURN);
            }
            last = now;
        }
    }
}

/// Reads what waits in a capture, and gives the number of packets.
fn read(capture: &Capture, batch: &mut Batch, take: &mut impl FnMut(&Packet)) -> io::Result<usize> {
    let mut packets = 0;
    for _ in 0..READS {
        let count = fill(capture, batch)?;
        packets += count;
        batch.packets().for_each(|packet| take(&packet));
        if count < BATCH {
            break;
        }
    }
    Ok(packets)
}

/// Reads news; what was said before them is in the other capture once they have been read, and is taken in first. Gives
/// how many packets there were of both.
fn read_news(
    capture: &Capture,
    refreshes: Option<&Capture>,
    (batch, older): (&mut Batch, &mut Batch),
    take: &mut impl FnMut(&Packet),
) -> io::Result<(usize, usize)> {
    let (mut first, mut then) = (0, 0);
    for _ in 0..READS {
        let count = fill(capture, batch)?;
        if let Some(refreshes) = refreshes {
            first += read(refreshes, older, take)?;
        }
        then += count;
        batch.packets().for_each(|packet| take(&packet));
        if count < BATCH {
            break;
        }
    }
    Ok((first, then))
}

fn fill(capture: &Capture, batch: &mut Batch) -> io::Result<usize> {
    match batch.fill(capture) {
        Ok(BATCH) => {
            tell_losses(capture.lost());
            Ok(BATCH)
        }
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
        result => result,
    }
}

impl Observer {
    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, devices: Vec<u32>) {
        devices.iter().for_each(|device| self.hosts().forget(*device));
        known::report(Origin::Observer, devices.into_iter().map(known::RemoteChange::Vanished));
    }
}

fn tell_losses(lost: u32) {
    static PACE: Pace = Pace::new();
    if lost > 0 && PACE.due() {
        log::warn!("observer: {lost} packets came faster than they were read");
    }
}

fn tell_left_out(count: u64) {
    static PACE: Pace = Pace::new();
    if count > 0 && PACE.due() {
        log::warn!(
            "observer: {count} listeners are left out; {} are kept for each link, {} hosts for each group, \
             {} sources for each host",
            hosts::LISTENERS,
            hosts::HOSTS,
            filter::SOURCES
        );
    }
}
