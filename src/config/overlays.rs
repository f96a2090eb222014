//! `[overlay.NAME]`: the overlays.

use super::CarrierSettings;
use super::bounded::{Block, Lease, Patience};
use super::file::Source;
use crate::error::Result;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

/// One overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlaySettings {
    /// The NAME of the section.
    pub name: String,
    /// Where the section is, as errors say it.
    pub place: String,
    /// How this process takes part; none: as the whole file of Zenoh's says.
    pub mode: Option<Mode>,
    /// Where to connect: Zenoh endpoints.
    pub routers: Vec<String>,
    /// Where to be reached, [`Mode::Router`] only: Zenoh endpoints.
    pub listen: Vec<String>,
    /// A multicast socket without Interfaces takes it beside those of IP.
    pub default: bool,
    /// This process passes what it hears on between the overlay and the domain of this name.
    pub gateway: Option<String>,
    /// How long a message may wait for room, 1 ms to 10 s, before it is given up; none: a moment.
    pub block: Option<Duration>,
    /// A silent neighbour is given up after it, 100 ms to 10 min.
    pub lease: Duration,
    /// How long the first use waits for the session, 0 to 1 min.
    pub patience: Duration,
    /// TLS.
    pub tls: Tls,
    /// As whom to connect, and the file whose first line is the password.
    pub user: Option<(String, PathBuf)>,
    /// Who may connect, [`Mode::Router`] only: a file with lines `user:password`.
    pub users: Option<PathBuf>,
    /// A whole file of Zenoh's; then nothing of the above but `default` and times counts.
    pub zenoh_config: Option<PathBuf>,
}

/// How a process takes part in an overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By a router.
    Client,
    /// As a router.
    Router,
}

