//! What the configuration says of Group Names and their keys.

use super::overrides::Overrides;
use crate::frame::seal::GroupKey;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How Group Names are mapped where they do not say it themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The UDP port of a name that has none.
    pub port: u16,
    /// Group keys by name. They stay in memory for the life of the process.
    pub keys: BTreeMap<String, GroupKey>,
    /// Where Group Names are put.
    pub overrides: Overrides,
    /// The file that says so, for errors.
    pub file: Option<PathBuf>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { port: 7046, keys: BTreeMap::new(), overrides: Overrides::default(), file: None }
    }
}
