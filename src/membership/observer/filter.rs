//! What one host wants of one group.

use super::packet::Kind;
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::time::Instant;

/// At most this many sources that one host asks for are kept in one group.
pub const SOURCES: usize = 512;

/// What a host wants of a group, and how long its word holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostFilter {
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

impl HostFilter {
    /// What it counts; 0 when it wants nothing.
    pub fn size(&self) -> usize {
        match self {
            HostFilter::Any { .. } => 1,
            HostFilter::Only(sources) => sources.len(),
        }
    }

    /// What it wants; `None`: any source.
    pub fn parts(&self) -> impl Iterator<Item = Option<IpAddr>> {
        let (any, sources) = match self {
            HostFilter::Any { .. } => (Some(None), None),
            HostFilter::Only(sources) => (None, Some(sources.keys().copied().map(Some))),
        };
        any.into_iter().chain(sources.into_iter().flatten())
    }

    /// When the first part of it grows old; `None` when it wants nothing.
    pub fn next(&self) -> Option<Instant> {
        match self {
            HostFilter::Any { until, .. } => Some(*until),
            HostFilter::Only(sources) => sources.values().min().copied(),
        }
    }

    /// Lets what is `asked` for live until `latest` at most.
    pub fn lower(&mut self, latest: Instant, asked: &Asked) {
        match self {
            HostFilter::Any { until, .. } if asked.any() => *until = latest.min(*until),
            HostFilter::Any { .. } => {}
            HostFilter::Only(sources) => {
                for (_, until) in sources.iter_mut().filter(|(source, _)| asked.holds(source)) {
                    *until = latest.min(*until);
                }
            }
        }
    }

    /// Takes in a word. What came (true) and what went goes to `tell`, `None` for any source. No more than `room` is held;
    /// gives how much was left out.
    pub fn take(&mut self, word: Word, room: usize, tell: &mut impl FnMut(Option<IpAddr>, bool)) -> usize {
        match word {
            Word::Any { .. } if room == 0 => {
                self.clear(tell);
                return 1;
            }
            Word::Any { until, legacy } => {
                if let HostFilter::Only(sources) = std::mem::replace(self, HostFilter::Any { until, legacy })
                {
                    tell(None, true);
                    sources.into_keys().for_each(|source| tell(Some(source), false));
                }
            }
            Word::Sources(Kind::IsInclude | Kind::ToInclude, [], _) => self.clear(tell),
            Word::Sources(Kind::IsInclude | Kind::ToInclude, new, until) => {
                if let HostFilter::Any { .. } = self {
                    *self = HostFilter::default();
                    tell(None, false);
                }
                return self.allow(new, until, room, tell);
            }
            Word::Sources(Kind::Allow, new, until) => return self.allow(new, until, room, tell),
            // The host itself says so: nobody needs to be asked again.
            Word::Sources(Kind::Block, old, _) => {
                if let HostFilter::Only(sources) = self {
                    let gone = old.iter().filter(|source| sources.remove(source).is_some());
                    gone.for_each(|source| tell(Some(*source), false));
                }
            }
            Word::Sources(Kind::IsExclude | Kind::ToExclude, _, until) => {
                return self.take(Word::Any { until, legacy: false }, room, tell);
            }
            Word::Nothing => self.clear(tell),
            Word::Time { now, legacy_until } => self.age(now, legacy_until, tell),
        }
        0
    }

    /// A long list comes in several records, so that one of them does not end what another one said.
    fn allow(
        &mut self,
        new: &[IpAddr],
        until: Instant,
        room: usize,
        tell: &mut impl FnMut(Option<IpAddr>, bool),
    ) -> usize {
        let HostFilter::Only(sources) = self else { return 0 };
        let mut left_out = 0;
        for source in new {
            if let Some(known) = sources.get_mut(source) {
                *known = until;
            } else if sources.len() < room.min(SOURCES) {
                sources.insert(*source, until);
                tell(Some(*source), true);
            } else {
                left_out += 1;
            }
        }
        left_out
    }

    /// Drops what has grown old. What a host of an old version wants holds as long as another one's word for the group.
    fn age(
        &mut self,
        now: Instant,
        legacy_until: Option<Instant>,
        tell: &mut impl FnMut(Option<IpAddr>, bool),
    ) {
        match self {
            HostFilter::Any { until, legacy } => {
                *until = legacy_until.filter(|_| *legacy).map_or(*until, |other| other.max(*until));
                if *until <= now {
                    self.clear(tell);
                }
            }
            HostFilter::Only(sources) => sources.retain(|source, until| {
                let stays = *until > now;
                if !stays {
                    tell(Some(*source), false);
                }
                stays
            }),
        }
    }

    fn clear(&mut self, tell: &mut impl FnMut(Option<IpAddr>, bool)) {
        match std::mem::take(self) {
            HostFilter::Any { .. } => tell(None, false),
            HostFilter::Only(sources) => sources.into_keys().for_each(|source| tell(Some(source), false)),
        }
    }
}

impl Default for HostFilter {
    fn default() -> HostFilter {
        HostFilter::Only(BTreeMap::new())
    }
}

/// What changes what a host wants.
#[derive(Debug, Clone, Copy)]
pub enum Word<'a> {
    /// It wants any source.
    Any {
        /// So long.
        until: Instant,
        /// It is a host of IGMPv1, IGMPv2 or MLDv1.
        legacy: bool,
    },
    /// It wants nothing.
    Nothing,
    /// A record of IGMPv3 or MLDv2, which holds until then.
    Sources(Kind, &'a [IpAddr], Instant),
    /// Time goes by.
    Time {
        /// It is this late.
        now: Instant,
        /// How long the word of hosts of an old version holds for one another.
        legacy_until: Option<Instant>,
    },
}

/// What a query asks for.
#[derive(Debug)]
pub enum Asked {
    /// Everything.
    All,
    /// Who wants any source.
    Group,
    /// Who wants one of these.
    Sources(HashSet<IpAddr>),
}

impl Asked {
    /// Who wants any source is asked.
    pub fn any(&self) -> bool {
        matches!(self, Asked::All | Asked::Group)
    }

    fn holds(&self, source: &IpAddr) -> bool {
        match self {
            Asked::All => true,
            Asked::Group => false,
            Asked::Sources(sources) => sources.contains(source),
        }
    }
}
