//! From the credentials of a URI (RFC 7046 §4.2.2) to a group key. No secret goes into an error text.

use super::rules::Rules;
use crate::error::{Error, Result};
use crate::frame::seal::{Algorithm, GroupKey};
use crate::frame::secret;
use crate::name::{Credentials, Name};

/// The algorithm that stands for a key of the configuration.
const BY_NAME: &str = "key";

/// The key that the URI gives or names; `None` without credentials.
pub fn group_key(name: &Name, rules: &Rules) -> Result<Option<GroupKey>> {
    let Some(Credentials { alg, val }) = name.credentials() else { return Ok(None) };
    let refused = |why: String| Error::Credentials(format!("{name}: {why}"));
    if alg == BY_NAME {
        return rules.keys.get(val).cloned().map(Some).ok_or_else(|| refused(unknown(val, rules)));
    }
    let algorithm: Algorithm = alg.parse().map_err(|e| refused(format!("{e}, {BY_NAME}")))?;
    let bytes = secret::secret(val).map_err(|why| refused(format!("the credentials' value {why}")))?;
    Ok(Some(GroupKey::new(algorithm, *bytes)))
}

fn unknown(key: &str, rules: &Rules) -> String {
    // A mistake that is easily made, and the name of a key is no secret.
    let shown = match secret::secret(key) {
        Ok(_) => "a key stands where a key's name should; the name is not".into(),
        Err(_) => format!("the key {key:?} is not"),
    };
    match &rules.file {
        Some(file) => format!("{shown} in the configuration file {}", file.display()),
        None => format!("{shown} configured: there is no configuration file"),
    }
}
