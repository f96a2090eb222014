//! `[loopback.NAME]`: Interfaces of technology `loopback`.

use super::CarrierSettings;
use super::bounded::{Percent, Seed};
use crate::technology::loopback::LoopbackSettings;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    default: Option<bool>,
    loss_percent: Option<Percent>,
    duplicate_percent: Option<Percent>,
    swap_percent: Option<Percent>,
    seed: Option<Seed>,
}

/// The Interfaces, each with the place of its section.
pub(super) fn read(sections: BTreeMap<String, Spanned<Section>>) -> Vec<(usize, CarrierSettings)> {
    let settings = |(name, section): (String, Spanned<Section>)| {
        let at = section.span().start;
        let section = section.into_inner();
        let percent = |value: Option<Percent>| value.map_or(0, |percent| percent.0);
        let settings = LoopbackSettings {
            name,
            default: section.default.unwrap_or(false),
            loss: percent(section.loss_percent),
            duplicates: percent(section.duplicate_percent),
            swaps: percent(section.swap_percent),
            seed: section.seed.map_or(0, |seed| seed.0),
        };
        (at, CarrierSettings::Loopback(settings))
    };
    sections.into_iter().map(settings).collect()
}
