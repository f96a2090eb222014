//! The service calls (RFC 7046 §4.7.1 to §4.7.5): what this host knows of groups and neighbours at an Interface,
//! from its own multicast sockets, from the kernel's tables, and of other nodes from what was heard of them. All of it is
//! there already: no call waits for the network.

use super::kernel::{self, Forwarding, Member, Membership};
use super::known::{self, GroupId, Role};
use super::{observer, others};
use crate::error::{Error, Result};
use crate::interfaces::{self, Device, Families};
use crate::mapping;
use crate::name::{Group, Name, Namespace, ip_name};
use crate::socket::{OwnGroup, own_groups};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

/// The type of a group state (`HAM_LISTENER`, `HAM_SENDER`, `HAM_SENDER_LISTENER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum GroupType {
    /// Somebody listens.
    Listener = 0,
    /// Somebody sends.
    Sender = 1,
    /// Both.
    SenderListener = 2,
}

/// The groups registered at `interface`, by name, each once.
///
/// Names of this process's own multicast sockets stand as they were given; what else is known at the device (other
/// processes, other nodes, the forwarding cache, members behind a bridge) stands as `ham:ip:GROUP` or `ham:ip:GROUP@SOURCE`.
/// What other nodes have goes by the name that they say in presence, else by the own name of the same Group Address
/// where there is just one.
pub fn group_set(interface: u32) -> Result<Vec<(String, GroupType)>> {
    observer::start();
    others::start();
    let (device, families) = interfaces::find(interface)?;
    let own = own_at(&device, families);
    let mut states: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let mut add = |name: String, listener: bool, sender: bool| {
        let state = states.entry(name).or_default();
        *state = (state.0 || listener, state.1 || sender);
    };
    for group in own.iter().filter(|g| g.listener || g.sender) {
        add(group.name.to_string(), group.listener, group.sender);
    }
    let covered = Covered::new(&own);
    let here = |state: &State| {
        state.ifindex == device.index && families.hold(state.address) && !covered.holds(state)
    };
    for state in host_memberships()?.into_iter().map(State::from).filter(here) {
        add(ip_name(state.address, state.source, None), true, false);
    }
    let others = others_at(&device, families);
    // A group that others listen to by name is not listed again by its address.
    let named = |state: &known::State| {
        let named = matches!(state.group, GroupId::Name(..)) && state.role == Role::Listener;
        named.then(|| state.group.address())
    };
    let named: BTreeSet<_> = others.iter().filter_map(|(state, _)| named(state)).collect();
    let nameless = |state: &State| state.sender || !named.contains(&(state.address, state.source));
    for state in table_states()?.into_iter().filter(here).filter(nameless) {
        add(name_of(&own, state.address, state.source), !state.sender, state.sender);
    }
    for (state, _) in others {
        let name = match state.group {
            GroupId::Address(address, source)
                if state.role == Role::Listener && named.contains(&(address, source)) =>
            {
                continue;
            }
            GroupId::Address(address, source) => name_of(&own, address, source),
            GroupId::Name(name, ..) => name.to_string(),
        };
        add(name, state.role == Role::Listener, state.role == Role::Sender);
    }
    let of = |(listener, sender)| match (listener, sender) {
        (true, true) => GroupType::SenderListener,
        (_, true) => GroupType::Sender,
        _ => GroupType::Listener,
    };
    Ok(states.into_iter().map(|(name, state)| (name, of(state))).collect())
}

/// The neighbouring nodes at `interface` that take part in `group` (any group without one): listeners, sources and
/// upstream routers, and the querier and the PIM routers of the LAN.
pub fn neighbor_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    let here = Here::new(interface, group)?;
    let mut nodes = here.parents()?;
    nodes.extend(here.others(Role::Listener).into_iter().flat_map(|(_, nodes)| nodes));
    for v4 in [true, false].into_iter().filter(|v4| here.in_family(*v4)) {
        nodes.extend(here.querier(v4)?);
        let (now, index) = (Instant::now(), here.device.index);
        observer::look(|hosts| {
            nodes.extend(hosts.querier(now, index, v4));
            nodes.extend(hosts.routers(now, index, v4).into_iter().map(|router| router.address));
        });
    }
    here.nodes(nodes)
}

