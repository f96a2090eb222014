//! neighborSet, childrenSet and parentSet: the nodes next to this one.

use super::question::{Covered, Question, Wanted, host_memberships, own_at};
use crate::error::Result;
use crate::group::OwnGroup;
use crate::membership::kernel::{self, KernelState, Member, Membership};
use crate::membership::{carried, observer};
use crate::name::{Name, ip_name};
use crate::presence;
use carrier::Role;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;
use watch::Device;

/// The neighbouring nodes at `interface` that take part in `group` (any group without one): listeners, sources and
/// upstream routers, the querier and the PIM routers of the LAN, and libham's nodes that say that they are there.
pub fn neighbor_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    if let Some(at) = carried::at(interface)? {
        return at.neighbors(group);
    }
    let here = Question::new(interface, group)?;
    let mut nodes = here.parents()?;
    nodes.extend(here.others(Role::Listener).into_iter().flat_map(|(_, nodes)| nodes));
    let (now, index) = (Instant::now(), here.device.index);
    for v4 in [true, false].into_iter().filter(|v4| here.in_family(*v4)) {
        nodes.extend(here.querier(v4)?);
        observer::look(|hosts| {
            nodes.extend(hosts.querier(now, index, v4));
            nodes.extend(hosts.routers(now, index, v4).into_iter().map(|router| router.address));
        });
        // Of one group those who forward, like routers; those who are in it are among the others.
        let all = matches!(here.wanted, Wanted::All);
        if let Some(roster) = presence::roster(index, !v4) {
            let there = roster.others.iter().filter(|node| all || node.priority > 0);
            nodes.extend(there.map(|node| node.address));
        }
    }
    here.nodes(nodes)
}

/// The receivers of what this node sends or forwards to the group at `interface`: itself when a process of it listens
/// there, and the listeners on the link; those that only the forwarding cache or the bridge knows stand as all hosts.
pub fn children_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    if let Some(at) = carried::at(interface)? {
        return at.children(group);
    }
    let here = Question::new(interface, group)?;
    let mut nodes = BTreeSet::new();
    for listener in here.local_listeners()? {
        nodes.insert(here.device.address(listener).unwrap_or_else(|| all_hosts(listener)));
    }
    let mut named = BTreeSet::new();
    for (state, listeners) in here.others(Role::Listener) {
        let mut known = listeners.into_iter().filter(|node| !node.is_unspecified()).peekable();
        let (address, _) = state.group.address();
        if known.peek().is_some() {
            named.insert(address);
        } else {
            nodes.insert(all_hosts(address.is_ipv4()));
        }
        nodes.extend(known);
    }
    let index = here.device.index;
    let forwarded = kernel::forwarding()?.into_iter().filter(|f| f.outgoing.contains(&index));
    let forwarded = forwarded.map(|f| (f.address, f.source));
    let members = kernel::members()?.into_iter().filter(|m| behind(m, index)).map(|m| (m.address, m.source));
    let nameless = forwarded.chain(members).filter(|(address, _)| !named.contains(address));
    let wanted = nameless.filter(|(address, source)| here.wants(*address, *source));
    nodes.extend(wanted.map(|(address, _)| all_hosts(address.is_ipv4())));
    Ok(names(nodes))
}

/// The neighbours from which this node receives the group at `interface`: by the forwarding cache, for source-specific
/// memberships of this host the next node towards the source, and the nodes that say that they send.
pub fn parent_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    if let Some(at) = carried::at(interface)? {
        return at.parents(group);
    }
    let here = Question::new(interface, group)?;
    here.nodes(here.parents()?)
}

impl Question {
    /// The next nodes towards the sources of the groups that come in here.
    fn parents(&self) -> Result<BTreeSet<IpAddr>> {
        let index = self.device.index;
        let forwarded = kernel::forwarding()?.into_iter().filter(|f| f.incoming == index);
        let mut sources: BTreeSet<IpAddr> =
            forwarded.filter(|f| self.wants(f.address, f.source)).filter_map(|f| f.source).collect();
        let filters = kernel::filters()?.into_iter().filter(|f| f.ifindex == index && f.include > 0);
        sources.extend(filters.filter(|f| self.wants(f.address, Some(f.source))).map(|f| f.source));
        let own = own_at(&self.device, self.families).into_iter().filter(|g| g.listener);
        sources.extend(own.filter(|g| self.wants(g.address, g.source)).filter_map(|g| g.source));

        let mut parents = BTreeSet::new();
        for source in sources {
            // A source whose way leaves by another device has no neighbour here that could be named.
            if let Some(route) = watch::route_towards(source)?.filter(|r| r.ifindex == index) {
                parents.insert(route.gateway.unwrap_or(source));
            }
        }
        parents.extend(self.others(Role::Sender).into_iter().flat_map(|(_, nodes)| nodes));
        Ok(parents)
    }

    /// The querier of the LAN, when it is another node that the bridge here knows.
    fn querier(&self, v4: bool) -> Result<Option<IpAddr>> {
        let Device { index, master, ref bridge, .. } = self.device;
        if let Some(querier) = bridge.as_ref().and_then(|b| b.other_querier(v4)) {
            return Ok(Some(querier.address));
        }
        let Some(master) = master.map(watch::device).transpose()?.flatten() else {
            return Ok(None);
        };
        let querier = master.bridge.as_ref().and_then(|b| b.other_querier(v4));
        Ok(querier.filter(|q| q.port == Some(index)).map(|q| q.address))
    }

    /// The families (true: IPv4) in which a process of this host listens here.
    fn local_listeners(&self) -> Result<BTreeSet<bool>> {
        let mut own = own_at(&self.device, self.families);
        own.retain(|g| self.wants(g.address, g.source));
        // Where the name says a port, an own socket on another one is no listener of it.
        let port = match self.group.as_ref().and_then(Name::port) {
            Some(port) => Some((port, crate::config::get()?.rules.port)),
            None => None,
        };
        let is_asked = |g: &&OwnGroup| {
            port.is_none_or(|(port, default)| {
                Name::parse(g.name.as_bytes()).is_ok_and(|name| name.port().unwrap_or(default) == port)
            })
        };
        let mut families: BTreeSet<bool> =
            own.iter().filter(|g| g.listener).filter(is_asked).map(|g| g.address.is_ipv4()).collect();
        let covered = Covered::new(&own);
        for Membership { ifindex, address, source } in host_memberships()? {
            let state = KernelState { ifindex, address, source, sender: false };
            let counts = !(matches!(self.wanted, Wanted::All) && kernel::is_kernels_own(address));
            if ifindex == self.device.index && counts && self.wants(address, source) && !covered.holds(&state)
            {
                families.insert(address.is_ipv4());
            }
        }
        Ok(families)
    }

    /// The nodes' names, without this host's own and those that are none.
    fn nodes(&self, mut nodes: BTreeSet<IpAddr>) -> Result<Vec<String>> {
        if !nodes.is_empty() {
            let devices = watch::devices()?;
            nodes.retain(|node| !node.is_unspecified() && !devices.iter().any(|d| d.has(*node)));
        }
        Ok(names(nodes))
    }
}

fn behind(member: &Member, index: u32) -> bool {
    member.port != member.bridge && (member.bridge == index || member.port == index)
}

/// Stands for receivers on the link that nobody names.
fn all_hosts(v4: bool) -> IpAddr {
    if v4 { Ipv4Addr::new(224, 0, 0, 1).into() } else { Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into() }
}

fn names(nodes: BTreeSet<IpAddr>) -> Vec<String> {
    nodes.into_iter().map(|node| ip_name(node, None, None)).collect()
}
