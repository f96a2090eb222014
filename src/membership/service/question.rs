//! A question: the Interface and the groups that it is about, and what this host and the others have there.

use crate::control::own_groups;
use crate::error::{Error, Result};
use crate::group::OwnGroup;
use crate::interfaces::{self, Families};
use crate::mapping;
use crate::membership::kernel::{self, KernelState, Membership};
use crate::membership::known::{self, GroupId};
use crate::membership::{observer, others};
use crate::name::{Group, Name, Namespace};
use carrier::Role;
use std::collections::BTreeSet;
use std::net::IpAddr;
use watch::Device;

/// A question at an Interface.
pub struct Question {
    pub device: Device,
    pub families: Families,
    pub group: Option<Name>,
    pub wanted: Wanted,
}

impl Question {
    pub fn new(interface: u32, group: Option<&[u8]>) -> Result<Question> {
        observer::start();
        others::start();
        let group = group.map(Name::parse).transpose()?;
        let wanted = group.as_ref().map_or(Ok(Wanted::All), Wanted::new)?;
        let (device, families) = interfaces::find(interface)?;
        Ok(Question { device, families, group, wanted })
    }

    pub fn wants(&self, address: IpAddr, source: Option<IpAddr>) -> bool {
        self.families.hold(address) && self.wanted.holds(address, source)
    }

    pub fn in_family(&self, v4: bool) -> bool {
        self.wanted.in_family(v4) && if v4 { self.families.v4() } else { self.families.v6() }
    }

    /// What other nodes do in the group here.
    pub fn others(&self, role: Role) -> Vec<(known::RemoteState, Vec<IpAddr>)> {
        known::look(|known| {
            let states = known.states().filter(|(state, _)| {
                let (address, source) = state.group.address();
                let is_named = || {
                    matches!(&state.group, GroupId::Name(name, ..)
                    if self.group.as_ref().is_some_and(|group| group.normal() == name))
                };
                state.role == role
                    && is_at(state, &self.device, self.families)
                    && (self.wants(address, source) || is_named())
            });
            states.map(|(state, nodes)| (state.clone(), nodes.collect())).collect()
        })
    }
}

/// The groups that a question is about.
pub enum Wanted {
    All,
    /// Group Addresses, each with the source where the name has one; none when nobody knows the name here.
    Some(Vec<(IpAddr, Option<IpAddr>)>),
}

impl Wanted {
    pub fn new(group: &Name) -> Result<Wanted> {
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
            let places = mapping::places(group, &crate::config::get()?.rules)?;
            return Ok(Wanted::Some(places.into_iter().map(|place| (place.group, place.source)).collect()));
        }
        // DNS names have addresses where an own socket uses them.
        let mut known: Vec<_> = own_groups().into_iter().filter(|g| *g.name == **group.normal()).collect();
        known.dedup_by_key(|g| (g.address, g.source));
        Ok(Wanted::Some(known.into_iter().map(|g| (g.address, g.source)).collect()))
    }

    /// Any source matches a question for any source, and an any-source state matches a question for one.
    pub fn holds(&self, address: IpAddr, source: Option<IpAddr>) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Some(groups) => groups.iter().any(|(group, from)| {
                *group == address && (from.is_none() || source.is_none() || *from == source)
            }),
        }
    }

    pub fn in_family(&self, v4: bool) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Some(groups) => groups.iter().any(|(group, _)| group.is_ipv4() == v4),
        }
    }
}

/// The kernel's states that are those of own multicast sockets, under their own names.
pub struct Covered(BTreeSet<(IpAddr, Option<IpAddr>, bool)>);

impl Covered {
    pub fn new(own: &[OwnGroup]) -> Covered {
        let mut covered = BTreeSet::new();
        for group in own {
            covered.extend(group.listener.then_some((group.address, group.source, false)));
            covered.extend(group.sender.then_some((group.address, group.source, true)));
        }
        Covered(covered)
    }

    pub fn holds(&self, state: &KernelState) -> bool {
        self.0.contains(&(state.address, state.source, state.sender))
    }
}

pub fn host_memberships() -> Result<Vec<Membership>> {
    Ok(kernel::memberships(&kernel::joined()?, &kernel::filters()?))
}

pub fn own_at(device: &Device, families: Families) -> Vec<OwnGroup> {
    let mut own = own_groups();
    own.retain(|g| g.ifindex == device.index && families.hold(g.address));
    own
}

/// The states of other nodes.
pub fn states_at(device: &Device, families: Families) -> Vec<known::RemoteState> {
    known::look(|known| {
        let states = known.states().map(|(state, _)| state);
        states.filter(|state| is_at(state, device, families)).cloned().collect()
    })
}

fn is_at(state: &known::RemoteState, device: &Device, families: Families) -> bool {
    state.ifindex == device.index && families.hold(state.group.address().0)
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
}
