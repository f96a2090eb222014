//! The distribution technologies. Each says how it opens a group and how it sends to one.
//!
//! Technology `ip` knows groups by address. The others know them by Group Name: their Interfaces are carriers, configured
//! by name, and live as long as the process.

pub mod carrier;
pub mod ip;
pub mod loopback;
#[cfg_attr(not(feature = "overlay"), path = "no_overlay.rs")]
pub mod overlay;

use crate::config::{self, CarrierSettings, Config};
use crate::error::Result;
use crate::group::Role;
use crate::interfaces::id::OTHER_TECHNOLOGIES;
use carrier::{Arrived, Change, Heard, Reach};
use loopback::Loopback;
use once_cell::race::OnceBox;
use overlay::Overlay;
use std::io;
use std::sync::Arc;

/// An Interface of a technology that knows groups by name.
pub enum Carrier {
    /// Inside the process.
    Loopback(Loopback),
    /// Zenoh.
    Overlay(Overlay),
}

/// A group that is heard; dropping it ends that, without waiting.
pub enum Hearing {
    /// Of technology `loopback`.
    Loopback(#[allow(dead_code, reason = "it is there to be dropped")] loopback::Hearing),
    /// Of technology `overlay`.
    Overlay(#[allow(dead_code, reason = "it is there to be dropped")] overlay::Hearing),
}

/// A way out to a group.
pub enum Way {
    /// Of technology `loopback`.
    Loopback(loopback::Way),
    /// Of technology `overlay`.
    Overlay(overlay::Way),
}

/// That this node is a source of a group; dropping it ends that, without waiting.
pub enum Announcement {
    /// There is nobody to tell.
    None,
    /// Of technology `overlay`.
    Overlay(#[allow(dead_code, reason = "it is there to be dropped")] overlay::Announcement),
}

static CARRIERS: OnceBox<Vec<Carrier>> = OnceBox::new();

/// All carriers, in the order of the configuration: the first one's Interface id is 0x10000000. None is opened yet.
pub fn carriers() -> Result<&'static [Carrier]> {
    let all = CARRIERS.get_or_try_init(|| config::get().map(|config| Box::new(make(config))))?;
    Ok(all)
}

fn make(config: &Config) -> Vec<Carrier> {
    let carrier = |settings: &CarrierSettings| match settings {
        CarrierSettings::Loopback(settings) => Carrier::Loopback(Loopback::new(settings.clone())),
        CarrierSettings::Overlay(settings) => Carrier::Overlay(Overlay::new(settings)),
    };
    config.carriers.iter().map(carrier).collect()
}

/// The carrier whose Interface id this is.
pub fn carrier(id: u32) -> Option<&'static Carrier> {
    carriers().ok()?.get(id.checked_sub(OTHER_TECHNOLOGIES)? as usize)
}

/// The Interface ids of the carriers that `fits`.
pub fn ids(fits: impl Fn(&Carrier) -> bool) -> Vec<u32> {
    let all = carriers().unwrap_or_default().iter().enumerate();
    all.filter(|(_, carrier)| fits(carrier)).map(|(i, _)| OTHER_TECHNOLOGIES + i as u32).collect()
}

impl Carrier {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        match self {
            Carrier::Loopback(loopback) => &loopback.settings().name,
            Carrier::Overlay(overlay) => overlay.name(),
        }
    }

    /// The technology, as `struct ifProp` has it.
    pub fn technology(&self) -> &'static str {
        match self {
            Carrier::Loopback(_) => "loopback",
            Carrier::Overlay(_) => "overlay",
        }
    }

    /// For the log.
    pub fn label(&self) -> String {
        format!("Interface {} ({})", self.name(), self.technology())
    }

    /// A multicast socket without named Interfaces has it.
    pub fn is_default(&self) -> bool {
        match self {
            Carrier::Loopback(loopback) => loopback.settings().default,
            Carrier::Overlay(overlay) => overlay.is_default(),
        }
    }

    /// Waits a little until what is wanted of it is so. Without any lock.
    pub fn settle(&self) {
        match self {
            Carrier::Loopback(_) => {}
            Carrier::Overlay(overlay) => overlay.settle(),
        }
    }

    /// Waits a moment until what was sent is out, before the multicast socket that sent it ends. Without any lock.
    pub fn linger(&self) {
        match self {
            Carrier::Loopback(_) => {}
            Carrier::Overlay(overlay) => overlay.linger(),
        }
    }

    /// Hears a group: `take` gets its frames, on any thread. Never waits.
    pub fn hear(
        &'static self,
        heard: Heard<'_>,
        take: impl Fn(Arrived<'_>) + Send + Sync + 'static,
    ) -> io::Result<Hearing> {
        match self {
            Carrier::Loopback(loopback) => Ok(Hearing::Loopback(loopback.hear(heard, take))),
            Carrier::Overlay(overlay) => overlay.hear(heard, take).map(Hearing::Overlay),
        }
    }

    /// A way out to a group. Never waits.
    pub fn way(&'static self, group: &str) -> io::Result<Way> {
        match self {
            Carrier::Loopback(loopback) => Ok(Way::Loopback(loopback.way(group))),
            Carrier::Overlay(overlay) => overlay.way(group).map(Way::Overlay),
        }
    }

    /// Says that this node is a source of a group. Never waits.
    pub fn announce_sender(&'static self, group: &str) -> io::Result<Announcement> {
        match self {
            Carrier::Loopback(_) => Ok(Announcement::None),
            Carrier::Overlay(overlay) => overlay.announce_sender(group).map(Announcement::Overlay),
        }
    }

    /// The group states that other nodes have, by Group Name.
    pub fn states(&self) -> Vec<(Arc<str>, Role)> {
        match self {
            Carrier::Loopback(_) => Vec::new(),
            Carrier::Overlay(overlay) => overlay.states(),
        }
    }

    /// Tells what becomes of the group states of other nodes, from those that there are on.
    pub fn watch(&'static self, tell: Arc<dyn Fn(Change) + Send + Sync>) {
        match self {
            Carrier::Loopback(_) => {}
            Carrier::Overlay(overlay) => overlay.watch(tell),
        }
    }

    /// The nodes next to this one, all or those that have to do with a group, as ham-URIs.
    pub fn neighbors(&self, group: Option<&str>) -> Vec<String> {
        match self {
            Carrier::Loopback(_) => Vec::new(),
            Carrier::Overlay(overlay) => overlay.neighbors(group),
        }
    }

    /// The neighbours that a group is received from.
    pub fn parents(&self, group: Option<&str>) -> Vec<String> {
        match self {
            Carrier::Loopback(_) => Vec::new(),
            Carrier::Overlay(overlay) => overlay.parents(group),
        }
    }

    /// The neighbours that a group is passed on to.
    pub fn children(&self, group: Option<&str>) -> Vec<String> {
        match self {
            Carrier::Loopback(_) => Vec::new(),
            Carrier::Overlay(overlay) => overlay.children(group),
        }
    }

    /// This node forwards the group.
    pub fn designated(&self, group: Option<&str>) -> bool {
        match self {
            Carrier::Loopback(_) => false,
            Carrier::Overlay(overlay) => overlay.designated(group),
        }
    }
}

impl Way {
    /// Passes a frame on; waits at most for as long as the configuration says.
    pub fn put(&self, frame: Vec<u8>, sources: &[u8], reach: Reach) -> io::Result<()> {
        match self {
            Way::Loopback(way) => {
                way.put(frame, sources, reach);
                Ok(())
            }
            Way::Overlay(way) => way.put(frame, sources, reach),
        }
    }
}
