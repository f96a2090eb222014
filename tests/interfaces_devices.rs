//! The Interfaces of a host as the kernel has them, in namespaces made for it.

use ham::interfaces::{self, Families, HAM_IPV4, HAM_IPV6, encode};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use testbed::sandbox::{inside, ip_batch, sh, veth};

fn index(name: &str) -> u32 {
    sh(&format!("cat /sys/class/net/{name}/ifindex 2>/dev/null || ip -o link show dev {name} | cut -d: -f1"))
        .parse()
        .unwrap()
}

#[test]
fn loopback_only_where_there_is_nothing_else() {
    inside("loopback_only_where_there_is_nothing_else", || {
        assert_eq!(interfaces::all().unwrap(), [1]);
        assert_eq!(interfaces::default_interfaces().unwrap(), [1]);
        sh("ip link set lo up");
        assert_eq!(interfaces::all().unwrap(), [1]);
        assert_eq!(interfaces::default_interfaces().unwrap(), [1]);
        sh("ip link add v type veth peer name w");
        // Down devices do not count.
        assert_eq!(interfaces::all().unwrap(), [1]);
        sh("ip link set v up");
        assert_eq!(interfaces::all().unwrap(), [watch::by_name("v").unwrap().unwrap().index]);
        sh("ip link set w up; ip link set v multicast off");
        assert_eq!(interfaces::all().unwrap(), [watch::by_name("w").unwrap().unwrap().index]);
    });
}

#[test]
fn the_multicast_route_picks_the_default() {
    inside("the_multicast_route_picks_the_default", || {
        sh("ip link set lo up");
        veth("v0");
        veth("v1");
        let (a, b) =
            (watch::by_name("v0").unwrap().unwrap().index, watch::by_name("v1").unwrap().unwrap().index);
        let choose = |v4: &str, v6: &str| {
            sh(&format!(
                "ip route replace 224.0.0.0/4 dev {v4}; ip -6 route flush table 77 || true; ip -6 rule del pref 5 || true"
            ));
            sh(&format!(
                "ip -6 route add multicast ff00::/8 dev {v6} table 77; ip -6 rule add pref 5 to ff00::/8 lookup 77"
            ));
            interfaces::default_interfaces().unwrap()
        };
        sh("ip -6 rule del pref 0; ip -6 rule add pref 100 lookup local");
        assert_eq!(choose("v1", "v1"), [b]);
        assert_eq!(choose("v0", "v1"), [a | HAM_IPV4, b | HAM_IPV6]);
        assert_eq!(choose("v1", "v0"), [b | HAM_IPV4, a | HAM_IPV6]);
        // A route by way of loopback is none: the first real device.
        assert_eq!(choose("lo", "v1")[0] & 0xff, interfaces::all().unwrap()[0]);
        // Without IPv6 there, its family goes elsewhere.
        sh("ip link set v1 mtu 1200");
        let v6_elsewhere = interfaces::all().unwrap().into_iter().find(|i| *i != b).unwrap();
        sh("ip route replace 224.0.0.0/4 dev v1");
        assert_eq!(interfaces::default_interfaces().unwrap(), [b | HAM_IPV4, v6_elsewhere | HAM_IPV6]);
    });
}

