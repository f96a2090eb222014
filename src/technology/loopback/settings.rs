//! `[loopback.NAME]`: the settings of an Interface of technology `loopback`, and their keys.

use crate::error::Result;
use crate::settings::sample::{Example, Named};
use crate::settings::source::Source;
use crate::settings::{Key, Shown, ValueKind, about, reader};
use toml::Spanned;
use toml::de::DeValue;

/// A `[loopback.NAME]` of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoopbackSettings {
    /// NAME.
    pub name: String,
    /// A multicast socket without named Interfaces has it.
    pub default: bool,
    /// So many frames of a hundred are lost.
    pub loss: u8,
    /// So many of a hundred come twice.
    pub duplicates: u8,
    /// So many of a hundred come after the next one.
    pub swaps: u8,
    /// Which ones, this number says.
    pub seed: u64,
}

/// The settings of the section `name`.
pub fn read(
    source: &Source<'_>,
    name: &str,
    _at: usize,
    written: Spanned<DeValue<'_>>,
) -> Result<LoopbackSettings> {
    let mut settings = LoopbackSettings { name: name.to_owned(), ..Default::default() };
    reader::fill(KEYS, &mut settings, source, "[loopback.NAME]", written)?;
    Ok(settings)
}

/// What docs/ham.toml says of them.
pub fn sample() -> Named {
    Named { introduction: INTRODUCTION, examples: EXAMPLES, keys: about(KEYS) }
}

const INTRODUCTION: &str = "Interfaces of technology loopback: groups inside this process, for tests. They lose, double \
    and swap frames, the same ones in every run. Interfaces of other technologies than ip have the ids from 0x10000000 up, in \
    the order of this file.";

const EXAMPLES: &[Example] = &[Example {
    heading: "[loopback.bad]",
    lines: &[
        ("default", "false"),
        ("loss_percent", "10"),
        ("duplicate_percent", "10"),
        ("swap_percent", "10"),
        ("seed", "1"),
    ],
}];

/// The keys of a section.
const KEYS: &[Key<LoopbackSettings>] = &[
    Key::new(
        "default",
        ValueKind::Switch,
        Shown::Default("false"),
        "createMSocket without Interfaces takes it beside those of technology ip.",
        |settings, value| {
            settings.default = value.switch();
            Ok(())
        },
    ),
    Key::new(
        "loss_percent",
        ValueKind::PERCENT,
        Shown::Default("0"),
        "frames of a hundred that are lost, {range}.",
        |settings, value| {
            settings.loss = value.number();
            Ok(())
        },
    ),
    Key::new(
        "duplicate_percent",
        ValueKind::PERCENT,
        Shown::Default("0"),
        "frames of a hundred that come twice, {range}.",
        |settings, value| {
            settings.duplicates = value.number();
            Ok(())
        },
    ),
    Key::new(
        "swap_percent",
        ValueKind::PERCENT,
        Shown::Default("0"),
        "frames of a hundred that come after the next one, {range}.",
        |settings, value| {
            settings.swaps = value.number();
            Ok(())
        },
    ),
    Key::new(
        "seed",
        ValueKind::Number { least: 0, greatest: i64::MAX, what: "a seed" },
        Shown::Default("0"),
        "which frames those are, {range}.",
        |settings, value| {
            settings.seed = value.number();
            Ok(())
        },
    ),
];
