//! Keys from the environment.

use super::source::fail;
use super::value::{Inside, Value};
use super::{Key, ValueKind};
use crate::error::Result;

/// Applies the variables that are set and not empty.
pub fn apply<T>(keys: &[Key<T>], into: &mut T, environment: &impl Fn(&str) -> Option<String>) -> Result<()> {
    for key in keys {
        let Some(variable) = key.about.variable else { continue };
        let Some(text) = environment(variable).filter(|text| !text.is_empty()) else { continue };
        let wrong = |what: String| fail(format!("{variable}: {what}"));
        let inside = read(key.about.kind, text).map_err(wrong)?;
        (key.take)(into, Value { at: None, inside }).map_err(wrong)?;
    }
    Ok(())
}

fn read(kind: ValueKind, text: String) -> std::result::Result<Inside, String> {
    let value = match kind {
        ValueKind::Number { .. } | ValueKind::ZeroOr { .. } => {
            Inside::Number(text.trim().parse().map_err(|_| format!("{text:?} is no number"))?)
        }
        ValueKind::Switch => match text.trim() {
            "1" | "true" => Inside::Switch(true),
            "0" | "false" => Inside::Switch(false),
            other => return Err(format!("{other:?} is none of 0, 1, false, true")),
        },
        ValueKind::List => {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            Inside::List(names.map(|name| (0, name.to_owned())).collect())
        }
        ValueKind::Level => Inside::Text(text),
        ValueKind::Text | ValueKind::Word(_) => Inside::Text(text.trim().to_owned()),
    };
    kind.check(&value)?;
    Ok(value)
}
