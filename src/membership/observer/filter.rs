//! What one host wants of one group.

use crate::membership::known::{Change, GroupId, Role, State};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

/// What a host wants of a group, and how long its word holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Any source. (Which ones it excludes matters to nobody here.)
    Any {
        /// When it has grown old.
        until: Instant,
        /// It is a host of IGMPv1, IGMPv2 or MLDv1.
        legacy: bool,
    },
    /// These sources, each with the time when it has grown old.
    Only(BTreeMap<IpAddr, Instant>),
}

impl Filter {
    /// What it counts; 0 when it wants nothing.
    pub fn size(&self) -> usize {
        match self {
            Filter::Any { .. } => 1,
            Filter::Only(sources) => sources.len(),
        }
    }

    /// When the first part of it grows old; `None` when it wants nothing.
    pub fn next(&self) -> Option<Instant> {
        match self {
            Filter::Any { until, .. } => Some(*until),
            Filter::Only(sources) => sources.values().min().copied(),
        }
    }

    /// Without what has grown old. What a host of an old version wants holds as long as another one's word for the group.
    pub fn without_old(self, now: Instant, legacy_until: Option<Instant>) -> Filter {
        match self {
            Filter::Any { until, legacy } => {
                let until = legacy_until.filter(|_| legacy).map_or(until, |other| other.max(until));
                if until > now { Filter::Any { until, legacy } } else { Filter::Only(BTreeMap::new()) }
            }
            Filter::Only(mut sources) => {
                sources.retain(|_, until| *until > now);
                Filter::Only(sources)
            }
        }
    }

    /// Lets what `applies` (`None`: any source) live until `latest` at most.
    pub fn lower(&mut self, latest: Instant, applies: impl Fn(Option<&IpAddr>) -> bool) {
        match self {
            Filter::Any { until, .. } if applies(None) => *until = latest.min(*until),
            Filter::Any { .. } => {}
            Filter::Only(sources) => {
                for (_, until) in sources.iter_mut().filter(|(source, _)| applies(Some(source))) {
                    *until = latest.min(*until);
                }
            }
        }
    }

    /// Makes it no larger than `room`; gives how much had to go.
    pub fn cut(&mut self, room: usize) -> usize {
        let excess = self.size().saturating_sub(room);
        match self {
            Filter::Any { .. } if excess > 0 => *self = Filter::Only(BTreeMap::new()),
            Filter::Any { .. } => {}
            Filter::Only(sources) => {
                for _ in 0..excess {
                    sources.pop_last();
                }
            }
        }
        excess
    }

    fn wants(&self, source: Option<IpAddr>) -> bool {
        match (self, source) {
            (Filter::Any { .. }, None) => true,
            (Filter::Only(sources), Some(source)) => sources.contains_key(&source),
            _ => false,
        }
    }

    fn parts(&self) -> Vec<Option<IpAddr>> {
        match self {
            Filter::Any { .. } => vec![None],
            Filter::Only(sources) => sources.keys().copied().map(Some).collect(),
        }
    }
}

/// Tells the difference between what a host wanted and what it wants now.
pub fn tell(
    (ifindex, group, host): (u32, IpAddr, IpAddr),
    before: Option<&Filter>,
    after: Option<&Filter>,
    out: &mut Vec<Change>,
) {
    let state = |source| {
        let group = GroupId::Address(group, source);
        State { ifindex, group, role: Role::Listener }
    };
    let missing = |of: Option<&Filter>, in_: Option<&Filter>| {
        let parts = of.map_or_else(Vec::new, Filter::parts);
        parts.into_iter().filter(|part| !in_.is_some_and(|f| f.wants(*part))).collect::<Vec<_>>()
    };
    out.extend(missing(after, before).into_iter().map(|source| Change::Came(state(source), host)));
    out.extend(missing(before, after).into_iter().map(|source| Change::Went(state(source), host)));
}
