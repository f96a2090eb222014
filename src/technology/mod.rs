//! The distribution technologies. Each says how it opens a group and how it sends to one.
//!
//! Technology `ip` knows groups by address. The others know them by Group Name: their Interfaces are carriers (see the crate
//! `carrier`), configured by name, and live as long as the process (`interfaces::carriers`).

pub mod ip;
pub mod loopback;
pub mod overlay;

use crate::error::Result;
use crate::settings::sample::Named;
use crate::settings::source::Source;
use carrier::{Arrived, Heard, Hearing};
use std::io;
use std::ops::Deref;
use toml::Spanned;
use toml::de::DeValue;

/// Makes, of the list of technologies, what everybody has to know of each.
macro_rules! technologies {
    ($($(#[$doc:meta])* $variant:ident($name:ident :: $settings:ident)),+ $(,)?) => {
        /// The settings of an Interface of a technology that knows groups by name.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum CarrierSettings {
            $($(#[$doc])* $variant($name::settings::$settings)),+
        }

        /// The sections of all technologies, in the order of docs/ham.toml.
        pub const SECTIONS: &[Sections] = &[$(Sections {
            technology: stringify!($name),
            read: |source, name, at, section| {
                $name::settings::read(source, name, at, section).map(CarrierSettings::$variant)
            },
            sample: $name::settings::sample,
        }),+];

        /// Opens a carrier.
        pub fn open(settings: &CarrierSettings) -> Result<Carrier> {
            Ok(match settings {
                $(CarrierSettings::$variant(settings) => Carrier {
                    name: settings.name.clone(),
                    technology: stringify!($name),
                    is_default: settings.default,
                    inside: $name::open(settings)?,
                }),+
            })
        }
    };
}

// All technologies but `ip`. Each is a folder, which has `open`, and in `settings` the settings with their `name` and
// whether they are a `default`, `read` and `sample`.
technologies! {
    /// `[loopback.NAME]`.
    Loopback(loopback::LoopbackSettings),
    /// `[overlay.NAME]`.
    Overlay(overlay::OverlaySettings),
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

/// An Interface of a technology that knows groups by name.
pub struct Carrier {
    name: String,
    technology: &'static str,
    is_default: bool,
    inside: Box<dyn carrier::Carrier>,
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
