//! `[keys.NAME]`: group keys, so that no secret needs to stand in a URI. Read by hand and not by serde, whose errors show
//! the values that they are about.

use crate::error::{Error, Result};
use crate::frame::seal::{Algorithm, GroupKey};
use crate::frame::secret::secret;
use crate::settings::sample::{Example, Named};
use crate::settings::source::{self, Source};
use crate::settings::{About, Shown, ValueKind};
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{fs, io};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys of a section.
pub(super) const KEYS: [About; 3] = [
    About::new(
        "algorithm",
        ValueKind::Text,
        Shown::Example("\"chacha20-poly1305\""),
        "chacha20-poly1305 or aes-256-gcm.",
    ),
    About::new(
        "key",
        ValueKind::Text,
        Shown::Example("\"base64url\""),
        "32 bytes in base64url, as they come from: head -c 32 /dev/urandom | basenc --base64url",
    ),
    About::new(
        "file",
        ValueKind::Text,
        Shown::Example("\"desk.key\""),
        "in place of key: its first line is the key. A relative file is sought beside this one.",
    ),
];

/// What docs/ham.toml says of them.
pub(super) fn sample() -> Named {
    Named {
        introduction: "Group keys by name, so that a URI needs to hold none: ham:opaque:news/key;desk. See docs/security.md.",
        examples: &[
            Example {
                heading: "[keys.desk]",
                lines: &[("algorithm", "\"chacha20-poly1305\""), ("file", "\"desk.key\"")],
            },
            Example {
                heading: "[keys.studio]",
                lines: &[("algorithm", "\"aes-256-gcm\""), ("key", "\"base64url\"")],
            },
        ],
        keys: KEYS.to_vec(),
    }
}

/// The warning that a file with keys is readable by all.
pub(super) fn public(path: &Path) -> String {
    format!("all users of this host can read the keys in {0}: chmod o-r {0}", path.display())
}

/// Reads the section, and tells whether keys stand in it and not in files of their own.
pub(super) fn read(
    source: &Source<'_>,
    section: &Spanned<DeValue<'_>>,
    warnings: &mut Vec<String>,
) -> Result<(BTreeMap<String, GroupKey>, bool)> {
    let (mut all, mut inline) = (BTreeMap::new(), false);
    for (name, entry) in table(source, section)? {
        let fields = table(source, entry)?;
        let [mut algorithm, mut key, mut file] = [None; 3];
        for (field, value) in fields {
            let place = match field.get_ref().as_ref() {
                "algorithm" => &mut algorithm,
                "key" => &mut key,
                "file" => &mut file,
                other => return Err(source.error(field.span().start, &unknown(other))),
            };
            let DeValue::String(text) = value.get_ref() else {
                return Err(source.error(value.span().start, "a string in quotes stands here"));
            };
            *place = Some((value.span().start, text.as_ref()));
        }
        let about = |what: &str| source.error(name.span().start, &format!("key {}: {what}", name.get_ref()));
        let (at, text) = algorithm.ok_or_else(|| about("it has no \"algorithm\""))?;
        let algorithm: Algorithm = text.parse().map_err(|e| source.error(at, &format!("{e}")))?;
        let group_key = |text: &str| secret(text).map(|secret| GroupKey::new(algorithm, *secret));
        let key = match (key, file) {
            (Some((at, text)), None) => {
                inline = true;
                group_key(text).map_err(|why| source.error(at, &format!("the value {why}")))?
            }
            (None, Some((at, text))) => {
                let path = source.beside(text);
                let file = open(&path).map_err(|e| unreadable(source, at, &path, &e))?;
                if file.public {
                    warnings.push(public(&path));
                }
                let line = file.text.lines().next().unwrap_or_default().trim();
                group_key(line)
                    .map_err(|why| source.error(at, &format!("the first line of {} {why}", path.display())))?
            }
            (Some(_), Some(_)) => return Err(about("it has both \"key\" and \"file\"")),
            (None, None) => return Err(about("it has neither \"key\" nor \"file\"")),
        };
        all.insert(name.get_ref().to_string(), key);
    }
    Ok((all, inline))
}

/// Opens and reads a key file; a pipe or a device, whose end may never come, is an error.
fn open(path: &Path) -> io::Result<source::Text> {
    let file = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    source::read(file)
}

fn table<'a, 'i>(source: &Source<'_>, value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>> {
    value.get_ref().as_table().ok_or_else(|| {
        source.error(
            value.span().start,
            "a section [keys.NAME] with \"algorithm\", and \"key\" or \"file\", stands here",
        )
    })
}

/// A misspelt key is named; what is longer is more likely to be a secret.
fn unknown(field: &str) -> String {
    let named = if field.len() <= 16 { format!("unknown key {field:?}") } else { "unknown key".into() };
    format!("{named}; \"algorithm\", \"key\" and \"file\" can stand here")
}

fn unreadable(source: &Source<'_>, at: usize, path: &Path, error: &io::Error) -> Error {
    let is_key = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| secret(name).is_ok());
    if is_key {
        return source.error(at, "a key stands here, where a file name should; write key = ...");
    }
    source.error(at, &format!("{}: {error}", path.display()))
}
