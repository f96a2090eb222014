//! The devices and addresses as they were told: facts go in, changes come out. No system call, no clock.

use crate::change::{Change, Fact};
use crate::link::{Address, Link};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is known of a network namespace.
#[derive(Debug, Default)]
pub struct Table {
    links: BTreeMap<u32, Link>,
    /// An address can be there several times, with other prefixes or peers.
    addresses: BTreeMap<(u32, IpAddr), Vec<Address>>,
}

impl Table {
    /// Takes in what the kernel says; adds to `out` what is another thing than before.
    pub fn take(&mut self, fact: Fact, out: &mut Vec<Change>) {
        match fact {
            Fact::Link(link) => {
                if self.links.get(&link.index) != Some(&link) {
                    out.push(Change::link(&link));
                    self.links.insert(link.index, link);
                }
            }
            Fact::Unlink(index) => {
                let range = (index, IpAddr::from([0; 4]))..=(index, IpAddr::from([0xff; 16]));
                let lost: Vec<(u32, IpAddr)> = self.addresses.range(range).map(|(key, _)| *key).collect();
                for key in lost {
                    self.addresses.remove(&key);
                    out.push(Change::Address { index, added: false, addr: key.1 });
                }
                if let Some(link) = self.links.remove(&index) {
                    out.push(Change::Gone { index, name: link.name });
                }
            }
            Fact::Address(address) => self.address(address, true, out),
            Fact::Unaddress(address) => self.address(address, false, out),
            Fact::Group(_) | Fact::Route | Fact::Member | Fact::Forwarding => {}
        }
    }

    fn address(&mut self, address: Address, added: bool, out: &mut Vec<Change>) {
        let Address { index, address: addr, .. } = address;
        let rows = self.addresses.entry((index, addr)).or_default();
        let before = usable(rows);
        if added && addr.is_ipv6() {
            // Where the MTU has grown to 1280 the kernel tells of it before the IPv6 side is there.
            let mute = self.links.get_mut(&index).filter(|link| !link.ipv6 && link.mtu >= 1280);
            out.extend(mute.map(|link| {
                link.ipv6 = true;
                Change::link(link)
            }));
        }
        rows.retain(|row| (row.peer, row.prefix) != (address.peer, address.prefix));
        if added {
            rows.push(address);
        }
        let after = usable(rows);
        if after.is_none() {
            self.addresses.remove(&(index, addr));
        }
        if before != after {
            out.push(Change::Address { index, added: after.is_some(), addr });
        }
    }

    /// Takes in all there is, read anew; adds to `out` what is another thing than before.
    pub fn replace(&mut self, links: Vec<Link>, addresses: Vec<Address>, out: &mut Vec<Change>) {
        let gone: Vec<u32> =
            self.links.keys().filter(|index| !links.iter().any(|l| l.index == **index)).copied().collect();
        gone.into_iter().for_each(|index| self.take(Fact::Unlink(index), out));
        links.into_iter().for_each(|link| self.take(Fact::Link(link), out));
        let mut now: BTreeMap<(u32, IpAddr), Vec<Address>> = BTreeMap::new();
        for address in addresses {
            now.entry((address.index, address.address)).or_default().push(address);
        }
        let before = std::mem::replace(&mut self.addresses, now);
        for &(index, addr) in before.keys().filter(|key| !self.addresses.contains_key(key)) {
            out.push(Change::Address { index, added: false, addr });
        }
        for (key @ &(index, addr), rows) in &self.addresses {
            if before.get(key).and_then(|rows| usable(rows)) != usable(rows) {
                out.push(Change::Address { index, added: true, addr });
            }
        }
    }

    /// All there is, as if it came now.
    pub fn replay(&self) -> impl Iterator<Item = Change> {
        let links = self.links.values().map(Change::link);
        let addresses = self.addresses.keys();
        links.chain(addresses.map(|(index, addr)| Change::Address {
            index: *index,
            added: true,
            addr: *addr,
        }))
    }

    /// Forgets everything, and tells nobody.
    pub fn clear(&mut self) {
        *self = Table::default();
    }
}

/// Whether an address can be a source; `None` when it is not there.
fn usable(rows: &[Address]) -> Option<bool> {
    (!rows.is_empty()).then(|| rows.iter().any(|row| !row.tentative))
}

#[cfg(test)]
mod tests;