/// The receivers of what this node sends or forwards to the group at `interface`: itself when a process of it listens
/// there, and the listeners on the link; those that only the forwarding cache or the bridge knows stand as all hosts.
pub fn children_set(interface: u32, group: Option<&[u8]>) -> Result<Vec<String>> {
    let here = Here::new(interface, group)?;
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
    let here = Here::new(interface, group)?;
    here.nodes(here.parents()?)
}

/// True when this host forwards the group (any group, where it knows none of this name) out at `interface`, or is
/// the querier there.
pub fn designated_host(interface: u32, group: Option<&[u8]>) -> Result<bool> {
    let here = Here::new(interface, group)?;
    let bridge = here.device.bridge.as_ref().filter(|_| here.device.up);
    let queries = |v4| bridge.is_some_and(|b| b.queries(v4)) || here.is_querier(v4);
    if [true, false].into_iter().any(|v4| here.in_family(v4) && queries(v4)) {
        return Ok(true);
    }
    let index = here.device.index;
    let forwarding = kernel::forwarding()?;
    let known: Vec<&Forwarding> = forwarding.iter().filter(|f| here.wants(f.address, f.source)).collect();
    if !matches!(here.wanted, Wanted::All) && !known.is_empty() {
        return Ok(known.iter().any(|f| f.outgoing.contains(&index)));
    }
    let forwards = |v4| if v4 { here.device.forwards_v4 } else { here.device.forwards_v6 };
    Ok([true, false].into_iter().any(|v4| here.in_family(v4) && forwards(v4) && here.is_elected(v4)))
}

/// A state that the kernel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct State {
    pub ifindex: u32,
    pub address: IpAddr,
    pub source: Option<IpAddr>,
    /// The group comes in there; else it is listened to there.
    pub sender: bool,
}

