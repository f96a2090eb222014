//! The distribution technologies. Each says how it opens a group and how it sends to one.
//!
//! Technology `ip` knows groups by address. The others know them by Group Name: their Interfaces are carriers (see the crate
//! `carrier`), configured by name, and live as long as the process (`interfaces::carriers`).

pub mod ip;
pub mod loopback;
pub mod overlay;

use crate::error::Result;
use crate::settings::about;
use crate::settings::reader;
use crate::settings::sample::Named;
use crate::settings::source::Source;
use carrier::{Arrived, Heard, Hearing};
use loopback::settings::LoopbackSettings;
use overlay::settings::OverlaySettings;
use std::io;
use std::ops::Deref;
use toml::Spanned;
use toml::de::DeValue;

/// An Interface of a technology that knows groups by name.
pub struct Carrier {
    name: String,
    technology: &'static str,
    is_default: bool,
    inside: Box<dyn carrier::Carrier>,
}

/// The settings of an Interface of a technology that knows groups by name. All technologies but `ip` stand here and in the
/// two functions below, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarrierSettings {
    /// `[loopback.NAME]`.
    Loopback(LoopbackSettings),
    /// `[overlay.NAME]`.
    Overlay(Box<OverlaySettings>),
}

/// How the sections `[TECHNOLOGY.NAME]` of a technology are read.
pub struct Sections {
    /// TECHNOLOGY.
    pub technology: &'static str,
    /// The settings of the section NAME, which stands at a byte of the source.
    pub read: fn(&Source<'_>, &str, usize, Spanned<DeValue<'_>>) -> Result<CarrierSettings>,
    /// What docs/ham.toml says of them.
    pub sample: fn() -> Named,
}

/// The sections of all technologies, in the order of docs/ham.toml.
pub const SECTIONS: &[Sections] = &[
    Sections {
        technology: "loopback",
        read: |source, name, _, section| {
            let mut settings = LoopbackSettings { name: name.to_owned(), ..Default::default() };
            reader::fill(loopback::settings::KEYS, &mut settings, source, "[loopback.NAME]", section)?;
            Ok(CarrierSettings::Loopback(settings))
        },
        sample: || Named {
            introduction: loopback::settings::INTRODUCTION,
            examples: loopback::settings::EXAMPLES,
            keys: about(loopback::settings::KEYS),
        },
    },
    Sections {
        technology: "overlay",
        read: |source, name, at, section| {
            let settings = overlay::settings::read(source, name, at, section)?;
            Ok(CarrierSettings::Overlay(Box::new(settings)))
        },
        sample: || Named {
            introduction: overlay::settings::INTRODUCTION,
            examples: overlay::settings::EXAMPLES,
            keys: about(overlay::settings::KEYS),
        },
    },
];

/// Opens a carrier.
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
