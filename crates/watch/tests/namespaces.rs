//! Several network namespaces in one process, each with a watch of its own.

mod common;

use common::{Heard, Host, View, inside, sh, thread_of, until};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::Duration;
use watch::{Change, Filter, Namespace, Watch};

#[test]
fn two_at_once_and_one_closed() {
    inside("two_at_once_and_one_closed", || {
        let (one, two) = (Host::new(), Host::new());
        let here = || std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let before = here();
        let first = Watch::open_in(one.open().as_fd(), "watch-one").unwrap();
        let second = Watch::open_in(two.open().as_fd(), "watch-two").unwrap();
        let own = Watch::open("watch-own").unwrap();
        assert_eq!(here(), before);
        let [heard_first, heard_second, heard_own] = [(); 3].map(|()| Heard::default());
        let filter = || Filter::new().links().addresses().replay();
        let _first = heard_first.subscribe(&first, filter());
        let _second = heard_second.subscribe(&second, filter());
        let _own = heard_own.subscribe(&own, filter());
        one.sh("ip link add name a type veth peer name z; ip addr add 10.0.0.1/24 dev a");
        two.sh("ip link add name b type bridge; ip link set dev b up; ip addr add 10.0.0.2/24 dev b");
        sh("ip link add name c type bridge");
        let is_there =
            |name: &'static str| move |c: &Change| matches!(c, Change::Link { name: n, .. } if n == name);
        heard_first.hear("a", is_there("a"));
        heard_second.hear("b", is_there("b"));
        heard_own.hear("c", is_there("c"));
        for (watch, heard) in [(&first, &heard_first), (&second, &heard_second), (&own, &heard_own)] {
            until("each knows its own", || View::learned(&heard.all()) == View::of(watch.namespace()));
            let names = View::learned(&heard.all()).links.into_values().map(|link| link.0);
            assert_eq!(names.filter(|name| ["a", "b", "c"].contains(&name.as_str())).count(), 1);
        }
        // A device that moves is gone here, and new there.
        heard_first.forget();
        heard_second.forget();
        one.sh(&format!("ip link set dev a netns {}", two.pid()));
        heard_first.hear("a leaves", |c| matches!(c, Change::Gone { name, .. } if name == "a"));
        heard_second.hear("a arrives", is_there("a"));

        first.close();
        assert_eq!(thread_of("watch-one"), None);
        heard_first.forget();
        heard_second.forget();
        one.sh("ip link add name d type bridge");
        two.sh("ip link add name d type bridge");
        heard_second.hear("d", is_there("d"));
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(heard_first.all(), []);
        assert_eq!(here(), before);
    });
}

#[test]
fn questions_go_to_the_namespace_that_was_given() {
    inside("questions_go_to_the_namespace_that_was_given", || {
        let there = Host::new();
        there.sh(
            "ip link set lo up; ip link add v type veth peer name w; ip link set v up; ip link set w up; \
             ip addr add 10.0.0.1/24 dev v; ip route add default via 10.0.0.254",
        );
        let descriptor = there.open();
        let namespace = Namespace::open_in(descriptor.as_fd()).unwrap();
        // It is not needed any more.
        drop(descriptor);
        let v = namespace.by_name("v").unwrap().unwrap();
        assert_eq!(v.v4, ["10.0.0.1".parse::<std::net::Ipv4Addr>().unwrap()]);
        assert_eq!(namespace.device(v.index).unwrap().unwrap().name, "v");
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(namespace.route_gateway(address).unwrap(), Some(("10.0.0.254".parse().unwrap(), v.index)));
        // A refusal leaves nothing that is in the way of the next question.
        for _ in 0..3 {
            assert_eq!(namespace.device(0x7fff_0000).unwrap(), None);
            assert_eq!(namespace.route_towards("2001:db8::1".parse().unwrap()).unwrap(), None);
            assert_eq!(namespace.devices().unwrap().len(), 3);
        }
        assert_eq!(watch::by_name("v").unwrap(), None);
        assert_eq!(watch::route_towards(address).unwrap(), None);
        let null = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(Namespace::open_in(null.as_fd()).err().unwrap().errno, libc::EINVAL);
    });
}
