//! `[[map]]`: where Group Names are put.

use crate::error::Result;
use crate::mapping::overrides::{Override, Overrides, PlacedAddress, Which};
use crate::settings::sample::Example;
use crate::settings::source::Source;
use crate::settings::value::{Listed, Value};
use crate::settings::{Key, Shown, ValueKind, reader};
use toml::Spanned;
use toml::de::DeValue;

/// What docs/ham.toml says before the examples.
pub const INTRODUCTION: &str = "Where Group Names are put that would otherwise be put by their hash: one name, or all that \
    begin alike (compared with the normal form: no needless %XX, DNS names in lower case). Of several entries that fit, the \
    name's own counts, else the longest prefix. Names of namespace ip say their addresses themselves.";

/// The examples of docs/ham.toml.
pub const EXAMPLES: &[Example] = &[
    Example {
        heading: "[[map]]",
        lines: &[
            ("name", "\"ham:sip:news@cnn.com\""),
            ("addresses", "[\"239.1.2.3:5000\", \"[ff15::5]:5000\"]"),
        ],
    },
    Example {
        heading: "[[map]]",
        lines: &[
            ("prefix", "\"ham:opaque:sensors\""),
            ("addresses", "[\"232.1.1.1@10.0.0.1:5000\"]"),
            ("framed", "false"),
        ],
    },
];

/// The keys of an entry.
pub const KEYS: &[Key<Entry>] = &[
    Key::new(
        "name",
        ValueKind::Text,
        Shown::Example("\"ham:sip:news@cnn.com\""),
        "the one name.",
        |entry, value| {
            entry.name = Some(Which::name(&value.text())?);
            Ok(())
        },
    ),
    Key::new(
        "prefix",
        ValueKind::Text,
        Shown::Example("\"ham:opaque:sensors\""),
        "how the names begin; in place of name.",
        |entry, value| {
            entry.prefix = Some(Which::prefix(&value.text())?);
            Ok(())
        },
    ),
    Key::new(
        "addresses",
        ValueKind::List,
        Shown::Example("[\"239.1.2.3:5000\"]"),
        "all of an entry are joined and sent to. An address is what stands behind ham:ip: in a name, without DNS names; \
         without a port it has that of the name.",
        |entry, value| {
            entry.addresses = Some(value.placed(Value::list));
            Ok(())
        },
    ),
    Key::new(
        "framed",
        ValueKind::Switch,
        Shown::Default("true"),
        "in HAM frames; else raw, as other programs send and receive.",
        |entry, value| {
            entry.framed = Some(value.switch());
            Ok(())
        },
    ),
];

/// An entry as it is written.
#[derive(Default)]
pub struct Entry {
    name: Option<Which>,
    prefix: Option<Which>,
    addresses: Option<(usize, Vec<Listed>)>,
    framed: Option<bool>,
}

/// All entries.
pub fn read(source: &Source<'_>, section: Spanned<DeValue<'_>>) -> Result<Overrides> {
    let mut all = Overrides::default();
    let at = section.span().start;
    let DeValue::Array(entries) = section.into_inner() else {
        return Err(source.error(at, "sections [[map]] stand here"));
    };
    for written in entries {
        let at = written.span().start;
        let wrong = |what: &str| source.error(at, &format!("[[map]]: {what}"));
        let mut entry = Entry::default();
        reader::fill(KEYS, &mut entry, source, "[[map]]", written)?;
        let which = match (entry.name, entry.prefix) {
            (Some(which), None) | (None, Some(which)) => which,
            (Some(_), Some(_)) => return Err(wrong("it has both \"name\" and \"prefix\"")),
            (None, None) => return Err(wrong("it has neither \"name\" nor \"prefix\"")),
        };
        let (at, addresses) = entry.addresses.ok_or_else(|| wrong("it has no \"addresses\""))?;
        if addresses.is_empty() {
            return Err(source.error(at, "at least one address stands here"));
        }
        let address = |(at, text): &Listed| -> Result<PlacedAddress> {
            text.parse().map_err(|e: String| source.error(*at, &e))
        };
        let addresses = addresses.iter().map(address).collect::<Result<_>>()?;
        if !all.insert(which, Override { addresses, framed: entry.framed.unwrap_or(true) }) {
            return Err(wrong("an earlier entry has the same \"name\" or \"prefix\""));
        }
    }
    Ok(all)
}