#[test]
fn devices_as_ip_shows_them() {
    inside("devices_as_ip_shows_them", || {
        sh("ip link set lo up");
        veth("v0");
        sh(
            "ip link add br0 type bridge mcast_querier 1; ip link set v0p master br0; ip link set br0 up mtu 1400; \
            ip addr add 10.1.2.3/24 dev v0; ip addr add 10.1.2.4/24 dev v0; ip -6 addr add fd00::1/64 dev v0 nodad",
        );
        let a = watch::by_name("v0").unwrap().unwrap();
        assert_eq!(watch::device(a.index).unwrap().unwrap().name, "v0");
        assert_eq!(a.kind.as_deref(), Some("veth"));
        assert_eq!(a.v4, ["10.1.2.3".parse::<std::net::Ipv4Addr>().unwrap(), "10.1.2.4".parse().unwrap()]);
        assert!(a.v6.contains(&("fd00::1".parse().unwrap(), false)));
        assert!(a.has("fd00::1".parse().unwrap()) && !a.has("fd00::2".parse().unwrap()));
        let br0 = watch::by_name("br0").unwrap().unwrap();
        assert_eq!((br0.mtu, br0.kind.as_deref()), (1400, Some("bridge")));
        assert!(br0.bridge.as_ref().is_some_and(|b| b.querier && b.snooping && b.queries(true)));
        assert_eq!(watch::by_name("v0p").unwrap().unwrap().master, Some(br0.index));
        assert!(a.ipv6 && br0.ipv6);
        sh("echo 1 >/proc/sys/net/ipv6/conf/v0/disable_ipv6; ip link set br0 mtu 1279");
        assert!(!watch::by_name("v0").unwrap().unwrap().ipv6);
        assert!(!watch::by_name("br0").unwrap().unwrap().ipv6);
        assert_eq!(watch::by_name("nobody").unwrap(), None);
        assert_eq!(interfaces::properties(index("br0")).unwrap().mtu, 1279);
        assert_eq!(interfaces::properties(a.index).unwrap().address, "10.1.2.3");
        assert_eq!(interfaces::properties(encode(a.index, Families::V4)).unwrap().name, "v0");
    });
}

#[test]
fn tentative_addresses_are_told() {
    inside("tentative_addresses_are_told", || {
        sh(
            "echo 1 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 1 >/proc/sys/net/ipv6/conf/all/accept_dad; \
            echo 3 >/proc/sys/net/ipv6/conf/default/dad_transmits",
        );
        veth("v0");
        let is_tentative = || {
            let device = watch::by_name("v0").unwrap().unwrap();
            device.v6.first().map(|(_, tentative)| *tentative)
        };
        // The kernel takes a moment to give it an address, and three seconds to take it for its own.
        for tentative in [true, false] {
            let end = Instant::now() + Duration::from_secs(20);
            while is_tentative() != Some(tentative) {
                assert!(Instant::now() < end, "never {tentative}: {:?}", is_tentative());
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    });
}

#[test]
fn the_way_to_an_address() {
    inside("the_way_to_an_address", || {
        sh("ip link set lo up");
        veth("v0");
        sh(
            "ip addr add 10.0.0.1/24 dev v0; ip -6 addr add fd00::1/64 dev v0 nodad; ip route add default via 10.0.0.254; \
            ip -6 route add fd09::/16 via fd00::9; ip route add 10.9.0.0/16 via inet6 fd00::9 dev v0; \
            ip route add unreachable 10.8.0.0/16",
        );
        let a = watch::by_name("v0").unwrap().unwrap().index;
        let way = |to: &str| {
            let route = watch::route_towards(to.parse().unwrap()).unwrap();
            route.map(|r| (r.ifindex, r.gateway.map(|g: IpAddr| g.to_string())))
        };
        assert_eq!(way("10.0.0.7"), Some((a, None)));
        assert_eq!(way("192.0.2.1"), Some((a, Some("10.0.0.254".into()))));
        assert_eq!(way("10.9.0.1"), Some((a, Some("fd00::9".into()))));
        assert_eq!(way("fd09::1"), Some((a, Some("fd00::9".into()))));
        assert_eq!(way("10.0.0.1"), Some((1, None)));
        assert_eq!(way("10.8.0.1"), None);
        assert_eq!(way("2001:db8::1"), None);
        assert_eq!(watch::route_gateway("10.0.0.7".parse().unwrap()).unwrap(), None);
        assert_eq!(
            watch::route_gateway("192.0.2.1".parse().unwrap()).unwrap(),
            Some(("10.0.0.254".parse().unwrap(), a))
        );
    });
}

#[test]
fn a_thousand_devices_are_listed_whole() {
    inside("a_thousand_devices_are_listed_whole", || {
        let mut batch = String::new();
        for i in 0..500 {
            batch.push_str(&format!(
                "link add v{i} type veth peer name w{i}\naddr add 10.{}.{}.1/32 dev v{i}\n",
                i / 250,
                i % 250
            ));
        }
        ip_batch(&batch);
        let devices = watch::devices().unwrap();
        assert_eq!(devices.len(), 1001);
        assert_eq!(devices.iter().filter(|d| d.v4.len() == 1).count(), 500);
    });
}
