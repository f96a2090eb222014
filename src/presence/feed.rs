//! What hosts are in, from what their nodes are in: several processes of a host can be in one group.

use super::packet::Roles;
use super::{Change, HostChange};
use carrier::Role;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

/// Device, address of the host, Group Name, Group Address, role.
type Key = (u32, IpAddr, Arc<str>, IpAddr, Role);

/// How many nodes say the same.
#[derive(Default)]
pub struct Feed(HashMap<Key, u32>);

impl Feed {
    /// Takes a change at the device, where `own` is this host's address, and tells what is news of the host.
    pub fn take(
        &mut self,
        (ifindex, own): (u32, IpAddr),
        change: Change,
        tell: &mut impl FnMut(&HostChange),
    ) {
        let Change { address, group, came, .. } = change;
        let Roles { listener, sender } = group.roles;
        for role in [listener.then_some(Role::Listener), sender.then_some(Role::Sender)].into_iter().flatten()
        {
            let entry = self.0.entry((ifindex, address, group.name.clone(), group.address, role));
            let news = match entry {
                Entry::Vacant(new) if came => {
                    new.insert(1);
                    true
                }
                Entry::Vacant(_) => false,
                Entry::Occupied(mut count) if came => {
                    *count.get_mut() += 1;
                    false
                }
                Entry::Occupied(mut count) if *count.get() > 1 => {
                    *count.get_mut() -= 1;
                    false
                }
                Entry::Occupied(last) => {
                    last.remove();
                    true
                }
            };
            if news {
                let (own, name) = (address == own, group.name.clone());
                tell(&HostChange { ifindex, address, own, name, group: group.address, role, came });
            }
        }
    }
}
