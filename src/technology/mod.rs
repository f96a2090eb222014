//! The distribution technologies. Each says how it opens a group and how it sends to one.
//!
//! Technology `ip` knows groups by address. The others know them by Group Name: their Interfaces are carriers (see the crate
//! `carrier`), configured by name, and live as long as the process (`interfaces::carriers`).

pub mod ip;
pub mod loopback;
mod overlay;

use crate::config::CarrierSettings;
use crate::error::Result;
use carrier::{Arrived, Heard, Hearing};
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
pub fn open(settings: &CarrierSettings) -> Result<Carrier> {
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
