//! What happens to the groups of this process, for those above who asked to be told.

use crate::group::EventType;
use arc_swap::ArcSwapOption;
use std::net::IpAddr;
use std::sync::Arc;

/// What has happened.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// A group state of this process has come or gone; no other multicast socket has it.
    Group {
        /// What came or went.
        event: EventType,
        /// The kernel's index of the device, or the Interface id of a carrier.
        ifindex: u32,
        /// The Group Address, or the tag in the place of one.
        address: IpAddr,
        /// The source, when the name is source-specific.
        source: Option<IpAddr>,
        /// The Group Name in normal form.
        name: &'a str,
    },
    /// Own sources have ended, which is no event, but they name their groups no more.
    SourcesEnded,
    /// A multicast socket has the carrier with this Interface id now.
    Carrier(u32),
}

/// Called under the lock of all control state: it must neither wait nor call back.
pub type Listener = fn(&News<'_>);

static LISTENERS: ArcSwapOption<Vec<Listener>> = ArcSwapOption::const_empty();

/// Tells `listener` everything from now on, for the life of the process, and in its children too.
pub fn subscribe(listener: Listener) {
    LISTENERS.rcu(|all| {
        let all = all.iter().flat_map(|all| all.iter().copied());
        Some(Arc::new(all.chain([listener]).collect::<Vec<_>>()))
    });
}

pub(super) fn tell(news: &News<'_>) {
    if let Some(all) = &*LISTENERS.load() {
        all.iter().for_each(|listener| listener(news));
    }
}
