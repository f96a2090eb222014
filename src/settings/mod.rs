//! Keys of the configuration: what each is called, what it may be, what it is without being written, and what is said of it
//! in docs/ham.toml. File (`reader`), environment (`variable`) and docs/ham.toml (`sample`) have them from the same tables,
//! which stand with whom they are for and are gathered in `config`.

pub mod reader;
pub mod sample;
pub mod source;
pub mod value;
pub mod variable;

use value::Value;

/// One key, as far as everybody knows it.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// As the file has it.
    pub name: &'static str,
    /// The environment variable that goes before the file.
    pub variable: Option<&'static str>,
    /// What may stand there.
    pub kind: ValueKind,
    /// What docs/ham.toml shows.
    pub shown: Shown,
    /// What docs/ham.toml says; `{range}` stands for the bounds, and a new line for a new line.
    pub text: &'static str,
}

/// A key of a section that fills `T`.
pub struct Key<T: 'static> {
    /// What is known of it.
    pub about: About,
    /// Takes a value of its kind, or says what is wrong with it.
    pub take: Take<T>,
}

/// How a value comes into settings.
pub type Take<T> = fn(&mut T, Value) -> Result<(), String>;

/// What may stand at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// From `least` to `greatest`; an error calls it `what`.
    Number { least: i64, greatest: i64, what: &'static str },
    /// 0, or from `least` to `greatest`.
    ZeroOr { least: i64, greatest: i64, what: &'static str },
    /// True or false.
    Switch,
    /// A text in quotes.
    Text,
    /// Texts in brackets.
    List,
    /// One of these.
    Word(&'static [&'static str]),
    /// A level of the log.
    Level,
}

/// The value in docs/ham.toml, as TOML has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// What holds where nothing is written.
    Default(&'static str),
    /// Something else: without it, there is none.
    Example(&'static str),
}

impl<T> Key<T> {
    /// A key without a variable.
    pub const fn new(
        name: &'static str,
        kind: ValueKind,
        shown: Shown,
        text: &'static str,
        take: Take<T>,
    ) -> Key<T> {
        Key { about: About::new(name, kind, shown, text), take }
    }

    /// With a variable.
    pub const fn variable(mut self, variable: &'static str) -> Key<T> {
        self.about.variable = Some(variable);
        self
    }
}

impl About {
    /// A key without a variable.
    pub const fn new(name: &'static str, kind: ValueKind, shown: Shown, text: &'static str) -> About {
        About { name, variable: None, kind, shown, text }
    }
}

/// What is known of all keys of a section.
pub fn about<T>(keys: &[Key<T>]) -> Vec<About> {
    keys.iter().map(|key| key.about).collect()
}

impl ValueKind {
    /// A number of per cent.
    pub const PERCENT: ValueKind =
        ValueKind::Number { least: 0, greatest: 100, what: "a number of per cent" };
    /// A UDP port.
    pub const PORT: ValueKind = ValueKind::Number { least: 1, greatest: 65535, what: "a port" };
    /// Up to a second.
    pub const MICROSECONDS: ValueKind = ValueKind::microseconds(0, 1_000_000);

    const fn microseconds(least: i64, greatest: i64) -> ValueKind {
        ValueKind::Number { least, greatest, what: "a number of microseconds" }
    }

    /// Milliseconds, in bounds.
    pub const fn milliseconds(least: i64, greatest: i64) -> ValueKind {
        ValueKind::Number { least, greatest, what: "a number of milliseconds" }
    }

    /// The least and the greatest number.
    pub fn bounds(self) -> Option<(i64, i64)> {
        match self {
            ValueKind::Number { least, greatest, .. } | ValueKind::ZeroOr { least, greatest, .. } => {
                Some((least, greatest))
            }
            _ => None,
        }
    }
}
