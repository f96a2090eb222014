//! A subscriber hears every change of the kernel's, and none that is none, in namespaces made for it.

mod common;

use common::{Gate, Heard, View, inside, ip_batch, sh, until};
use std::time::Duration;
use watch::{Change, Filter, Watch, by_name};

fn everything() -> Filter {
    Filter::new().links().addresses().routes().groups().members().forwarding().resync()
}

#[test]
fn every_change_is_heard() {
    inside("every_change_is_heard", || {
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, everything());
        sh("ip link add v type veth peer name w");
        let v = by_name("v").unwrap().unwrap().index;
        heard.hear(
            "a new device",
            |c| matches!(c, Change::Link { index, name, up: false, .. } if *index == v && name == "v"),
        );
        sh("ip link set w up; ip link set v up");
        heard.hear("up", |c| matches!(c, Change::Link { index, running: true, .. } if *index == v));
        heard.hear(
            "a link-local address",
            |c| matches!(c, Change::Address { index, added: true, addr } if *index == v && addr.is_ipv6()),
        );
        heard.hear(
            "its group",
            |c| matches!(c, Change::Group { ifindex, address, joined: true } if *ifindex == v && address.is_ipv6()),
        );
        sh("ip addr add 10.0.0.1/24 dev v");
        let ip = "10.0.0.1".parse().unwrap();
        heard.hear("an address", |c| *c == Change::Address { index: v, added: true, addr: ip });
        heard.forget();
        sh("ip route add 10.9.0.0/16 via 10.0.0.9");
        heard.hear("a route", |c| *c == Change::Routes);
        sh("ip link set v mtu 1200");
        heard.hear(
            "no IPv6 side",
            |c| matches!(c, Change::Link { index, mtu: 1200, ipv6: false, .. } if *index == v),
        );
        heard.forget();
        sh("ip link set v mtu 1500");
        heard.hear("the MTU", |c| matches!(c, Change::Link { index, mtu: 1500, .. } if *index == v));
        // The kernel says so before the IPv6 side is there.
        heard.hear("IPv6 again", |c| matches!(c, Change::Link { index, ipv6: true, .. } if *index == v));
        sh("ip addr del 10.0.0.1/24 dev v");
        heard.hear("an address that goes", |c| *c == Change::Address { index: v, added: false, addr: ip });
        sh("ip link set v down; ip link set v name x; ip link set x up");
        heard.hear(
            "a new name",
            |c| matches!(c, Change::Link { index, name, .. } if *index == v && name == "x"),
        );

        // A bridge's port that leaves it is not gone.
        sh("ip link add br0 type bridge mcast_snooping 1; ip link set br0 up; ip link set x master br0");
        heard.forget();
        sh("bridge mdb add dev br0 port x grp 239.1.2.3 permanent");
        heard.hear("a member of the bridge", |c| *c == Change::Members);
        sh("ip link set x nomaster");
        heard.hear("leaving the bridge", |c| matches!(c, Change::Link { index, .. } if *index == v));
        std::thread::sleep(Duration::from_millis(100));
        let gone = |c: &Change| *c == Change::Gone { index: v, name: "x".into() };
        assert!(!heard.all().iter().any(gone));
        sh("ip link del x");
        heard.hear("a device that vanishes", gone);
        // It returns under another index.
        heard.forget();
        sh("ip link add x type veth peer name w; ip link set x up");
        heard.hear(
            "its return",
            |c| matches!(c, Change::Link { index, name, up: true, .. } if *index != v && name == "x"),
        );
    });
}

#[test]
fn what_changes_nothing_is_not_told() {
    inside("what_changes_nothing_is_not_told", || {
        sh("ip link set lo up; ip link add v type veth peer name w; ip link set v up; ip link set w up");
        sh("ip addr add 10.0.0.1/24 dev v valid_lft 1000 preferred_lft 1000");
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        until("the addresses are there", || {
            ["v", "w"].into_iter().all(|name| {
                let device = by_name(name).unwrap().unwrap();
                device.running && device.v6.iter().any(|(_, tentative)| !tentative)
            })
        });
        let _subscription = heard.subscribe(&watch, Filter::new().links().addresses());
        // The kernel tells of each of these, by a message.
        let told = Heard::default();
        let _all = told.subscribe(&watch, Filter::new().links());
        sh("ip link set v alias nobody; ip link set v txqueuelen 77; ip link set v group 9");
        sh("ip addr change 10.0.0.1/24 dev v valid_lft 2000 preferred_lft 2000");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(heard.all(), []);
        sh("ip link set v mtu 1400");
        heard.hear("what does change", |c| matches!(c, Change::Link { mtu: 1400, .. }));
        assert_eq!(heard.all().len(), 1);
        assert_eq!(told.all(), heard.all());
    });
}

/// The kernel keeps 4 MB of changes; here it has more to say while the subscriber is not ready to listen.
#[test]
fn an_overrun_becomes_the_differences() {
    inside("an_overrun_becomes_the_differences", || {
        sh("ip link set lo up; ip link add v type veth peer name w; ip link set v up; ip link set w up");
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, Filter::new().links().addresses().resync().replay());
        heard.hear("what there is", |c| *c == Change::Complete);
        let gate = Gate::default();
        let slow = gate.clone();
        let _slow = watch.subscribe(Filter::new().links(), move |_| slow.pass()).unwrap();
        sh("ip link set v mtu 1300");
        heard.hear("the last one before", |c| matches!(c, Change::Link { mtu: 1300, .. }));
        let mut batch = String::new();
        for i in 0..8000 {
            batch.push_str(&format!("link set v mtu {}\n", 1400 + i % 2));
        }
        batch.push_str("link add name late type bridge\naddr add 10.0.0.1/24 dev late\nlink del v\n");
        ip_batch(&batch);
        gate.open();
        heard.hear("the overrun", |c| *c == Change::Resync);
        assert!(heard.all().len() < 8000, "nothing was lost, so nothing was tested");
        let is_true = || View::learned(&heard.all()) == View::of(watch.namespace());
        until("what was told is what there is", is_true);
        assert!(View::learned(&heard.all()).links.values().any(|link| link.0 == "late"));
        // And the watch goes on.
        heard.forget();
        sh("ip link add name later type bridge");
        heard.hear("what comes after", |c| matches!(c, Change::Link { name, .. } if name == "later"));
    });
}

#[test]
fn a_flood_of_routes_loses_no_device() {
    inside("a_flood_of_routes_loses_no_device", || {
        sh("ip link add name v type bridge; ip link set v up; ip addr add 10.0.0.1/24 dev v");
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, everything());
        let gate = Gate::default();
        let slow = gate.clone();
        let _slow = watch.subscribe(everything(), move |_| slow.pass()).unwrap();
        let routes = |first: u32| -> String {
            let to =
                |i: u32| format!("route add 10.{}.{}.{}/32 dev v\n", 1 + i / 62_500, i / 250 % 250, i % 250);
            (first..first + 10_000).map(to).collect()
        };
        ip_batch(&routes(0));
        heard.hear("the first routes", |c| *c == Change::Routes);
        heard.forget();
        ip_batch(&routes(10_000));
        sh("ip link add name late type bridge");
        gate.open();
        heard.hear("the device", |c| matches!(c, Change::Link { name, .. } if name == "late"));
        heard.hear("the routes", |c| *c == Change::Routes);
        // All those that are not lost, and the loss, are one.
        assert_eq!(heard.all().iter().filter(|c| **c == Change::Routes).count(), 1);
        assert!(!heard.all().contains(&Change::Resync));
    });
}
