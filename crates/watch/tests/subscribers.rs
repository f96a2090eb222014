//! Subscribers come and go: what they are told first, what they are told then, and when it ends.

// fork.
#![allow(unsafe_code)]

mod common;

use common::{Gate, Heard, View, inside, ip_batch, sh, thread_of, until};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use watch::{Change, Filter, Namespace, Subscription, Watch, by_name};

fn devices() -> Filter {
    Filter::new().links().addresses()
}

#[test]
fn first_what_there_is_then_changes() {
    inside("first_what_there_is_then_changes", || {
        sh("ip link set lo up; ip link add name v type bridge; ip addr add 10.0.0.1/24 dev v");
        let watch = Watch::open("watch-test").unwrap();
        assert_eq!(thread_of("watch-test"), None, "nobody needs it yet");
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, devices().replay());
        heard.hear("all there is", |c| *c == Change::Complete);
        let all = heard.all();
        assert_eq!(all.last(), Some(&Change::Complete));
        assert_eq!(View::learned(&all), View::of(watch.namespace()));
        assert!(thread_of("watch-test").is_some());
        // A later one is told what was learned meanwhile, and nothing but what it wants.
        sh("ip link add name w type bridge; ip link set v up");
        heard.hear("the next device", |c| matches!(c, Change::Link { name, .. } if name == "w"));
        let (only, silent) = (Heard::default(), Heard::default());
        let v = by_name("v").unwrap().unwrap().index;
        let _only = only.subscribe(&watch, devices().at([v]).replay());
        let _silent = silent.subscribe(&watch, Filter::new().links());
        only.hear("all there is of it", |c| *c == Change::Complete);
        sh("ip addr add 10.0.0.2/24 dev w; ip addr add 10.0.0.3/24 dev v; ip link del w");
        let address =
            |c: &Change| matches!(c, Change::Address { addr, .. } if addr.to_string() == "10.0.0.3");
        only.hear("the address", address);
        silent.hear("a device", |c| matches!(c, Change::Gone { .. }));
        assert!(only.all().iter().all(|c| c.index().is_none_or(|index| index == v)), "{:?}", only.all());
        assert!(silent.all().iter().all(|c| matches!(c, Change::Link { .. } | Change::Gone { .. })));
        until("all is told", || View::learned(&heard.all()) == View::of(watch.namespace()));
    });
}

/// While devices come, change and go by the hundred, subscribers come in the midst of it, each to a watch that has to read
/// everything first. All of them end with what the kernel has in its tables.
#[test]
fn nothing_falls_between_the_state_and_the_changes() {
    inside("nothing_falls_between_the_state_and_the_changes", || {
        let churn = [0, 1].map(|half| {
            let mut batch = String::new();
            for i in 0..200 {
                let device = format!("d{half}x{i}");
                batch.push_str(&format!("link add name {device} type veth peer name p{half}x{i}\n"));
                batch.push_str(&format!("addr add 10.{half}.{i}.1/32 dev {device}\n"));
                batch.push_str(&format!("link set {device} up mtu {}\n", 1400 + i));
                if i % 3 == 0 {
                    batch.push_str(&format!("link del d{half}x{}\n", i / 3));
                }
            }
            std::thread::spawn(move || ip_batch(&batch))
        });
        let mut all = Vec::new();
        let begin = || {
            let (watch, heard) = (Watch::open("watch-test").unwrap(), Heard::default());
            let subscription = heard.subscribe(&watch, devices().replay());
            (heard, subscription, watch)
        };
        while !churn.iter().all(std::thread::JoinHandle::is_finished) && all.len() < 60 {
            all.push(begin());
            std::thread::sleep(Duration::from_millis(5));
        }
        churn.into_iter().for_each(|churn| churn.join().unwrap());
        all.push(begin());
        assert!(all.len() > 10, "the devices came too fast: {}", all.len());
        for (heard, _, watch) in &all {
            until("what was told is what there is", || {
                let told = heard.all();
                told.contains(&Change::Complete) && View::learned(&told) == View::of(watch.namespace())
            });
        }
        let view = View::of(all[0].2.namespace());
        assert!(view.links.len() > 200 && view.addresses.len() > 200, "{view:?}");
    });
}

/// What the kernel said to those who have gone, and nobody has read yet, is older than what the next one is told first.
#[test]
fn what_waits_from_before_is_no_news() {
    inside("what_waits_from_before_is_no_news", || {
        sh("ip link add name v type veth peer name w; ip link set v up; ip link set w up; ip link set lo up");
        let watch = Watch::open("watch-test").unwrap();
        let gate = Gate::default();
        let (slow, running) = (gate.clone(), Arc::new(AtomicBool::new(false)));
        let inside = running.clone();
        let _slow = watch
            .subscribe(Filter::new().groups(), move |_| {
                inside.store(true, Ordering::SeqCst);
                slow.pass();
            })
            .unwrap();
        let (first, second) = (Heard::default(), Heard::default());
        let subscription = first.subscribe(&watch, devices());
        sh("ip addr add 239.5.6.7/32 dev v autojoin");
        until("the thread is busy", || running.load(Ordering::SeqCst));
        sh("ip link set v mtu 1400");
        drop(subscription);
        sh("ip link set v mtu 1450");
        let _second = second.subscribe(&watch, devices().replay());
        gate.open();
        second.hear("what there is", |c| *c == Change::Complete);
        sh("ip link set w mtu 1300");
        second.hear("what comes then", |c| matches!(c, Change::Link { mtu: 1300, .. }));
        assert_eq!(View::learned(&second.all()), View::of(watch.namespace()));
    });
}

