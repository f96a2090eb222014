//! The file: its sections, each read by its table.

use super::{Config, keys, maps, table};
use crate::error::Result;
use crate::settings::reader;
use crate::settings::source::{Source, Text};
use crate::technology;
use std::path::Path;
use toml::de::DeTable;

/// Applies a file, and gives what is wrong with it but no error.
pub(super) fn apply(config: &mut Config, path: &Path, text: &Text) -> Result<Vec<String>> {
    let names: Vec<_> = table::all().map(|key| key.name).collect();
    let source = Source { path, text: &text.text, keys: &names };
    let mut file = DeTable::parse(source.text).map_err(|e| source.parse_error(&e))?;
    let file = file.get_mut();
    let mut warnings = Vec::new();
    if let Some(section) = file.remove("keys") {
        let inline;
        (config.rules.keys, inline) = keys::read(&source, &section, &mut warnings)?;
        if inline && text.public {
            warnings.push(keys::public(path));
        }
    }
    for section in &table::SECTIONS {
        if let Some(written) = file.remove(section.name) {
            reader::fill(section.keys, config, &source, &format!("[{}]", section.name), written)?;
        }
    }
    let mut carriers = Vec::new();
    for sections in technology::SECTIONS {
        let Some(written) = file.remove(sections.technology) else { continue };
        let heading = format!("[{}.NAME]", sections.technology);
        for (name, written) in reader::table(&source, &heading, written)? {
            let at = name.span().start;
            carriers.push((at, (sections.read)(&source, name.get_ref(), at, written)?));
        }
    }
    carriers.sort_by_key(|(at, _)| *at);
    config.carriers = carriers.into_iter().map(|(_, settings)| settings).collect();
    if let Some(written) = file.remove("map") {
        config.rules.overrides = maps::read(&source, written)?;
    }
    match file.keys().next() {
        None => Ok(warnings),
        Some(name) => Err(reader::unknown(&source, name, &table::section_names())),
    }
}
