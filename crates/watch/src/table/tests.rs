//! A host that is changed at random, and beside the table a model that knows nothing but two snapshots of it.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What there is at the host.
#[derive(Debug, Clone, Default)]
struct Host {
    links: Vec<Link>,
    addresses: Vec<Address>,
}

#[derive(Debug, Clone)]
enum Event {
    /// The link is there, like this.
    Link(Link),
    Unlink(u32),
    Address(Address),
    Unaddress(Address),
    /// What changes until the next [`Event::Overrun`] is not told.
    Silence,
    /// Everything is read anew.
    Overrun,
    /// The kernel tells again what is so already.
    Again(usize),
}

fn links() -> impl Strategy<Value = Link> {
    let name = prop_oneof![Just("a"), Just("b")];
    let up = prop_oneof![Just(0), Just(libc::IFF_UP as u32)];
    let mtu = prop_oneof![Just(1500), Just(1279)];
    (1u32..4, name, up, mtu, any::<bool>()).prop_map(|(index, name, flags, mtu, ipv6)| Link {
        index,
        name: name.into(),
        flags,
        mtu,
        ipv6,
        ..Link::default()
    })
}

fn addresses() -> impl Strategy<Value = Address> {
    let address = prop_oneof![Just("10.0.0.1"), Just("10.0.0.2"), Just("fe80::1")];
    (1u32..4, address, 8u8..10, any::<bool>()).prop_map(|(index, address, prefix, tentative)| {
        let address: IpAddr = address.parse().unwrap();
        Address { index, address, peer: address, prefix, tentative }
    })
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => links().prop_map(Event::Link),
        2 => (1u32..4).prop_map(Event::Unlink),
        4 => addresses().prop_map(Event::Address),
        3 => addresses().prop_map(Event::Unaddress),
        1 => Just(Event::Silence),
        2 => Just(Event::Overrun),
        2 => any::<usize>().prop_map(Event::Again),
    ]
}

impl Host {
    /// What the kernel says when this happens, and it happens.
    fn happen(&mut self, event: &Event) -> Option<Fact> {
        let same = |a: &Address, b: &Address| {
            (a.index, a.address, a.peer, a.prefix) == (b.index, b.address, b.peer, b.prefix)
        };
        match event.clone() {
            Event::Link(mut link) => {
                // Where an IPv6 address is, there is an IPv6 side.
                let v6 = self.addresses.iter().any(|a| a.index == link.index && a.address.is_ipv6());
                link.ipv6 |= v6 && link.mtu >= 1280;
                self.links.retain(|l| l.index != link.index);
                self.links.push(link.clone());
                Some(Fact::Link(link))
            }
            Event::Unlink(index) => {
                self.links.retain(|l| l.index != index);
                self.addresses.retain(|a| a.index != index);
                Some(Fact::Unlink(index))
            }
            Event::Address(address) => {
                let link = self.links.iter_mut().find(|l| l.index == address.index)?;
                link.ipv6 |= address.address.is_ipv6() && link.mtu >= 1280;
                self.addresses.retain(|a| !same(a, &address));
                self.addresses.push(address.clone());
                Some(Fact::Address(address))
            }
            Event::Unaddress(address) => {
                self.addresses.retain(|a| !same(a, &address));
                Some(Fact::Unaddress(address))
            }
            Event::Again(which) => {
                let links = self.links.iter().cloned().map(Fact::Link);
                let all: Vec<Fact> = links.chain(self.addresses.iter().cloned().map(Fact::Address)).collect();
                all.get(which % all.len().max(1)).cloned()
            }
            Event::Silence | Event::Overrun => None,
        }
    }

    /// The devices, and the addresses each with whether it can be used.
    fn seen(&self) -> (BTreeMap<u32, Change>, BTreeMap<(u32, IpAddr), bool>) {
        let links = self.links.iter().map(|l| (l.index, Change::link(l))).collect();
        let mut addresses = BTreeMap::new();
        for a in &self.addresses {
            *addresses.entry((a.index, a.address)).or_default() |= !a.tentative;
        }
        (links, addresses)
    }

    /// What must be told to whoever knew the host as it was before, in any order.
    fn difference(&self, before: &Host) -> Vec<Change> {
        let ((old_links, old), (links, addresses)) = (before.seen(), self.seen());
        let name = |index: &u32| before.links.iter().find(|l| l.index == *index).unwrap().name.clone();
        let gone = old_links.keys().filter(|index| !links.contains_key(index));
        let mut all: Vec<Change> =
            gone.map(|index| Change::Gone { index: *index, name: name(index) }).collect();
        all.extend(links.iter().filter(|(i, l)| old_links.get(i) != Some(l)).map(|(_, l)| l.clone()));
        let keys: BTreeSet<_> = old.keys().chain(addresses.keys()).collect();
        for key @ &(index, addr) in keys {
            if old.get(key) != addresses.get(key) {
                all.push(Change::Address { index, added: addresses.contains_key(key), addr });
            }
        }
        all
    }
}

fn sorted(changes: Vec<Change>) -> Vec<String> {
    let mut all: Vec<String> = changes.iter().map(|c| format!("{c:?}")).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn told_is_what_really_changed(events in proptest::collection::vec(events(), 0..60)) {
        let (mut host, mut table) = (Host::default(), Table::default());
        // The host as the table's user knows it.
        let mut known = host.clone();
        let mut silent = false;
        for event in &events {
            let fact = host.happen(event);
            let mut out = Vec::new();
            match (event, fact) {
                (Event::Silence, _) => silent = true,
                (Event::Overrun, _) => {
                    silent = false;
                    table.replace(host.links.clone(), host.addresses.clone(), &mut out);
                }
                (_, Some(fact)) if !silent => table.take(fact, &mut out),
                _ => {}
            }
            if silent {
                prop_assert_eq!(&out, &[]);
            } else {
                prop_assert_eq!(sorted(out), sorted(host.difference(&known)));
                known = host.clone();
                let replay = table.replay().collect();
                prop_assert_eq!(sorted(replay), sorted(host.difference(&Host::default())));
            }
        }
    }
}

#[test]
fn a_device_goes_after_its_addresses() {
    let mut table = Table::default();
    let mut out = Vec::new();
    let address: IpAddr = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap();
    let link = Link { index: 2, name: "v".into(), ..Link::default() };
    table.take(Fact::Link(link), &mut out);
    table.take(
        Fact::Address(Address { index: 2, address, peer: address, prefix: 128, tentative: false }),
        &mut out,
    );
    out.clear();
    table.take(Fact::Unlink(2), &mut out);
    let gone = Change::Gone { index: 2, name: "v".into() };
    assert_eq!(out, [Change::Address { index: 2, added: false, addr: address }, gone]);
}

/// What is told of a link leaves something out; that it changed is told all the same.
#[test]
fn a_device_that_joins_a_bridge_has_changed() {
    let mut table = Table::default();
    let mut out = Vec::new();
    let link = Link { index: 2, name: "v".into(), ..Link::default() };
    for master in [None, Some(7), Some(7)] {
        table.take(Fact::Link(Link { master, ..link.clone() }), &mut out);
    }
    assert_eq!(out, [Change::link(&link), Change::link(&link)]);
}
