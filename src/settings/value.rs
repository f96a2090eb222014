//! Values of keys, checked against what may stand there.

use super::ValueKind;
use std::time::Duration;

/// A value of the kind of its key. Asking for another kind panics: the table is wrong then, and its test fails.
pub struct Value {
    /// Where in the file it stands; `None`: it comes from the environment.
    pub at: Option<usize>,
    pub(super) inside: Inside,
}

pub(super) enum Inside {
    Number(i64),
    Switch(bool),
    Text(String),
    List(Vec<Listed>),
}

/// A text, and where in the file it stands.
pub type Listed = (usize, String);

impl Value {
    /// The number.
    pub fn number<N: TryFrom<i64>>(&self) -> N {
        match self.inside {
            Inside::Number(number) => N::try_from(number).ok(),
            _ => None,
        }
        .expect("a key whose bounds fit its field")
    }

    /// So many microseconds.
    pub fn microseconds(&self) -> Duration {
        Duration::from_micros(self.number())
    }

    /// So many milliseconds.
    pub fn milliseconds(&self) -> Duration {
        Duration::from_millis(self.number())
    }

    /// Whether it is on.
    pub fn switch(&self) -> bool {
        match self.inside {
            Inside::Switch(on) => on,
            _ => unreachable!("a key of kind Switch"),
        }
    }

    /// The text.
    pub fn text(self) -> String {
        match self.inside {
            Inside::Text(text) => text,
            _ => unreachable!("a key of kind Text, Word or Level"),
        }
    }

    /// The texts, and where they stand.
    pub fn list(self) -> Vec<Listed> {
        match self.inside {
            Inside::List(list) => list,
            _ => unreachable!("a key of kind List"),
        }
    }

    /// With its place, for what is checked later.
    pub fn placed<V>(self, read: fn(Value) -> V) -> (usize, V) {
        (self.at.unwrap_or_default(), read(self))
    }
}

impl ValueKind {
    /// What is wrong with a value.
    pub(super) fn check(self, value: &Inside) -> Result<(), String> {
        match (self, value) {
            (ValueKind::Number { least, greatest, what }, Inside::Number(value)) => {
                let fits = (least..=greatest).contains(value);
                fits.then_some(()).ok_or_else(|| format!("{value} is not {what} from {least} to {greatest}"))
            }
            (ValueKind::ZeroOr { least, greatest, what }, Inside::Number(value)) => {
                let fits = *value == 0 || (least..=greatest).contains(value);
                fits.then_some(())
                    .ok_or_else(|| format!("{value} is neither 0 nor {what} from {least} to {greatest}"))
            }
            (ValueKind::Word(words), Inside::Text(text)) if !words.contains(&text.as_str()) => {
                Err(format!("unknown variant `{text}`, {}", expected(words)))
            }
            (ValueKind::Level, Inside::Text(text)) if text.parse::<log::LevelFilter>().is_err() => {
                Err(format!("{text:?} is none of off, error, warn, info, debug"))
            }
            _ => Ok(()),
        }
    }
}

/// What could stand there, as serde says it.
pub(super) fn expected(all: &[&str]) -> String {
    match all {
        [one] => format!("expected `{one}`"),
        [one, other] => format!("expected `{one}` or `{other}`"),
        _ => format!("expected one of `{}`", all.join("`, `")),
    }
}
