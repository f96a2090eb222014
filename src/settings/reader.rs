//! Keys from a section of the file. Unknown keys are errors: a misspelt key must not be ignored.

use super::source::Source;
use super::value::{Inside, Value, expected};
use super::{Key, ValueKind};
use crate::error::Result;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

/// Fills settings from a section; `heading` is how the section is written.
pub fn fill<T>(
    keys: &[Key<T>],
    into: &mut T,
    source: &Source<'_>,
    heading: &str,
    section: Spanned<DeValue<'_>>,
) -> Result<()> {
    for (name, value) in table(source, heading, section)? {
        let Some(key) = keys.iter().find(|key| key.about.name == name.get_ref().as_ref()) else {
            let names: Vec<_> = keys.iter().map(|key| key.about.name).collect();
            return Err(unknown(source, &name, &names));
        };
        let at = value.span().start;
        let inside = read(key.about.kind, value)
            .map_err(|e| source.error(e.span().map_or(at, |span| span.start), e.message()))?;
        key.about.kind.check(&inside).map_err(|what| source.error(at, &what))?;
        (key.take)(into, Value { at: Some(at), inside }).map_err(|what| source.error(at, &what))?;
    }
    Ok(())
}

/// What is in a section.
pub fn table<'i>(source: &Source<'_>, heading: &str, section: Spanned<DeValue<'i>>) -> Result<DeTable<'i>> {
    let at = section.span().start;
    match section.into_inner() {
        DeValue::Table(table) => Ok(table),
        _ => Err(source.error(at, &format!("a section {heading} stands here"))),
    }
}

/// The error of a name that none of `names` is.
pub fn unknown(
    source: &Source<'_>,
    name: &Spanned<impl std::fmt::Display>,
    names: &[&str],
) -> crate::error::Error {
    source.error(name.span().start, &format!("unknown field `{}`, {}", name.get_ref(), expected(names)))
}

fn read(kind: ValueKind, value: Spanned<DeValue<'_>>) -> std::result::Result<Inside, Error> {
    let value = ValueDeserializer::from(value);
    Ok(match kind {
        ValueKind::Number { .. } | ValueKind::ZeroOr { .. } => Inside::Number(i64::deserialize(value)?),
        ValueKind::Switch => Inside::Switch(bool::deserialize(value)?),
        ValueKind::Text | ValueKind::Word(_) | ValueKind::Level => Inside::Text(String::deserialize(value)?),
        ValueKind::List => {
            let list = Vec::<Spanned<String>>::deserialize(value)?;
            Inside::List(list.into_iter().map(|text| (text.span().start, text.into_inner())).collect())
        }
    })
}