/// The states of the forwarding caches and bridges, at every device.
pub(super) fn table_states() -> Result<Vec<State>> {
    let mut all = Vec::new();
    for Forwarding { address, source, incoming, outgoing } in kernel::forwarding()? {
        all.push(State { ifindex: incoming, address, source, sender: true });
        let out = |ifindex: u32| State { ifindex, address, source, sender: false };
        all.extend(outgoing.into_iter().filter(|o| *o != incoming).map(out));
    }
    for Member { bridge, port, address, source } in kernel::members()? {
        // What the bridge's own host listens to is in the table of memberships, and more timely there.
        if port != bridge {
            all.push(State { ifindex: bridge, address, source, sender: false });
            all.push(State { ifindex: port, address, source, sender: false });
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

impl From<Membership> for State {
    fn from(Membership { ifindex, address, source }: Membership) -> State {
        State { ifindex, address, source, sender: false }
    }
}

fn host_memberships() -> Result<Vec<Membership>> {
    Ok(kernel::memberships(&kernel::joined()?, &kernel::filters()?))
}

fn own_at(device: &Device, families: Families) -> Vec<OwnGroup> {
    let mut own = own_groups();
    own.retain(|g| g.ifindex == device.index && families.hold(g.address));
    own
}

/// The own name of a Group Address, where there is just one.
fn name_of(own: &[OwnGroup], address: IpAddr, source: Option<IpAddr>) -> String {
    let mut names = own.iter().filter(|g| g.address == address && g.source == source).map(|g| &g.name);
    match (names.next(), names.next()) {
        (Some(name), None) => name.to_string(),
        _ => ip_name(address, source, None),
    }
}

/// The states of other nodes, each with its nodes.
fn others_at(device: &Device, families: Families) -> Vec<(known::State, Vec<IpAddr>)> {
    let here = |state: &known::State| state.ifindex == device.index && families.hold(state.group.address().0);
    known::look(|known| {
        let states = known.states().filter(|(state, _)| here(state));
        states.map(|(state, nodes)| (state.clone(), nodes.collect())).collect()
    })
}

/// The kernel's states that are those of own multicast sockets, under their own names.
struct Covered(BTreeSet<(IpAddr, Option<IpAddr>, bool)>);

impl Covered {
    fn new(own: &[OwnGroup]) -> Covered {
        let mut covered = BTreeSet::new();
        for group in own {
            covered.extend(group.listener.then_some((group.address, group.source, false)));
            covered.extend(group.sender.then_some((group.address, group.source, true)));
        }
        Covered(covered)
    }

    fn holds(&self, state: &State) -> bool {
        self.0.contains(&(state.address, state.source, state.sender))
    }
}

/// The groups that a question is about.
enum Wanted {
    All,
    /// Group Addresses, each with the source where the name has one; none when nobody knows the name here.
    Some(Vec<(IpAddr, Option<IpAddr>)>),
}

impl Wanted {
    fn new(group: &Name) -> Result<Wanted> {
        if group.namespace() == &Namespace::Ip {
            let Group::Part(part) = group.group() else {
                return Ok(Wanted::All);
            };
            let source = group.instantiation().map(|s| s.address());
            if let (Some(address), None | Some(Some(_))) = (part.address(), source) {
                if !address.is_multicast() {
                    return Err(Error::Invalid(format!("{group}: {address} is not a multicast address")));
                }
                return Ok(Wanted::Some(vec![(address, source.flatten())]));
            }
        } else if let Group::Part(_) = group.group() {
            let places = mapping::places(group, crate::config::get()?)?;
            return Ok(Wanted::Some(places.into_iter().map(|place| (place.group, place.source)).collect()));
        }
        // DNS names have addresses where an own socket uses them.
        let mut known: Vec<_> = own_groups().into_iter().filter(|g| *g.name == **group.normal()).collect();
        known.dedup_by_key(|g| (g.address, g.source));
        Ok(Wanted::Some(known.into_iter().map(|g| (g.address, g.source)).collect()))
    }

    /// Any source matches a question for any source, and an any-source state matches a question for one.
    fn holds(&self, address: IpAddr, source: Option<IpAddr>) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Some(groups) => groups.iter().any(|(group, from)| {
                *group == address && (from.is_none() || source.is_none() || *from == source)
            }),
        }
    }

    fn in_family(&self, v4: bool) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Some(groups) => groups.iter().any(|(group, _)| group.is_ipv4() == v4),
        }
    }
}

/// A question at an Interface.
struct Here {
    device: Device,
    families: Families,
    group: Option<Name>,
    wanted: Wanted,
}

impl Here {
    fn new(interface: u32, group: Option<&[u8]>) -> Result<Here> {
        observer::start();
        others::start();
        let group = group.map(Name::parse).transpose()?;
        let wanted = group.as_ref().map_or(Ok(Wanted::All), Wanted::new)?;
        let (device, families) = interfaces::find(interface)?;
        Ok(Here { device, families, group, wanted })
    }

    fn wants(&self, address: IpAddr, source: Option<IpAddr>) -> bool {
        self.families.hold(address) && self.wanted.holds(address, source)
    }

    fn in_family(&self, v4: bool) -> bool {
        self.wanted.in_family(v4) && if v4 { self.families.v4() } else { self.families.v6() }
    }

    /// What other nodes do in the group here.
    fn others(&self, role: Role) -> Vec<(known::State, Vec<IpAddr>)> {
        let mut others = others_at(&self.device, self.families);
        others.retain(|(state, _)| {
            let (address, source) = state.group.address();
            let is_named = matches!(&state.group, GroupId::Name(name, ..)
                if self.group.as_ref().is_some_and(|group| group.normal() == name));
            (is_named || self.wants(address, source)) && state.role == role
        });
        others
    }

    /// True when this host was heard to query here, and is the querier.
    fn is_querier(&self, v4: bool) -> bool {
        let querier = observer::look(|hosts| hosts.querier(Instant::now(), self.device.index, v4));
        querier.is_some_and(|address| self.device.has(address))
    }

