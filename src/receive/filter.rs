//! The group that `receive` was asked for.

use super::inbound::Inbound;
use crate::error::{Error, Result};
use crate::name::{Group, Name};
use crate::technology::carrier::Heard;
use crate::technology::ip::{Hears, Receiver};
use std::sync::Arc;

/// The group that a call asks for.
pub(crate) struct Wanted<'a> {
    /// The URI, as it is spelled.
    pub uri: &'a [u8],
    /// Whether the group of this name is joined, and then whether a shared receiver hears it. Asked when the answer of an
    /// earlier call may not hold any more.
    pub joined: &'a dyn Fn(&str) -> Option<bool>,
}

/// Kept from call to call, so that nothing is parsed for each message.
pub(super) struct Filter {
    uri: Box<[u8]>,
    pub(super) name: Arc<str>,
    /// For all groups of a namespace.
    pub(super) all: bool,
    pub(super) receivers: Vec<Arc<Receiver>>,
    /// The socket's receivers when this was made: it is stale when they are others.
    snapshot: Arc<Vec<Arc<Receiver>>>,
}

impl Filter {
    /// Whether it is for messages of this group.
    pub(super) fn wants(&self, group: &str) -> bool {
        *self.name == *group || self.all && Heard::of(&self.name).covers(group)
    }
}

impl Inbound {
    /// For the group that is wanted, which must be joined.
    pub(super) fn filter(&self, wanted: &Wanted) -> Result<Arc<Filter>> {
        let Wanted { uri, joined } = *wanted;
        let receivers = self.receivers.load();
        if let Some(filter) = &*self.last_filter.load() {
            if *filter.uri == *uri && Arc::ptr_eq(&filter.snapshot, &receivers) {
                return Ok(filter.clone());
            }
        }
        let name = Name::parse(uri)?;
        let normal = name.normal();
        let shared = joined(normal).ok_or_else(|| Error::NotAvailable(format!("{name}: not joined")))?;
        let hears = |receiver: &&Arc<Receiver>| match &receiver.hears {
            Hears::One { group, .. } => group == normal,
            Hears::Shared { .. } => shared,
        };
        let filter = Arc::new(Filter {
            uri: uri.into(),
            name: normal.clone(),
            all: *name.group() == Group::All,
            receivers: receivers.iter().filter(hears).cloned().collect(),
            snapshot: receivers.clone(),
        });
        self.last_filter.store(Some(filter.clone()));
        Ok(filter)
    }
}
