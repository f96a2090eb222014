//! From the credentials of a URI (RFC 7046 §4.2.2) to a group key. No secret goes into an error text.

use crate::config::{Config, keys};
use crate::error::{Error, Result};
use crate::frame::seal::{Algorithm, GroupKey};
use crate::name::{Credentials, Name};

/// The algorithm that stands for a key of the configuration.
const BY_NAME: &str = "key";

/// The key that the URI gives or names; `None` without credentials.
pub fn group_key(name: &Name, config: &Config) -> Result<Option<GroupKey>> {
    let Some(Credentials { alg, val }) = name.credentials() else { return Ok(None) };
    let refused = |why: String| Error::Credentials(format!("{name}: {why}"));
    if alg == BY_NAME {
        return config.keys.get(val).cloned().map(Some).ok_or_else(|| refused(unknown(val, config)));
    }
    let algorithm: Algorithm = alg.parse().map_err(|e| refused(format!("{e}, {BY_NAME}")))?;
    let secret = keys::secret(val).map_err(|why| refused(format!("the credentials' value {why}")))?;
    Ok(Some(GroupKey::new(algorithm, *secret)))
}

fn unknown(key: &str, config: &Config) -> String {
    // A mistake that is easily made, and the name of a key is no secret.
    let shown = match keys::secret(key) {
        Ok(_) => "a key stands where a key's name should; the name is not".into(),
        Err(_) => format!("the key {key:?} is not"),
    };
    match &config.file {
        Some(file) => format!("{shown} in the configuration file {}", file.display()),
        None => format!("{shown} configured: there is no configuration file"),
    }
}