/// The files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of those who are believed.
    pub ca: Option<PathBuf>,
    /// The own certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// The name in a router's certificate must be that of the endpoint.
    pub verify_name: bool,
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Section {
    mode: Option<Spanned<Mode>>,
    routers: Option<Spanned<Vec<Spanned<String>>>>,
    listen: Option<Spanned<Vec<Spanned<String>>>>,
    default: Option<bool>,
    gateway: Option<Spanned<String>>,
    congestion: Option<Spanned<Congestion>>,
    block_ms: Option<Spanned<Block>>,
    lease_ms: Option<Spanned<Lease>>,
    patience_ms: Option<Patience>,
    tls_ca: Option<Spanned<String>>,
    tls_certificate: Option<Spanned<String>>,
    tls_key: Option<Spanned<String>>,
    tls_verify_name: Option<Spanned<bool>>,
    user: Option<Spanned<String>>,
    password_file: Option<Spanned<String>>,
    users_file: Option<Spanned<String>>,
    zenoh_config: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Congestion {
    Drop,
    Block,
}

/// The overlays, each with the place of its section.
pub(super) fn read(
    source: &Source<'_>,
    section: Spanned<DeValue<'_>>,
) -> Result<Vec<(usize, CarrierSettings)>> {
    let at = section.span().start;
    let DeValue::Table(table) = section.into_inner() else {
        return Err(source.error(at, "a section [overlay.NAME] stands here"));
    };
    table
        .into_iter()
        .map(|(name, section)| {
            let at = name.span().start;
            one(source, name.get_ref(), at, section)
                .map(|settings| (at, CarrierSettings::Overlay(Box::new(settings))))
        })
        .collect()
}

fn one(source: &Source<'_>, name: &str, at: usize, section: Spanned<DeValue<'_>>) -> Result<OverlaySettings> {
    let section =
        Section::deserialize(ValueDeserializer::from(section)).map_err(|e| source.parse_error(&e))?;
    // Where a value stands, and its key: so that each error names it.
    let wrong =
        |at: usize, key: &str, what: &str| source.error(at, &format!("overlay {name}: {key}: {what}"));
    if let Some(file) = &section.zenoh_config {
        if let Some((at, key)) = section.beside_a_whole_file() {
            return Err(wrong(
                at,
                key,
                "it stands in the file that \"zenoh_config\" names, and not beside it",
            ));
        }
        if file.get_ref().is_empty() {
            return Err(wrong(file.span().start, "zenoh_config", "a file name stands here"));
        }
    }
    let endpoints = |key: &str, list: Option<Spanned<Vec<Spanned<String>>>>| -> Result<Vec<String>> {
        let list = list.map(Spanned::into_inner).unwrap_or_default();
        let one = |endpoint: Spanned<String>| match fault(endpoint.get_ref()) {
            Some(what) => Err(wrong(endpoint.span().start, key, &what)),
            None => Ok(endpoint.into_inner()),
        };
        list.into_iter().map(one).collect()
    };
    let listen_at = section.listen.as_ref().map(|list| list.span().start);
    let routers = endpoints("routers", section.routers)?;
    let listen = endpoints("listen", section.listen)?;
    let whole = section.zenoh_config.as_ref().map(|file| (beside(source, file), file.span().start));
    let (mode, mode_at) = match (&section.mode, &whole) {
        (Some(mode), _) => (Some(*mode.get_ref()), mode.span().start),
        (None, Some((path, at))) => {
            // What is in it, the technology says.
            let opened = std::fs::File::open(path);
            opened.map_err(|e| wrong(*at, "zenoh_config", &format!("{}: {e}", path.display())))?;
            (None, *at)
        }
        (None, None) if !routers.is_empty() && listen.is_empty() => (Some(Mode::Client), at),
        (None, None) => (Some(Mode::Router), at),
    };
    if mode == Some(Mode::Client) {
        if let Some(at) = listen_at.filter(|_| !listen.is_empty()) {
            return Err(wrong(at, "listen", "only a router listens: mode = \"router\""));
        }
        if routers.is_empty() {
            return Err(wrong(mode_at, "routers", "a client needs at least one"));
        }
        if let Some(file) = &section.users_file {
            return Err(wrong(file.span().start, "users_file", "only a router has users: mode = \"router\""));
        }
    }
    let block = match (section.congestion.map(Spanned::into_inner), section.block_ms) {
        (Some(Congestion::Block), block) => Some(block.map_or(100, |block| block.get_ref().0)),
        (_, None) => None,
        (_, Some(block)) => {
            return Err(wrong(block.span().start, "block_ms", "it is for congestion = \"block\""));
        }
    };
    let user = match (section.user, section.password_file) {
        (Some(user), Some(file)) => Some((user.into_inner(), beside(source, &file))),
        (None, None) => None,
        (Some(user), None) => return Err(wrong(user.span().start, "user", "it needs a \"password_file\"")),
        (None, Some(file)) => return Err(wrong(file.span().start, "password_file", "it needs a \"user\"")),
    };
    match (&section.tls_certificate, &section.tls_key) {
        (Some(file), None) => {
            return Err(wrong(file.span().start, "tls_certificate", "it needs a \"tls_key\""));
        }
        (None, Some(file)) => {
            return Err(wrong(file.span().start, "tls_key", "it needs a \"tls_certificate\""));
        }
        _ => {}
    }
    let gateway = match section.gateway {
        Some(domain) if !(1..=64).contains(&domain.get_ref().len()) => {
            return Err(wrong(domain.span().start, "gateway", "a name of 1 to 64 bytes stands here"));
        }
        domain => domain.map(Spanned::into_inner),
    };
    let path = |file: &Option<Spanned<String>>| file.as_ref().map(|file| beside(source, file));
    Ok(OverlaySettings {
        name: name.to_owned(),
        place: source.place(at),
        mode,
        routers,
        listen,
        default: section.default.unwrap_or(false),
        gateway,
        block: block.map(Duration::from_millis),
        lease: Duration::from_millis(section.lease_ms.map_or(10_000, |lease| lease.get_ref().0)),
        patience: Duration::from_millis(section.patience_ms.map_or(1000, |patience| patience.0)),
        tls: Tls {
            ca: path(&section.tls_ca),
            certificate: path(&section.tls_certificate),
            key: path(&section.tls_key),
            verify_name: section.tls_verify_name.is_none_or(Spanned::into_inner),
        },
        user,
        users: path(&section.users_file),
        zenoh_config: whole.map(|(path, _)| path),
    })
}

impl Section {
    /// What cannot stand beside a whole file of Zenoh's.
    fn beside_a_whole_file(&self) -> Option<(usize, &'static str)> {
        let first = [
            self.mode.as_ref().map(|v| (v.span().start, "mode")),
            self.routers.as_ref().map(|v| (v.span().start, "routers")),
            self.listen.as_ref().map(|v| (v.span().start, "listen")),
            self.lease_ms.as_ref().map(|v| (v.span().start, "lease_ms")),
        ];
        first.into_iter().flatten().chain(self.secured()).next()
    }

    /// What needs TLS, or users.
    fn secured(&self) -> Option<(usize, &'static str)> {
        fn place<T>(value: &Option<Spanned<T>>, key: &'static str) -> Option<(usize, &'static str)> {
            value.as_ref().map(|value| (value.span().start, key))
        }
        let all = [
            place(&self.tls_ca, "tls_ca"),
            place(&self.tls_certificate, "tls_certificate"),
            place(&self.tls_key, "tls_key"),
            place(&self.tls_verify_name, "tls_verify_name"),
            place(&self.user, "user"),
            place(&self.password_file, "password_file"),
            place(&self.users_file, "users_file"),
        ];
        all.into_iter().flatten().next()
    }
}

/// A relative file is sought beside the configuration.
fn beside(source: &Source<'_>, file: &Spanned<String>) -> PathBuf {
    source.path.parent().unwrap_or(Path::new("")).join(file.get_ref())
}

/// What is wrong with an endpoint, as far as it can be seen without Zenoh.
fn fault(endpoint: &str) -> Option<String> {
    const KNOWN: [&str; 3] = ["tcp", "tls", "quic"];
    match endpoint.split_once('/') {
        Some((protocol, _)) if !KNOWN.contains(&protocol) => {
            Some(format!("{endpoint:?}: the protocol is none of {}", KNOWN.join(", ")))
        }
        Some((_, address)) if !address.is_empty() => None,
        _ => Some(format!("{endpoint:?} is no endpoint, such as \"tcp/10.0.0.1:7447\"")),
    }
}

#[cfg(test)]
mod tests;
