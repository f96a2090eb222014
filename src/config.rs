//! The configuration: a TOML file, overridden key by key by the environment.

use crate::error::{Error, Result};
use once_cell::race::OnceBox;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can be configured. Every key has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The UDP port of a name that has none.
    pub port: u16,
    /// The hop limit of a new multicast socket.
    pub ttl: u8,
    /// Whether this host's own listeners hear what is sent.
    pub loopback: bool,
    /// Receive buffer of each group, in bytes.
    pub receive_buffer: usize,
    /// Send buffer of each Interface, in bytes.
    pub send_buffer: usize,
    /// How long `receive` reads busily before it sleeps.
    pub spin: Duration,
    /// Names of the default Interfaces; empty: the library chooses.
    pub interfaces: Vec<String>,
    /// What goes to the log.
    pub log: log::LevelFilter,
}

/// The file as it is written. Unknown keys are errors: a misspelt key must not be ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    ip: IpSection,
    log: LogSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IpSection {
    port: Option<Port>,
    ttl: Option<u8>,
    loopback: Option<bool>,
    receive_buffer: Option<Bytes>,
    send_buffer: Option<Bytes>,
    spin_us: Option<Spin>,
    interfaces: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogSection {
    level: Option<Level>,
}

/// A number with bounds, so that the parser can name the line of one outside of them.
macro_rules! bounded {
    ($name:ident, $type:ty, $low:expr, $high:expr, $what:expr) => {
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(try_from = "i64")]
        struct $name($type);

        impl TryFrom<i64> for $name {
            type Error = String;
            fn try_from(value: i64) -> std::result::Result<Self, String> {
                let range: std::ops::RangeInclusive<i64> = $low..=$high;
                if range.contains(&value) {
                    Ok($name(value as $type))
                } else {
                    Err(format!("{value} is not {} from {} to {}", $what, $low, $high))
                }
            }
        }
    };
}

bounded!(Port, u16, 1, 65535, "a port");
bounded!(Ttl, u8, 0, 255, "a hop limit");
bounded!(Bytes, usize, 4096, 1 << 30, "a buffer size in bytes");
bounded!(Spin, u64, 0, 1_000_000, "a number of microseconds");

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Level(log::LevelFilter);

impl TryFrom<String> for Level {
    type Error = String;
    fn try_from(value: String) -> std::result::Result<Self, String> {
        value.parse().map(Level).map_err(|_| format!("{value:?} is none of off, error, warn, info, debug"))
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            port: 7046,
            ttl: 1,
            loopback: true,
            receive_buffer: 8 << 20,
            send_buffer: 1 << 20,
            spin: Duration::ZERO,
            interfaces: Vec::new(),
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
        crate::logging::set_level(level.unwrap_or(log::LevelFilter::Off));
        let config = load(environment).inspect_err(|e| log::error!("{e}"))?;
        crate::logging::set_level(config.log);
        Ok(Box::new(config))
    })
}

fn load(environment: impl Fn(&str) -> Option<String>) -> Result<Config> {
    let mut config = Config::default();
    if let Some((path, required)) = find(&environment) {
        match std::fs::read_to_string(&path) {
            Ok(text) => apply_file(&mut config, &path, &text)?,
            Err(e) if !required && e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(fail(format!("{}: {e}", path.display()))),
        }
    }
    apply_environment(&mut config, &environment)?;
    Ok(config)
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

fn apply_file(config: &mut Config, path: &Path, text: &str) -> Result<()> {
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let key = e.span().and_then(|span| text[..span.start.min(text.len())].rsplit('\n').next());
        let key = key.and_then(|start| start.split('=').next()).map(str::trim).unwrap_or_default();
        let key = if key.is_empty() { String::new() } else { format!(" key {key:?}:") };
        fail(format!("{}: line {line}:{key} {}", path.display(), e.message()))
    })?;
    let ip = file.ip;
    config.port = ip.port.map_or(config.port, |v| v.0);
    config.ttl = ip.ttl.unwrap_or(config.ttl);
    config.loopback = ip.loopback.unwrap_or(config.loopback);
    config.receive_buffer = ip.receive_buffer.map_or(config.receive_buffer, |v| v.0);
    config.send_buffer = ip.send_buffer.map_or(config.send_buffer, |v| v.0);
    config.spin = ip.spin_us.map_or(config.spin, |v| Duration::from_micros(v.0));
    config.interfaces = ip.interfaces.unwrap_or_default();
    config.log = file.log.level.map_or(config.log, |v| v.0);
    Ok(())
}

