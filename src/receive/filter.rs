//! The group that `receive` was asked for.

use crate::name::{Group, Name};
use crate::technology::ip::{Hears, Receiver};
use carrier::Heard;
use std::sync::Arc;

/// The group that a call asks for.
pub(crate) struct WantedGroup<'a> {
    /// The URI, as it is spelled.
    pub uri: &'a [u8],
    /// Whether the group of this name is joined, and then whether a shared receiver hears it. Asked when the answer of an
    /// earlier call may not hold any more.
    pub joined: &'a dyn Fn(&str) -> Option<bool>,
}

/// Kept from call to call, so that nothing is parsed for each message.
pub(super) struct GroupFilter {
    uri: Box<[u8]>,
    pub(super) name: Arc<str>,
    /// For all groups of a namespace.
    pub(super) all: bool,
    pub(super) receivers: Vec<Arc<Receiver>>,
    /// The socket's receivers when this was made: it is stale when they are others.
    snapshot: Arc<Vec<Arc<Receiver>>>,
}

impl GroupFilter {
    /// For the group of this name, as heard by `receivers`; `shared`: by a shared one among them.
    pub fn new(uri: &[u8], name: &Name, shared: bool, receivers: &Arc<Vec<Arc<Receiver>>>) -> GroupFilter {
        let normal = name.normal();
        let hears = |receiver: &&Arc<Receiver>| match &receiver.hears {
            Hears::One { group, .. } => group == normal,
            Hears::Shared { .. } => shared,
        };
        GroupFilter {
            uri: uri.into(),
            name: normal.clone(),
            all: *name.group() == Group::All,
            receivers: receivers.iter().filter(hears).cloned().collect(),
            snapshot: receivers.clone(),
        }
    }

    /// Whether it is the one for `uri`, and these are the socket's receivers still.
    pub fn serves(&self, uri: &[u8], receivers: &Arc<Vec<Arc<Receiver>>>) -> bool {
        *self.uri == *uri && Arc::ptr_eq(&self.snapshot, receivers)
    }

    /// Whether it is for messages of this group.
    pub(super) fn wants(&self, group: &str) -> bool {
        *self.name == *group || self.all && Heard::of(&self.name).covers(group)
    }
}
