//! designatedHost: whether this host forwards a group to an Interface.

use super::question::{Question, Wanted};
use crate::error::Result;
use crate::membership::kernel::{self, Forwarding};
use crate::membership::{carried, observer};
use crate::presence;
use std::net::IpAddr;
use std::time::Instant;

/// True when this host is the querier at `interface`, or the designated forwarder there: the one that presence elects, or
/// the kernel forwards the group (any group, where it knows none of this name) out there.
pub fn designated_host(interface: u32, group: Option<&[u8]>) -> Result<bool> {
    if let Some(at) = carried::at(interface)? {
        return at.designated(group);
    }
    let here = Question::new(interface, group)?;
    let bridge = here.device.bridge.as_ref().filter(|_| here.device.up);
    let queries = |v4| bridge.is_some_and(|b| b.queries(v4)) || here.is_querier(v4);
    let has_role = |v4| queries(v4) || here.is_forwarder(v4);
    if [true, false].into_iter().any(|v4| here.in_family(v4) && has_role(v4)) {
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

impl Question {
    /// True when this host was heard to query here, and is the querier.
    fn is_querier(&self, v4: bool) -> bool {
        let querier = observer::look(|hosts| hosts.querier(Instant::now(), self.device.index, v4));
        querier.is_some_and(|address| self.device.has(address))
    }

    /// True when the libham processes at the link, this one or others of this host among them, have elected this host.
    fn is_forwarder(&self, v4: bool) -> bool {
        let roster = presence::roster(self.device.index, !v4);
        roster.is_some_and(|roster| roster.is_forwarder(Instant::now()))
    }

    /// True when this host is the designated router among the PIM routers that were heard here (RFC 7761 §4.3.2): by
    /// priority, then by address.
    fn is_elected(&self, v4: bool) -> bool {
        let routers = observer::look(|hosts| hosts.routers(Instant::now(), self.device.index, v4));
        let routers = routers.iter().map(|r| (r.priority, Some(r.address)));
        let is_own = |(_, address): &Rank| address.is_some_and(|address| self.device.has(address));
        let (own, others): (Vec<_>, Vec<_>) = routers.partition(is_own);
        outranks(own.first().copied().unwrap_or_else(|| (Some(1), self.device.address(v4))), &others)
    }
}

/// A router's priority, when it says one, and its address.
type Rank = (Option<u32>, Option<IpAddr>);

/// Where one router says no priority, addresses alone count.
fn outranks(own: Rank, others: &[Rank]) -> bool {
    let all_say = own.0.is_some() && others.iter().all(|(priority, _)| priority.is_some());
    let rank = |(priority, address): Rank| (priority.filter(|_| all_say), address);
    others.iter().all(|other| rank(own) > rank(*other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_count_where_every_router_says_one() {
        let of = |priority, last| (priority, Some(IpAddr::from([10, 0, 0, last])));
        let own = of(Some(5), 2);
        assert!(outranks(own, &[]));
        assert!(outranks(own, &[of(Some(1), 9), of(Some(5), 1)]));
        assert!(!outranks(own, &[of(Some(5), 3)]) && !outranks(own, &[of(Some(6), 1)]));
        assert!(!outranks(own, &[of(Some(1), 9), of(None, 1)]));
        assert!(outranks(own, &[of(Some(9), 1), of(None, 1)]));
    }
}
