//! What libham processes on other hosts say of themselves (`presence`), into the table of other nodes.
//!
//! They say Group Name and Group Address; the source is found here as `mapping` finds it, so that it is the same group
//! that an IGMP or MLD report tells of. What processes of this host say is left out: the kernel tells it.

use super::known::{self, GroupId, Origin, RemoteChange, RemoteState};
use crate::config;
use crate::control::own_groups;
use crate::mapping;
use crate::name::{Name, Namespace, Part};
use crate::presence::{self, HostChange};
use std::net::IpAddr;

/// Asks for it from now on. Where presence cannot run, the log says so, and the observer's word is all there is.
pub fn start() {
    if let Err(e) = config::get().and_then(|config| presence::listen(&config.presence, report, own_groups)) {
        log::info!("{e}");
    }
}

fn report(change: &HostChange) {
    if change.own {
        return;
    }
    let HostChange { ifindex, address, group, ref name, role, came, .. } = *change;
    let changes = sources(name, group).into_iter().map(|source| {
        let state = RemoteState { ifindex, group: GroupId::Name(name.clone(), group, source), role };
        if came { RemoteChange::Came(state, address) } else { RemoteChange::Went(state, address) }
    });
    known::report(Origin::Presence, changes);
}

/// The sources that the name has at the Group Address; `None` for any source. Nothing is resolved.
fn sources(name: &str, group: IpAddr) -> Vec<Option<IpAddr>> {
    let Ok(name) = Name::parse(name.as_bytes()) else { return vec![None] };
    let mapped = match (name.namespace(), config::get()) {
        (Namespace::Ip, _) | (_, Err(_)) => Vec::new(),
        (_, Ok(config)) => mapping::places(&name, &config.rules).unwrap_or_default(),
    };
    let there: Vec<_> =
        mapped.iter().filter(|place| place.group == group).map(|place| place.source).collect();
    if there.is_empty() { vec![name.instantiation().and_then(Part::address)] } else { there }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_that_of_the_name() {
        let (any, one): (IpAddr, IpAddr) = ("239.1.1.1".parse().unwrap(), "232.1.1.1".parse().unwrap());
        let source = Some("10.0.0.1".parse().unwrap());
        assert_eq!(sources("ham:ip:239.1.1.1:5000", any), [None]);
        assert_eq!(sources("ham:ip:232.1.1.1@10.0.0.1", one), [source]);
        assert_eq!(sources("ham:ip:news.example.org", any), [None]);
        // Mapped here as there, or elsewhere there by its configuration.
        let name = Name::parse(b"ham:opaque:news@10.0.0.1").unwrap();
        let mapped = mapping::places(&name, &config::get().unwrap().rules).unwrap()[0].group;
        assert_eq!(sources("ham:opaque:news@10.0.0.1", mapped), [source]);
        assert_eq!(sources("ham:opaque:news@10.0.0.1", one), [source]);
        assert_eq!(sources("ham:opaque:news", any), [None]);
        assert_eq!(sources("no name", any), [None]);
    }
}
