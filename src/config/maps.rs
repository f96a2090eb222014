//! `[[map]]`: where Group Names are put.

use super::file::Source;
use crate::error::Result;
use crate::mapping::overrides::{Address, Override, Overrides, Which};
use serde::Deserialize;
use toml::Spanned;

/// An entry as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: Option<Name>,
    prefix: Option<Prefix>,
    addresses: Option<Spanned<Vec<Spanned<String>>>>,
    framed: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Name(Which);

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Prefix(Which);

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Name, String> {
        Which::name(&text).map(Name)
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Prefix, String> {
        Which::prefix(&text).map(Prefix)
    }
}

pub(super) fn read(source: &Source<'_>, entries: Vec<Spanned<Entry>>) -> Result<Overrides> {
    let mut all = Overrides::default();
    for entry in entries {
        let at = entry.span().start;
        let wrong = |what: &str| source.error(at, &format!("[[map]]: {what}"));
        let entry = entry.into_inner();
        let which = match (entry.name, entry.prefix) {
            (Some(Name(which)), None) | (None, Some(Prefix(which))) => which,
            (Some(_), Some(_)) => return Err(wrong("it has both \"name\" and \"prefix\"")),
            (None, None) => return Err(wrong("it has neither \"name\" nor \"prefix\"")),
        };
        let addresses = entry.addresses.ok_or_else(|| wrong("it has no \"addresses\""))?;
        if addresses.get_ref().is_empty() {
            return Err(source.error(addresses.span().start, "at least one address stands here"));
        }
        let address = |text: &Spanned<String>| -> Result<Address> {
            text.get_ref().parse().map_err(|e: String| source.error(text.span().start, &e))
        };
        let addresses = addresses.get_ref().iter().map(address).collect::<Result<_>>()?;
        if !all.insert(which, Override { addresses, framed: entry.framed.unwrap_or(true) }) {
            return Err(wrong("an earlier entry has the same \"name\" or \"prefix\""));
        }
    }
    Ok(all)
}