fn apply_environment(config: &mut Config, environment: &impl Fn(&str) -> Option<String>) -> Result<()> {
    fn number<T>(key: &str, text: &str) -> Result<T>
    where
        T: TryFrom<i64, Error = String>,
    {
        let value: i64 = text.trim().parse().map_err(|_| fail(format!("{key}: {text:?} is no number")))?;
        T::try_from(value).map_err(|e| fail(format!("{key}: {e}")))
    }
    let value = |key: &str| environment(key).filter(|v| !v.is_empty());
    if let Some(text) = value("HAM_PORT") {
        config.port = number::<Port>("HAM_PORT", &text)?.0;
    }
    if let Some(text) = value("HAM_TTL") {
        config.ttl = number::<Ttl>("HAM_TTL", &text)?.0;
    }
    if let Some(text) = value("HAM_LOOPBACK") {
        config.loopback = match text.trim() {
            "1" | "true" => true,
            "0" | "false" => false,
            other => {
                return Err(fail(format!("HAM_LOOPBACK: {other:?} is none of 0, 1, false, true")));
            }
        };
    }
    if let Some(text) = value("HAM_RECEIVE_BUFFER") {
        config.receive_buffer = number::<Bytes>("HAM_RECEIVE_BUFFER", &text)?.0;
    }
    if let Some(text) = value("HAM_SEND_BUFFER") {
        config.send_buffer = number::<Bytes>("HAM_SEND_BUFFER", &text)?.0;
    }
    if let Some(text) = value("HAM_SPIN") {
        config.spin = Duration::from_micros(number::<Spin>("HAM_SPIN", &text)?.0);
    }
    if let Some(text) = value("HAM_INTERFACES") {
        config.interfaces = text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    }
    if let Some(text) = value("HAM_LOG") {
        config.log = Level::try_from(text).map_err(|e| fail(format!("HAM_LOG: {e}")))?.0;
    }
    Ok(())
}

fn fail(text: String) -> Error {
    Error::Invalid(format!("configuration: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Result<Config> {
        let mut config = Config::default();
        apply_file(&mut config, Path::new("ham.toml"), text).map(|()| config)
    }

    fn from_environment(key: &'static str, value: &'static str) -> Result<Config> {
        let mut config = Config::default();
        apply_environment(&mut config, &|k: &str| (k == key).then(|| value.to_owned())).map(|()| config)
    }

    #[test]
    fn every_key_of_the_file_takes_effect() {
        let config = from_file(
            "[ip]\nport = 6000\nttl = 7\nloopback = false\nreceive_buffer = 65536\nsend_buffer = 8192\n\
             spin_us = 40\ninterfaces = [\"eth1\"]\n[log]\nlevel = \"debug\"\n",
        )
        .unwrap();
        let expected = Config {
            port: 6000,
            ttl: 7,
            loopback: false,
            receive_buffer: 65536,
            send_buffer: 8192,
            spin: Duration::from_micros(40),
            interfaces: vec!["eth1".into()],
            log: log::LevelFilter::Debug,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, line, key) in [
            ("[ip]\nport = 0\n", "line 2", "port"),
            ("[ip]\nttl = 1\nttll = 3\n", "line 3", "ttll"),
            ("[ip]\n\nspin_us = -1\n", "line 3", "spin_us"),
            ("[log]\nlevel = \"loud\"\n", "line 2", "level"),
            ("[ip]\nport = \n", "line 2", "port"),
        ] {
            let error = from_file(text).unwrap_err().to_string();
            assert!(
                error.contains("ham.toml") && error.contains(line) && error.contains(key),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn the_environment_overrides_every_key() {
        assert_eq!(from_environment("HAM_PORT", "6001").unwrap().port, 6001);
        assert_eq!(from_environment("HAM_TTL", "9").unwrap().ttl, 9);
        assert!(!from_environment("HAM_LOOPBACK", "0").unwrap().loopback);
        assert_eq!(from_environment("HAM_RECEIVE_BUFFER", "65536").unwrap().receive_buffer, 65536);
        assert_eq!(from_environment("HAM_SEND_BUFFER", "65536").unwrap().send_buffer, 65536);
        assert_eq!(from_environment("HAM_SPIN", "30").unwrap().spin, Duration::from_micros(30));
        assert_eq!(from_environment("HAM_INTERFACES", "a, b").unwrap().interfaces, ["a", "b"]);
        assert_eq!(from_environment("HAM_LOG", "info").unwrap().log, log::LevelFilter::Info);
    }

    #[test]
    fn errors_of_the_environment_name_the_variable() {
        for (key, value) in [
            ("HAM_PORT", "65536"),
            ("HAM_TTL", "256"),
            ("HAM_LOOPBACK", "maybe"),
            ("HAM_RECEIVE_BUFFER", "lots"),
            ("HAM_SPIN", "-1"),
            ("HAM_LOG", "loud"),
        ] {
            assert!(from_environment(key, value).unwrap_err().to_string().contains(key));
        }
    }
}
