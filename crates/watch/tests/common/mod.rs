//! What a subscriber has learned, beside what the kernel says.

// Not every test needs everything.
#![allow(dead_code, unused_imports)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
pub use testbed::host::Host;
pub use testbed::sandbox::{inside, ip_batch, sh};
pub use testbed::wait::{PATIENCE, until};
use watch::{Change, Device, Filter, Namespace, Subscription, Watch};

/// Keeps a subscriber from listening until it is opened; never for ever.
#[derive(Clone, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn pass(&self) {
        let end = Instant::now() + PATIENCE;
        while !self.0.load(Ordering::SeqCst) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Everything that was told, in order.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Change>>>);

impl Heard {
    pub fn subscribe(&self, watch: &Watch, filter: Filter) -> Subscription {
        let heard = self.0.clone();
        watch.subscribe(filter, move |changes| heard.lock().unwrap().extend_from_slice(changes)).unwrap()
    }

    pub fn all(&self) -> Vec<Change> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until a change is heard that `is` it.
    pub fn hear(&self, what: &str, is: impl Fn(&Change) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !self.0.lock().unwrap().iter().any(&is) {
            assert!(Instant::now() < end, "{what} was not heard, but {:?}", self.all());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn forget(&self) {
        std::thread::sleep(Duration::from_millis(100));
        self.0.lock().unwrap().clear();
    }
}

/// Devices and addresses as a subscriber knows them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    pub links: BTreeMap<u32, (String, bool, bool, u32, bool)>,
    pub addresses: BTreeSet<(u32, IpAddr)>,
}

impl View {
    pub fn learned(changes: &[Change]) -> View {
        let mut view = View::default();
        for change in changes {
            match change.clone() {
                Change::Link { index, name, up, running, mtu, ipv6 } => {
                    view.links.insert(index, (name, up, running, mtu, ipv6));
                }
                Change::Gone { index, name } => {
                    assert_eq!(view.links.remove(&index).map(|link| link.0), Some(name));
                }
                Change::Address { index, added: true, addr } => {
                    view.addresses.insert((index, addr));
                }
                Change::Address { index, added: false, addr } => {
                    assert!(view.addresses.remove(&(index, addr)), "{addr} went twice");
                }
                _ => {}
            }
        }
        view
    }

    pub fn of(namespace: &Namespace) -> View {
        let devices = namespace.devices().unwrap();
        let addresses = |d: &Device| -> Vec<(u32, IpAddr)> {
            let v6 = d.v6.iter().map(|(a, _)| IpAddr::from(*a));
            d.v4.iter().map(|a| IpAddr::from(*a)).chain(v6).map(|a| (d.index, a)).collect()
        };
        View {
            addresses: devices.iter().flat_map(addresses).collect(),
            links: devices.into_iter().map(|d| (d.index, (d.name, d.up, d.running, d.mtu, d.ipv6))).collect(),
        }
    }
}

/// The directory in /proc of the thread with this name.
pub fn thread_of(name: &str) -> Option<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let tasks = tasks.filter_map(|task| task.ok()?.path().to_str().map(String::from));
    tasks
        .into_iter()
        .find(|task| std::fs::read_to_string(format!("{task}/comm")).is_ok_and(|comm| comm.trim() == name))
}