#[test]
fn a_subscription_ends_from_inside_and_outside() {
    inside("a_subscription_ends_from_inside_and_outside", || {
        let watch = Watch::open("watch-test").unwrap();
        let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
        let (calls, held) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let (inner, count, inside) = (own.clone(), calls.clone(), held.clone());
        let subscription = watch.subscribe(Filter::new().links(), move |_| {
            let _held = &inside;
            count.fetch_add(1, Ordering::Relaxed);
            drop(inner.lock().unwrap().take());
        });
        *own.lock().unwrap() = Some(subscription.unwrap());
        sh("ip link add name a type bridge");
        until("it was told, and has gone", || Arc::strong_count(&held) == 1);
        let heard = Heard::default();
        let running = Arc::new(AtomicBool::new(false));
        let inside = running.clone();
        let slow = watch.subscribe(Filter::new().links(), move |_| {
            inside.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(300));
            inside.store(false, Ordering::SeqCst);
        });
        let slow = slow.unwrap();
        let _other = heard.subscribe(&watch, Filter::new().links());
        sh("ip link add name b type bridge");
        until("it runs", || running.load(Ordering::SeqCst));
        drop(slow);
        assert!(!running.load(Ordering::SeqCst), "it still runs when its subscription is gone");
        heard.hear("the others go on", |c| matches!(c, Change::Link { name, .. } if name == "b"));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        // One that panics is alone with it.
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        let _panics = watch.subscribe(Filter::new().links(), move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose");
        });
        for name in ["c", "d"] {
            sh(&format!("ip link add name {name} type bridge"));
            heard.hear("a device", |c| matches!(c, Change::Link { name: n, .. } if n == name));
        }
        until("it was told", || told.load(Ordering::Relaxed) > 0);
        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_last_one_closes() {
    inside("the_last_one_closes", || {
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = descriptors();
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        let subscription = heard.subscribe(&watch, Filter::new().links());
        let second = watch.clone();
        drop(watch);
        sh("ip link add name a type bridge");
        heard.hear("a device", |c| matches!(c, Change::Link { .. }));
        assert!(second.is_open() && subscription.is_open());
        drop(second);
        assert_eq!(thread_of("watch-test"), None);
        assert!(!subscription.is_open());
        heard.forget();
        sh("ip link add name b type bridge");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(heard.all(), []);
        drop(subscription);
        assert_eq!(descriptors(), before);
        // From inside: the thread cannot wait for itself.
        let watch = Watch::open("watch-test").unwrap();
        let inner = watch.clone();
        let _subscription = watch.subscribe(Filter::new().links(), move |_| inner.close()).unwrap();
        sh("ip link add name c type bridge");
        until("the thread ends", || thread_of("watch-test").is_none());
        let refused = watch.subscribe(Filter::new(), |_| {}).err().map(|e| e.errno);
        assert_eq!(refused, Some(libc::ESHUTDOWN));
    });
}

/// The child has no thread but its own, and whatever lock another one of the parent's may have held.
#[test]
fn a_forked_child_opens_its_own() {
    inside("a_forked_child_opens_its_own", || {
        let watch = Watch::open("watch-test").unwrap();
        let gate = Gate::default();
        let slow = gate.clone();
        let running = Arc::new(AtomicBool::new(false));
        let inside = running.clone();
        let subscription = watch.subscribe(devices(), move |_| {
            inside.store(true, Ordering::SeqCst);
            slow.pass();
        });
        let subscription = subscription.unwrap();
        sh("ip link add name a type bridge");
        until("the parent is told", || running.load(Ordering::SeqCst));
        let sockets = || {
            let fds = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            fds.filter(|fd| {
                std::fs::read_link(fd.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
            })
            .count()
        };
        let namespace = Namespace::open().unwrap();
        assert_eq!(sockets(), 4);
        // SAFETY: the child ends by itself, and touches nothing that another thread may hold.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = child_opens_its_own((watch, subscription, namespace), sockets());
            // SAFETY: nothing of the parent's is flushed or dropped.
            unsafe { libc::_exit(right) };
        }
        let end = Instant::now() + common::PATIENCE;
        let mut status = 0;
        // SAFETY: the status is live for the call.
        while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
            assert!(Instant::now() < end, "the child hangs");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(status, 0);
        gate.open();
        // The parent's own goes on.
        assert!(subscription.is_open());
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, Filter::new().links());
        sh("ip link add name c type bridge");
        heard.hear("a device", |c| matches!(c, Change::Link { name, .. } if name == "c"));
    });
}

/// 0, or the number of what is wrong.
fn child_opens_its_own(parents: (Watch, Subscription, Namespace), sockets: usize) -> i32 {
    if sockets != 0 {
        return 1;
    }
    let errno = |e: sys::failure::Failure| e.errno;
    let watch = &parents.0;
    if watch.is_open() || watch.subscribe(devices(), |_| {}).map_err(errno).err() != Some(libc::ESTALE) {
        return 2;
    }
    if [watch.namespace(), &parents.2].map(|of| of.devices().map_err(errno).err()) != [Some(libc::ESTALE); 2]
    {
        return 3;
    }
    let own = Watch::open("watch-child").unwrap();
    // The numbers of what they had are those of the own one now.
    drop(parents);
    let heard = Heard::default();
    let inside = heard.subscribe(&own, devices().replay());
    sh("ip link add name b type bridge");
    heard.hear("a device", |c| matches!(c, Change::Link { name, .. } if name == "b"));
    drop(inside);
    drop(own);
    0
}
