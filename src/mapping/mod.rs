//! From a Group Name to Group Addresses (RFC 7046 §3.5). Namespace `ip` maps canonically (§3.5.1).

pub mod overrides;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::name::{Group, Name, Namespace, Part};
use std::net::{IpAddr, ToSocketAddrs};

/// The Group Addresses of a name, each with its source where the name is source-specific, and the UDP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Group Address and source.
    pub addresses: Vec<(IpAddr, Option<IpAddr>)>,
    /// The UDP port.
    pub port: u16,
}

/// Maps `name`. A DNS name is resolved here, which may block: call it without any lock.
pub fn map(name: &Name, config: &Config) -> Result<Mapped> {
    if let Some(credentials) = name.credentials() {
        return Err(Error::Credentials(format!(
            "{name}: no credentials algorithm {:?} is known here",
            credentials.alg
        )));
    }
    let none = |why: &str| Err(Error::NotAvailable(format!("{name}: {why}")));
    if *name.namespace() != Namespace::Ip {
        return none("no Interface of technology ip carries this namespace");
    }
    let Group::Part(group) = name.group() else {
        return none("technology ip cannot tell all groups");
    };
    let groups = resolve(group)?;
    if groups.is_empty() {
        return none("the name has no address");
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
        return none("group and source have no address family in common");
    }
    Ok(Mapped { addresses, port: name.port().unwrap_or(config.port) })
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
