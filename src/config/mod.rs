//! The configuration: a TOML file (`file`), overridden key by key by the environment. `table` has the keys of the plain sections
//! and gathers those of the others: `keys` and `maps` here, the technologies' with them. docs/ham.toml is made of it (`sample`).

mod file;
mod keys;
mod maps;
mod sample;
mod table;

pub use sample::sample;

use crate::error::Result;
use crate::mapping::rules::Rules;
use crate::presence::PresenceSettings;
use crate::settings::source::{self, fail};
use crate::settings::variable;
use crate::technology::CarrierSettings;
use crate::technology::ip::IpSettings;
use once_cell::race::OnceBox;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can be configured. Every key has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The hop limit of a new multicast socket.
    pub ttl: u8,
    /// Whether this host's own listeners hear what is sent.
    pub loopback: bool,
    /// Receive buffer of each group, in bytes.
    pub receive_buffer: usize,
    /// Send buffer of each Interface, in bytes.
    pub send_buffer: usize,
    /// How long `receive` reads busily before it sleeps; `None`: for a moment, while that finds messages.
    pub spin: Option<Duration>,
    /// Names of the default Interfaces; empty: the library chooses.
    pub interfaces: Vec<String>,
    /// Parity in per cent of the fragments of a message, 0 to 100; 0: none.
    pub fec_percent: u8,
    /// How long a message may wait for others to share a datagram with it; zero: it does not.
    pub bundle: Duration,
    /// So many bytes make a bundle full, 64 to 65507; 0: as many as travel unfragmented.
    pub bundle_size: usize,
    /// Bytes of unfinished messages that are kept for each framed group.
    pub reassembly_buffer: usize,
    /// What libham processes tell each other of their groups.
    pub presence: PresenceSettings,
    /// Interfaces of other technologies than `ip`, in the order of the file.
    pub carriers: Vec<CarrierSettings>,
    /// How Group Names are mapped.
    pub rules: Rules,
    /// What goes to the log.
    pub log: log::LevelFilter,
}

impl Config {
    /// What technology `ip` has of it.
    pub fn ip(&self) -> IpSettings {
        let &Config { receive_buffer, send_buffer, loopback, .. } = self;
        IpSettings { receive_buffer, send_buffer, loopback }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            ttl: 1,
            loopback: true,
            receive_buffer: 8 << 20,
            send_buffer: 1 << 20,
            spin: None,
            interfaces: Vec::new(),
            fec_percent: 0,
            bundle: Duration::ZERO,
            bundle_size: 0,
            reassembly_buffer: 4 << 20,
            presence: PresenceSettings::default(),
            carriers: Vec::new(),
            rules: Rules::default(),
            log: log::LevelFilter::Off,
        }
    }
}

static CONFIG: OnceBox<Config> = OnceBox::new();

/// The configuration of this process, read at the first call that succeeds.
pub fn get() -> Result<&'static Config> {
    CONFIG.get_or_try_init(|| {
        // The level first, so that an error in the rest can be logged.
        let environment = |key: &str| std::env::var_os(key).map(|v| v.to_string_lossy().into_owned());
        let level = environment("HAM_LOG").and_then(|v| v.parse().ok());
        sys::logging::set_level("ham", level.unwrap_or(log::LevelFilter::Off));
        let (config, warnings) = load(environment).inspect_err(|e| log::error!("{e}"))?;
        sys::logging::set_level("ham", config.log);
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        Ok(Box::new(config))
    })
}

/// The configuration, and what is wrong with it but no error.
fn load(environment: impl Fn(&str) -> Option<String>) -> Result<(Config, Vec<String>)> {
    let (mut config, mut warnings) = (Config::default(), Vec::new());
    if let Some((path, required)) = find(&environment) {
        match std::fs::File::open(&path).and_then(source::read) {
            Ok(text) => {
                warnings = file::apply(&mut config, &path, &text)?;
                config.rules.file = Some(path);
            }
            Err(e) if !required && e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(fail(format!("{}: {e}", path.display()))),
        }
    }
    for section in &table::SECTIONS {
        variable::apply(section.keys, &mut config, &environment)?;
    }
    Ok((config, warnings))
}

/// `HAM_CONFIG`, else the user's file, else the system's. The flag says whether its absence is an error.
fn find(environment: &impl Fn(&str) -> Option<String>) -> Option<(PathBuf, bool)> {
    if let Some(path) = environment("HAM_CONFIG") {
        return (!path.is_empty()).then(|| (path.into(), true));
    }
    let user = match environment("XDG_CONFIG_HOME").filter(|d| !d.is_empty()) {
        Some(directory) => Some(PathBuf::from(directory)),
        None => environment("HOME").filter(|d| !d.is_empty()).map(|home| Path::new(&home).join(".config")),
    };
    let user = user.map(|directory| directory.join("ham/ham.toml"));
    match user {
        Some(path) if path.exists() => Some((path, true)),
        _ => Some((PathBuf::from("/etc/ham/ham.toml"), false)),
    }
}

#[cfg(test)]
mod overlay_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
