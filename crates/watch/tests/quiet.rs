//! Whoever does not care for routes pays nothing for them: the thread is not woken.

mod common;

use common::{Heard, inside, ip_batch, sh, thread_of};
use std::time::Duration;
use watch::{Change, Filter, Watch};

/// How often the thread has slept and was woken.
fn wakes(thread: &str) -> u64 {
    let status = std::fs::read_to_string(format!("{thread}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// What else may wake it meanwhile, such as a late word of the kernel's on the bridge: far less than 4,000 routes.
const BY_CHANCE: u64 = 3;

fn churn() {
    let to = |i: u32| format!("10.9.{}.{}/32 dev v\n", i / 200, i % 200);
    let add = (0..2000).map(|i| format!("route add {}", to(i)));
    ip_batch(&add.chain((0..2000).map(|i| format!("route del {}", to(i)))).collect::<String>());
    std::thread::sleep(Duration::from_millis(100));
}

#[test]
fn route_churn_wakes_nobody_who_does_not_care() {
    inside("route_churn_wakes_nobody_who_does_not_care", || {
        sh("ip link add name v type bridge; ip link set v up; ip addr add 10.0.0.1/24 dev v");
        let watch = Watch::open("watch-test").unwrap();
        let heard = Heard::default();
        let _subscription = heard.subscribe(&watch, Filter::new().links().addresses().resync());
        std::thread::sleep(Duration::from_millis(1500));
        let thread = thread_of("watch-test").unwrap();
        let before = wakes(&thread);
        churn();
        assert!(wakes(&thread) <= before + BY_CHANCE);
        // One who cares wakes it, and when he is gone it is quiet again.
        let curious = Heard::default();
        let subscription = curious.subscribe(&watch, Filter::new().routes());
        churn();
        curious.hear("routes", |c| *c == Change::Routes);
        assert!(wakes(&thread) > before + BY_CHANCE);
        drop(subscription);
        std::thread::sleep(Duration::from_millis(100));
        let before = wakes(&thread);
        churn();
        assert!(wakes(&thread) <= before + BY_CHANCE);
        sh("ip link add name w type bridge");
        heard.hear("a device", |c| matches!(c, Change::Link { name, .. } if name == "w"));
    });
}
