//! From a Group Name to Group Addresses (RFC 7046 §3.5). Namespace `ip` maps canonically (§3.5.1), every other one by
//! the configuration (`overrides`), or else by a hash of the name (`hash`). `credentials` gives the key.
//!
//! docs/wire-format.md has the rules and test vectors.

mod credentials;
mod hash;
pub mod overrides;
pub mod rules;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::frame::{Framing, Tag};
use crate::name::{Group, Name, Namespace, Part};
use overrides::{Override, PlacedAddress};
use rules::Rules;
use std::net::{IpAddr, ToSocketAddrs};

/// What a Group Name is in each technology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Where technology `ip` hears it and sends to it; none twice.
    pub places: Vec<MappedPlace>,
    /// Why there is no such place.
    pub unplaced: Option<Error>,
    /// How its messages are framed: by technologies that know groups by name always.
    pub framing: Framing,
    /// In technology `ip` its messages travel without frames.
    pub raw: bool,
}

impl Mapped {
    /// How its messages are framed in technology `ip`; `None`: they travel raw.
    pub fn framed(&self) -> Option<&Framing> {
        (!self.raw).then_some(&self.framing)
    }
}

/// A Group Address, its source where it is source-specific, and the UDP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MappedPlace {
    /// The Group Address.
    pub group: IpAddr,
    /// The source.
    pub source: Option<IpAddr>,
    /// The UDP port.
    pub port: u16,
}

/// Maps `name`. A DNS name is resolved here, unless technology `ip` is not `wanted`; that may block: call it without
/// any lock.
pub fn map(name: &Name, rules: &Rules, wanted: bool) -> Result<Mapped> {
    let (framing, raw) = framing(name, rules)?;
    let places = match wanted || !is_resolved(name) {
        true => places(name, rules),
        false => Err(not_available(
            name,
            "it has not been resolved, for the socket had no Interface of technology ip",
        )),
    };
    let (places, unplaced) = match places {
        Ok(places) => (places, None),
        Err(why @ Error::NotAvailable(_)) => (Vec::new(), Some(why)),
        Err(e) => return Err(e),
    };
    Ok(Mapped { places, unplaced, framing, raw })
}

/// How messages to the URI travel: sealed exactly when it has credentials; and whether they are raw in technology `ip`.
/// Nothing is resolved.
pub fn framing(name: &Name, rules: &Rules) -> Result<(Framing, bool)> {
    let key = credentials::group_key(name, rules)?;
    let raw = match name.namespace() {
        Namespace::Ip => key.is_none(),
        _ => rules.overrides.find(name.normal()).is_some_and(|place| !place.framed),
    };
    if raw && key.is_some() {
        return Err(Error::Credentials(format!(
            "{name}: the configuration says that it travels raw (framed = false), so it cannot be sealed"
        )));
    }
    Ok((Framing { tag: Tag::of(name.normal()), key }, raw))
}

/// A DNS name is asked for.
fn is_resolved(name: &Name) -> bool {
    let host = |part: &Part| matches!(part, Part::Host(_) | Part::Text(_));
    let group = matches!(name.group(), Group::Part(part) if host(part));
    *name.namespace() == Namespace::Ip && (group || name.instantiation().is_some_and(host))
}

/// Where the name is heard and sent to, whatever its credentials. Namespace `ip` may resolve a DNS name.
pub fn places(name: &Name, rules: &Rules) -> Result<Vec<MappedPlace>> {
    let Group::Part(group) = name.group() else {
        return Err(not_available(name, "technology ip cannot tell all groups"));
    };
    let port = name.port().unwrap_or(rules.port);
    if *name.namespace() == Namespace::Ip {
        let addresses = canonical(name, group)?;
        return Ok(addresses
            .into_iter()
            .map(|(group, source)| MappedPlace { group, source, port })
            .collect());
    }
    if let Some(Override { addresses, .. }) = rules.overrides.find(name.normal()) {
        let mut places = Vec::new();
        for &PlacedAddress { group, source, port: own } in addresses {
            let place = MappedPlace { group, source, port: own.unwrap_or(port) };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        return Ok(places);
    }
    Ok(match name.instantiation().and_then(Part::address) {
        Some(source) => {
            let group = hash::source_specific(name.normal(), source);
            vec![MappedPlace { group, source: Some(source), port }]
        }
        None => hash::any_source(name.normal()).map(|group| MappedPlace { group, source: None, port }).into(),
    })
}

fn canonical(name: &Name, group: &Part) -> Result<Vec<(IpAddr, Option<IpAddr>)>> {
    let groups = resolve(group)?;
    if groups.is_empty() {
        return Err(not_available(name, "the name has no address"));
    }
    if let Some(address) = groups.iter().find(|a| !a.is_multicast()) {
        return Err(Error::Invalid(format!("{name}: {address} is not a multicast address")));
    }
    let addresses = match name.instantiation() {
        None => groups.into_iter().map(|group| (group, None)).collect(),
        Some(source) => {
            let sources = resolve(source)?;
            let pairs = groups.iter().flat_map(|&g| sources.iter().map(move |&s| (g, s)));
            let same = |&(g, s): &(IpAddr, IpAddr)| g.is_ipv4() == s.is_ipv4() && !s.is_multicast();
            pairs.filter(same).map(|(g, s)| (g, Some(s))).collect::<Vec<_>>()
        }
    };
    if addresses.is_empty() {
        return Err(not_available(name, "group and source have no address family in common"));
    }
    Ok(addresses)
}

fn not_available(name: &Name, why: &str) -> Error {
    Error::NotAvailable(format!("{name}: {why}"))
}

fn resolve(part: &Part) -> Result<Vec<IpAddr>> {
    match part {
        Part::V4(v4) => Ok(vec![(*v4).into()]),
        Part::V6(v6) => Ok(vec![(*v6).into()]),
        Part::Host(host) | Part::Text(host) => {
            let found = (host.as_str(), 0u16).to_socket_addrs().map_err(|e| {
                Error::NotAvailable(format!(
                    "the DNS name {host:?} cannot be resolved ({e}); check it with: getent ahosts {host}"
                ))
            })?;
            let mut addresses: Vec<IpAddr> = found.map(|a| a.ip()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            Ok(addresses)
        }
    }
}
