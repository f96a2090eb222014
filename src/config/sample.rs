//! docs/ham.toml, made of the tables.

use super::{keys, maps, table};
use crate::settings::about;
use crate::settings::sample::{self, Named};
use crate::technology;

const INTRODUCTION: &str = "\
# Configuration of libham: every key, with its default.
#
# Read once in each process, by its first createMSocket, from the first of
#   the file that HAM_CONFIG names (then it must exist; empty: no file at all)
#   $XDG_CONFIG_HOME/ham/ham.toml, or ~/.config/ham/ham.toml
#   /etc/ham/ham.toml
# The environment variable beside a key goes before the file. An unknown key, a wrong type or a value out of range
# makes createMSocket fail with EINVAL; HAM_LOG=error tells file, line and key.
#
# `make config` writes this file.
";

/// The text of docs/ham.toml: every key, with what is said of it.
pub fn sample() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in &table::SECTIONS {
        text.push('\n');
        sample::plain(&mut text, section.name, section.introduction, &about(section.keys));
    }
    for sections in technology::SECTIONS {
        text.push('\n');
        sample::named(&mut text, &(sections.sample)());
    }
    let map = Named { introduction: maps::INTRODUCTION, examples: maps::EXAMPLES, keys: about(maps::KEYS) };
    for named in [keys::sample(), map] {
        text.push('\n');
        sample::named(&mut text, &named);
    }
    text
}
