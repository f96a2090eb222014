//! `[keys.NAME]`: group keys, so that no secret needs to stand in a URI. Read by hand and not by serde, whose errors show
//! the values that they are about.

use super::file::{self, Source};
use crate::error::{Error, Result};
use crate::frame::seal::{Algorithm, GroupKey};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{fs, io};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// Base64url (RFC 4648 §5), with or without its padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The 32 bytes of a group key. The error says what is wrong with the text, and not the text.
pub(crate) fn secret(text: &str) -> std::result::Result<Zeroizing<[u8; 32]>, &'static str> {
    const WRONG: &str =
        "is not 32 bytes in base64url (make some with: head -c 32 /dev/urandom | basenc --base64url)";
    // Three bytes for each four characters: room for all that can be right.
    let mut bytes = Zeroizing::new([0; 33]);
    match BASE64URL.decode_slice(text, &mut bytes[..]) {
        Ok(32) => {}
        _ => return Err(WRONG),
    }
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&bytes[..32]);
    Ok(secret)
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
                let path = source.path.parent().unwrap_or(Path::new("")).join(text);
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
fn open(path: &Path) -> io::Result<file::Text> {
    let file = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    file::read(file)
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
