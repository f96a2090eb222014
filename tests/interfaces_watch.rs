//! The interface watch hears every change of the kernel's, in namespaces made for it.

use ham::interfaces::{Change, by_name, watch};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use testbed::sandbox::{inside, ip_batch, sh};

static HEARD: Mutex<Vec<Change>> = Mutex::new(Vec::new());

fn on_change(change: &Change) {
    HEARD.lock().unwrap().push(change.clone());
}

/// Waits until a change is heard that `is` it.
fn hear(what: &str, is: impl Fn(&Change) -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if HEARD.lock().unwrap().iter().any(&is) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what} was not heard, but {:?}", HEARD.lock().unwrap());
}

fn forget() {
    std::thread::sleep(Duration::from_millis(100));
    HEARD.lock().unwrap().clear();
}

#[test]
fn every_change_is_heard() {
    inside("every_change_is_heard", || {
        watch::start(on_change).unwrap();
        watch::start(on_change).unwrap();
        sh("ip link add v type veth peer name w");
        let v = by_name("v").unwrap().unwrap().index;
        hear(
            "a new device",
            |c| matches!(c, Change::Link { index, name, up: false, .. } if *index == v && name == "v"),
        );
        sh("ip link set w up; ip link set v up");
        hear("up", |c| matches!(c, Change::Link { index, running: true, .. } if *index == v));
        hear(
            "a link-local address",
            |c| matches!(c, Change::Address { index, added: true, addr } if *index == v && addr.is_ipv6()),
        );
        sh("ip addr add 10.0.0.1/24 dev v");
        let ip = "10.0.0.1".parse().unwrap();
        hear("an address", |c| *c == Change::Address { index: v, added: true, addr: ip });
        forget();
        sh("ip route add 10.9.0.0/16 via 10.0.0.9");
        hear("a route", |c| *c == Change::Routes);
        sh("ip link set v mtu 1200");
        hear(
            "no IPv6 side",
            |c| matches!(c, Change::Link { index, mtu: 1200, ipv6: false, .. } if *index == v),
        );
        forget();
        sh("ip link set v mtu 1500");
        hear("the MTU", |c| matches!(c, Change::Link { index, mtu: 1500, .. } if *index == v));
        // The kernel may say so before the IPv6 side is there; the address tells in any case.
        hear(
            "IPv6 again",
            |c| matches!(c, Change::Address { index, added: true, addr } if *index == v && addr.is_ipv6()),
        );
        sh("ip addr del 10.0.0.1/24 dev v");
        hear("an address that goes", |c| *c == Change::Address { index: v, added: false, addr: ip });
        sh("ip link set v down; ip link set v name x; ip link set x up");
        hear("a new name", |c| matches!(c, Change::Link { index, name, .. } if *index == v && name == "x"));

        // A bridge's port that leaves it is not gone.
        sh("ip link add br0 type bridge; ip link set x master br0");
        forget();
        sh("ip link set x nomaster");
        hear("leaving the bridge", |c| matches!(c, Change::Link { index, .. } if *index == v));
        std::thread::sleep(Duration::from_millis(100));
        let gone = |c: &Change| *c == Change::Gone { index: v, name: "x".into() };
        assert!(!HEARD.lock().unwrap().iter().any(gone));
        sh("ip link del x");
        hear("a device that vanishes", gone);
        // It returns under another index.
        forget();
        sh("ip link add x type veth peer name w; ip link set x up");
        hear(
            "its return",
            |c| matches!(c, Change::Link { index, name, up: true, .. } if *index != v && name == "x"),
        );
    });
}

#[test]
fn lost_changes_are_told() {
    inside("lost_changes_are_told", || {
        sh(
            "ip link set lo up; ip link add v type veth peer name w; ip link set v up; ip addr add 10.0.0.1/24 dev v",
        );
        static BLOCK: Mutex<()> = Mutex::new(());
        fn slow(change: &Change) {
            drop(BLOCK.lock());
            on_change(change);
        }
        let blocked = BLOCK.lock().unwrap();
        watch::start(slow).unwrap();
        let mut batch = String::new();
        for i in 0..50_000 {
            batch.push_str(&format!(
                "route add 10.{}.{}.{}/32 dev v\n",
                1 + i / 62_500,
                i / 250 % 250,
                i % 250
            ));
        }
        ip_batch(&batch);
        drop(blocked);
        hear("the overrun", |c| *c == Change::Resync);
        // And the watch goes on.
        forget();
        sh("ip link add late type veth peer name later");
        hear("what comes after", |c| matches!(c, Change::Link { name, .. } if name == "late"));
    });
}