    /// True when this host is the designated router among the PIM routers that were heard here (RFC 7761 §4.3.2): by
    /// priority, then by address.
    fn is_elected(&self, v4: bool) -> bool {
        let routers = observer::look(|hosts| hosts.routers(Instant::now(), self.device.index, v4));
        let (own, others): (Vec<_>, Vec<_>) = routers.into_iter().partition(|r| self.device.has(r.address));
        let own = own.first().map(|r| (r.priority, Some(r.address)));
        let rank = own.unwrap_or_else(|| (1, self.device.address(v4)));
        others.iter().all(|other| rank > (other.priority, Some(other.address)))
    }

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
            if let Some(route) = interfaces::route_towards(source)?.filter(|r| r.ifindex == index) {
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
        let Some(master) = master.map(interfaces::device).transpose()?.flatten() else {
            return Ok(None);
        };
        let querier = master.bridge.as_ref().and_then(|b| b.other_querier(v4));
        Ok(querier.filter(|q| q.port == Some(index)).map(|q| q.address))
    }

    /// The families (true: IPv4) in which a process of this host listens here.
    fn local_listeners(&self) -> Result<BTreeSet<bool>> {
        let own = own_at(&self.device, self.families);
        // Where the name says a port, an own socket on another one is no listener of it.
        let port = match self.group.as_ref().and_then(Name::port) {
            Some(port) => Some((port, crate::config::get()?.port)),
            None => None,
        };
        let is_asked = |g: &&OwnGroup| {
            let same_port = port.is_none_or(|(port, default)| {
                Name::parse(g.name.as_bytes()).is_ok_and(|name| name.port().unwrap_or(default) == port)
            });
            same_port && self.wants(g.address, g.source)
        };
        let mut families: BTreeSet<bool> =
            own.iter().filter(|g| g.listener).filter(is_asked).map(|g| g.address.is_ipv4()).collect();
        let covered = Covered::new(&own);
        for Membership { ifindex, address, source } in host_memberships()? {
            let state = State { ifindex, address, source, sender: false };
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
            let devices = interfaces::devices()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_question_for_any_source_holds_every_source() {
        let any = Wanted::Some(vec![(ip("239.1.1.1"), None)]);
        let one = Wanted::Some(vec![(ip("239.1.1.1"), Some(ip("10.0.0.1")))]);
        assert!(any.holds(ip("239.1.1.1"), Some(ip("10.0.0.1"))) && any.holds(ip("239.1.1.1"), None));
        assert!(one.holds(ip("239.1.1.1"), Some(ip("10.0.0.1"))) && one.holds(ip("239.1.1.1"), None));
        assert!(!one.holds(ip("239.1.1.1"), Some(ip("10.0.0.2"))) && !any.holds(ip("239.1.1.2"), None));
        assert!(any.in_family(true) && !any.in_family(false));
    }

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        let lo = interfaces::by_name("lo").unwrap().unwrap().index;
        for bad in [&b"ham:"[..], b"", b"ham:ip:10.0.0.1", b"\xff\xff", b"http://x/"] {
            assert_eq!(neighbor_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL, "{bad:?}");
            assert_eq!(children_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
            assert_eq!(parent_set(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
            assert_eq!(designated_host(lo, Some(bad)).unwrap_err().errno(), libc::EINVAL);
        }
        for nobody in [0, 0x7fff_fff0, 0x1000_0000, u32::MAX, lo | 0x0500_0000] {
            assert_eq!(group_set(nobody).unwrap_err().errno(), libc::ENODEV);
            assert_eq!(designated_host(nobody, None).unwrap_err().errno(), libc::ENODEV);
        }
    }

    #[test]
    fn loopback_has_the_all_hosts_group_in_each_family() {
        let lo = interfaces::by_name("lo").unwrap().unwrap().index;
        let names = |id| group_set(id).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(names(lo).iter().any(|n| n == "ham:ip:224.0.0.1"));
        let v6 = names(interfaces::encode(lo, Families::V6));
        assert!(v6.iter().all(|n| n.contains('[')), "{v6:?}");
    }
}
