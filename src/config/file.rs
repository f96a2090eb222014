//! The file: sections, and errors that name file, line and key.

use super::bounded::{
    BundleSize, Bytes, Interval, Level, Microseconds, Percent, Port, Priority, Reassembly, Ttl,
};
use super::{CarrierSettings, Config, fail, keys, loopbacks, maps, overlays};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};
use zeroize::Zeroizing;

/// The file as it is written, but for the keys. Unknown keys are errors: a misspelt key must not be ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    ip: IpSection,
    frame: FrameSection,
    presence: PresenceSection,
    loopback: BTreeMap<String, Spanned<loopbacks::Section>>,
    map: Vec<Spanned<maps::Entry>>,
    log: LogSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IpSection {
    port: Option<Port>,
    ttl: Option<Ttl>,
    loopback: Option<bool>,
    receive_buffer: Option<Bytes>,
    send_buffer: Option<Bytes>,
    spin_us: Option<Microseconds>,
    interfaces: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FrameSection {
    fec_percent: Option<Percent>,
    bundle_us: Option<Microseconds>,
    bundle_size: Option<BundleSize>,
    reassembly_buffer: Option<Reassembly>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PresenceSection {
    enabled: Option<bool>,
    port: Option<Port>,
    interval_ms: Option<Interval>,
    priority: Option<Priority>,
    key: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogSection {
    level: Option<Level>,
}

/// The text of a file, which may hold keys.
pub(super) struct Text {
    pub text: Zeroizing<String>,
    /// All users of the host can read it.
    pub public: bool,
}

/// Reads a file.
pub(super) fn read(mut file: fs::File) -> io::Result<Text> {
    let about = file.metadata()?;
    // As long as it has to be from the start: a string that grows leaves copies of keys behind.
    let mut text = Zeroizing::new(String::with_capacity(about.len() as usize + 1));
    file.read_to_string(&mut text)?;
    Ok(Text { text, public: about.mode() & 0o004 != 0 })
}

/// Applies a file, and gives what is wrong with it but no error.
pub(super) fn apply(config: &mut Config, path: &Path, text: &Text) -> Result<Vec<String>> {
    let source = Source { path, text: &text.text };
    let mut table = DeTable::parse(source.text).map_err(|e| source.parse_error(&e))?;
    let mut warnings = Vec::new();
    if let Some(section) = table.get_mut().remove("keys") {
        let inline;
        (config.keys, inline) = keys::read(&source, &section, &mut warnings)?;
        if inline && text.public {
            warnings.push(keys::public(path));
        }
    }
    let mut carriers: Vec<(usize, CarrierSettings)> = Vec::new();
    if let Some(section) = table.get_mut().remove("overlay") {
        carriers = overlays::read(&source, section)?;
    }
    let file = File::deserialize(Deserializer::from(table)).map_err(|e| source.parse_error(&e))?;
    let ip = file.ip;
    config.port = ip.port.map_or(config.port, |v| v.0);
    config.ttl = ip.ttl.map_or(config.ttl, |v| v.0);
    config.loopback = ip.loopback.unwrap_or(config.loopback);
    config.receive_buffer = ip.receive_buffer.map_or(config.receive_buffer, |v| v.0);
    config.send_buffer = ip.send_buffer.map_or(config.send_buffer, |v| v.0);
    config.spin = ip.spin_us.map(|v| Duration::from_micros(v.0));
    config.interfaces = ip.interfaces.unwrap_or_default();
    let frame = file.frame;
    config.fec_percent = frame.fec_percent.map_or(config.fec_percent, |v| v.0);
    config.bundle = frame.bundle_us.map_or(config.bundle, |v| Duration::from_micros(v.0));
    config.bundle_size = frame.bundle_size.map_or(config.bundle_size, |v| v.0);
    config.reassembly_buffer = frame.reassembly_buffer.map_or(config.reassembly_buffer, |v| v.0);
    let presence = file.presence;
    config.presence.enabled = presence.enabled.unwrap_or(config.presence.enabled);
    config.presence.port = presence.port.map_or(config.presence.port, |v| v.0);
    config.presence.interval =
        presence.interval_ms.map_or(config.presence.interval, |v| Duration::from_millis(v.0));
    config.presence.priority = presence.priority.map_or(config.presence.priority, |v| v.0);
    if let Some(name) = presence.key {
        // The name is not repeated: it may be a key in the wrong place.
        let unknown = || source.error(name.span().start, "there is no section [keys.NAME] of this name");
        config.presence.key = Some(config.keys.get(name.get_ref()).ok_or_else(unknown)?.clone());
    }
    carriers.extend(loopbacks::read(file.loopback));
    carriers.sort_by_key(|(at, _)| *at);
    config.carriers = carriers.into_iter().map(|(_, settings)| settings).collect();
    config.overrides = maps::read(&source, file.map)?;
    config.log = file.log.level.map_or(config.log, |v| v.0);
    Ok(warnings)
}

/// The keys that an error text may name. What else stands there can be a secret in the wrong place.
pub(super) const KEYS: [&str; 43] = [
    "port",
    "ttl",
    "loopback",
    "receive_buffer",
    "send_buffer",
    "spin_us",
    "interfaces",
    "fec_percent",
    "bundle_us",
    "bundle_size",
    "reassembly_buffer",
    "enabled",
    "interval_ms",
    "priority",
    "algorithm",
    "key",
    "file",
    "name",
    "prefix",
    "addresses",
    "framed",
    "loss_percent",
    "duplicate_percent",
    "swap_percent",
    "seed",
    "level",
    "mode",
    "routers",
    "listen",
    "gateway",
    "default",
    "congestion",
    "block_ms",
    "lease_ms",
    "patience_ms",
    "tls_ca",
    "tls_certificate",
    "tls_key",
    "tls_verify_name",
    "user",
    "password_file",
    "users_file",
    "zenoh_config",
];

/// Where the file is, and its text: what an error names.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Source<'_> {
    /// An error at a byte of the text.
    pub fn error(&self, at: usize, what: &str) -> Error {
        let line = self.text.split('\n').nth(self.line(at)).unwrap_or_default();
        let key = line.split('=').next().map(str::trim).filter(|key| KEYS.contains(key));
        let key = key.map(|key| format!(" key {key:?}:")).unwrap_or_default();
        fail(format!("{}{key} {what}", self.place(at)))
    }

    /// A byte of the text, as errors say where it is.
    pub fn place(&self, at: usize) -> String {
        format!("{}: line {}:", self.path.display(), self.line(at) + 1)
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    pub fn parse_error(&self, error: &toml::de::Error) -> Error {
        self.error(error.span().map_or(0, |span| span.start), error.message())
    }
}
