//! The distribution technologies. Each says how it opens a group and how it sends to one.
//!
//! Technology `ip` knows groups by address. The others know them by Group Name: their Interfaces are carriers (see the crate
//! `carrier`), configured by name, and live as long as the process.

pub mod ip;
pub mod loopback;
mod overlay;

use crate::config::{self, CarrierSettings, Config};
use crate::error::Result;
use crate::interfaces::id::OTHER_TECHNOLOGIES;
use carrier::{Arrived, Heard, Hearing};
use once_cell::race::OnceBox;
use std::io;
use std::ops::Deref;

/// An Interface of a technology that knows groups by name.
pub struct Carrier {
    name: String,
    technology: &'static str,
    is_default: bool,
    inside: Box<dyn carrier::Carrier>,
}

/// Opens a carrier. All technologies but `ip` stand here, and nowhere else.
fn open(settings: &CarrierSettings) -> Result<Carrier> {
    let carrier = |technology, name: &str, is_default, inside| Carrier {
        name: name.to_owned(),
        technology,
        is_default,
        inside,
    };
    Ok(match settings {
        CarrierSettings::Loopback(s) => carrier("loopback", &s.name, s.default, loopback::open(s)),
        CarrierSettings::Overlay(s) => carrier("overlay", &s.name, s.default, overlay::open(s)?),
    })
}

static CARRIERS: OnceBox<Vec<Carrier>> = OnceBox::new();

/// All carriers, in the order of the configuration: the first one's Interface id is 0x10000000. None has begun yet. What
/// fails is tried again at the next call.
pub fn carriers() -> Result<&'static [Carrier]> {
    let open_all = |config: &Config| config.carriers.iter().map(open).collect::<Result<_>>().map(Box::new);
    let all = CARRIERS.get_or_try_init(|| open_all(config::get()?))?;
    Ok(all)
}

/// The carrier whose Interface id this is.
pub fn carrier(id: u32) -> Option<&'static Carrier> {
    carriers().ok()?.get(id.checked_sub(OTHER_TECHNOLOGIES)? as usize)
}

/// The Interface ids of the carriers that `fits`.
pub fn ids(fits: impl Fn(&Carrier) -> bool) -> Result<Vec<u32>> {
    let all = carriers()?.iter().enumerate();
    Ok(all.filter(|(_, carrier)| fits(carrier)).map(|(i, _)| OTHER_TECHNOLOGIES + i as u32).collect())
}

impl Carrier {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The technology, as `struct ifProp` has it.
    pub fn technology(&self) -> &'static str {
        self.technology
    }

    /// For the log.
    pub fn label(&self) -> String {
        format!("Interface {} ({})", self.name, self.technology)
    }

    /// A multicast socket without named Interfaces has it.
    pub fn is_default(&self) -> bool {
        self.is_default
    }

    /// See [`carrier::Carrier::settle`].
    pub fn settle(&self) {
        self.inside.settle();
    }

    /// See [`carrier::Carrier::linger`].
    pub fn linger(&self) {
        self.inside.linger();
    }

    /// See [`carrier::Carrier::hear`].
    pub fn hear(
        &self,
        heard: Heard<'_>,
        take: impl Fn(Arrived<'_>) + Send + Sync + 'static,
    ) -> io::Result<Hearing> {
        self.inside.hear(heard, Box::new(take))
    }
}

impl Deref for Carrier {
    type Target = dyn carrier::Carrier;

    fn deref(&self) -> &Self::Target {
        &*self.inside
    }
}
