//! `[overlay.NAME]`: the settings of an overlay, their keys, and how a section fills them.

use crate::error::Result;
use crate::settings::sample::{Example, Named};
use crate::settings::source::Source;
use crate::settings::value::{Listed, Value};
use crate::settings::{Key, Shown, ValueKind, about, reader};
use toml::Spanned;
use toml::de::DeValue;

/// One overlay, as far as libham has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlaySettings {
    /// The NAME of the section.
    pub name: String,
    /// Where the section is, as errors say it.
    pub place: String,
    /// A multicast socket without Interfaces takes it beside those of IP.
    pub default: bool,
    /// What the overlay itself is told: keys and values as the section has them, checked, with files beside the
    /// configuration's and the times that hold where none is written. A key with several values is there several times.
    pub pairs: Vec<(&'static str, String)>,
}

/// What docs/ham.toml says of them.
pub fn sample() -> Named {
    Named { introduction: INTRODUCTION, examples: EXAMPLES, keys: about(KEYS) }
}

const INTRODUCTION: &str = "Overlays: groups where the network carries no multicast, on Zenoh. One section for each, in \
    the order of their Interfaces; sections with names have no environment variables. Nothing is opened, and no thread \
    started, before one is used. Here is every key.";

const EXAMPLES: &[Example] = &[
    Example {
        heading: "[overlay.office]",
        lines: &[
            ("mode", "\"client\""),
            ("routers", "[\"tls/router.office.example:7447\"]"),
            ("default", "false"),
            ("gateway", "\"office\""),
            ("congestion", "\"drop\""),
            ("lease_ms", "10000"),
            ("patience_ms", "1000"),
            ("tls_ca", "\"ca.pem\""),
            ("tls_certificate", "\"host.pem\""),
            ("tls_key", "\"host.key\""),
            ("tls_verify_name", "true"),
            ("user", "\"desk\""),
            ("password_file", "\"desk.password\""),
        ],
    },
    Example {
        heading: "[overlay.site]",
        lines: &[
            ("mode", "\"router\""),
            ("routers", "[\"tcp/10.0.0.1:7447\", \"tcp/10.0.0.2:7447\"]"),
            ("listen", "[\"tcp/10.0.1.1:7447\"]"),
            ("congestion", "\"block\""),
            ("block_ms", "100"),
            ("users_file", "\"users\""),
        ],
    },
    Example { heading: "[overlay.lab]", lines: &[("zenoh_config", "\"lab.json5\"")] },
];

/// The keys of a section.
const KEYS: &[Key<Section>] = &[
    Key::new(
        "mode",
        ValueKind::Word(&["client", "router"]),
        Shown::Example("\"client\""),
        "\"client\" is part of the overlay by the first of its routers that answers (the default with routers and without \
         listen); \"router\" is a router itself, connects to all of its routers, and passes on what others send.",
        |section, value| {
            section.mode = Some(value.placed(Value::text));
            Ok(())
        },
    ),
    Key::new(
        "routers",
        ValueKind::List,
        Shown::Default("[]"),
        "where to connect: Zenoh's endpoints, protocol/address:port; protocols tcp and, but in builds without the feature \
         overlay-tls, tls and quic.",
        |section, value| {
            section.routers = Some(value.placed(Value::list));
            Ok(())
        },
    ),
    Key::new(
        "listen",
        ValueKind::List,
        Shown::Default("[]"),
        "where to be reached, likewise. Only a router listens.",
        |section, value| {
            section.listen = Some(value.placed(Value::list));
            Ok(())
        },
    ),
    Key::new(
        "default",
        ValueKind::Switch,
        Shown::Default("false"),
        "a multicast socket without Interfaces takes the overlay beside those of IP.",
        |section, value| {
            section.default = Some(value.switch());
            Ok(())
        },
    ),
    Key::new(
        "gateway",
        ValueKind::Text,
        Shown::Example("\"office\""),
        "this process passes what it hears on between the overlay and the domain of this name, 1 to 64 bytes; of those of one \
         domain designatedHost names one.",
        |section, value| text(&mut section.gateway, value),
    ),
    Key::new(
        "congestion",
        ValueKind::Word(&["drop", "block"]),
        Shown::Default("\"drop\""),
        "where there is no room for a message, it is dropped and send fails at once (\"drop\") or after waiting for block_ms \
         (\"block\").",
        |section, value| {
            section.blocks = value.text() == "block";
            Ok(())
        },
    ),
    Key::new(
        "block_ms",
        ValueKind::milliseconds(1, 10_000),
        Shown::Default("100"),
        "so long a message waits for room at most, {range}; for congestion = \"block\".",
        |section, value| {
            section.block_ms = Some(value.placed(|value| value.number()));
            Ok(())
        },
    ),
    Key::new(
        "lease_ms",
        ValueKind::milliseconds(100, 600_000),
        Shown::Default("10000"),
        "a neighbour that is silent for so long is given up, {range}.",
        |section, value| {
            section.lease_ms = Some(value.placed(|value| value.number()));
            Ok(())
        },
    ),
    Key::new(
        "patience_ms",
        ValueKind::milliseconds(0, 60_000),
        Shown::Default("1000"),
        "so long the first use waits for a router, {range}. What is wanted without one is made good later.",
        |section, value| {
            section.patience_ms = Some(value.number());
            Ok(())
        },
    ),
    Key::new(
        "tls_ca",
        ValueKind::Text,
        Shown::Example("\"ca.pem\""),
        "those who are believed (PEM). With it, tls_certificate and tls_key a router admits only those that show a certificate.",
        |section, value| text(&mut section.tls_ca, value),
    ),
    Key::new(
        "tls_certificate",
        ValueKind::Text,
        Shown::Example("\"host.pem\""),
        "who this host is; it needs tls_key.",
        |section, value| text(&mut section.tls_certificate, value),
    ),
    Key::new(
        "tls_key",
        ValueKind::Text,
        Shown::Example("\"host.key\""),
        "the key of tls_certificate.",
        |section, value| text(&mut section.tls_key, value),
    ),
    Key::new(
        "tls_verify_name",
        ValueKind::Switch,
        Shown::Default("true"),
        "a router's certificate must have the name of its endpoint.",
        |section, value| {
            section.tls_verify_name = Some(value.placed(|value| value.switch()));
            Ok(())
        },
    ),
    Key::new(
        "user",
        ValueKind::Text,
        Shown::Example("\"desk\""),
        "as whom to connect; it needs password_file. Users need the feature overlay-tls.",
        |section, value| text(&mut section.user, value),
    ),
    Key::new(
        "password_file",
        ValueKind::Text,
        Shown::Example("\"desk.password\""),
        "its first line is the password. Relative files, here and at all keys, are sought beside this one.",
        |section, value| text(&mut section.password_file, value),
    ),
    Key::new(
        "users_file",
        ValueKind::Text,
        Shown::Example("\"users\""),
        "whom a router admits, one user:password a line.",
        |section, value| text(&mut section.users_file, value),
    ),
    Key::new(
        "zenoh_config",
        ValueKind::Text,
        Shown::Example("\"lab.json5\""),
        "a whole file of Zenoh's (JSON5) for experts, in place of all but default, congestion, block_ms and patience_ms. Its \
         mode must be client or router.",
        |section, value| text(&mut section.zenoh_config, value),
    ),
];

/// What is written, and where.
type Placed<T> = Option<(usize, T)>;

/// The section as it is written.
#[derive(Default)]
struct Section {
    mode: Placed<String>,
    routers: Placed<Vec<Listed>>,
    listen: Placed<Vec<Listed>>,
    default: Option<bool>,
    gateway: Placed<String>,
    blocks: bool,
    block_ms: Placed<u64>,
    lease_ms: Placed<u64>,
    patience_ms: Option<u64>,
    tls_ca: Placed<String>,
    tls_certificate: Placed<String>,
    tls_key: Placed<String>,
    tls_verify_name: Placed<bool>,
    user: Placed<String>,
    password_file: Placed<String>,
    users_file: Placed<String>,
    zenoh_config: Placed<String>,
}

fn text(field: &mut Placed<String>, value: Value) -> std::result::Result<(), String> {
    *field = Some(value.placed(Value::text));
    Ok(())
}

/// The settings of the section `name`, which stands at `at`.
pub fn read(
    source: &Source<'_>,
    name: &str,
    at: usize,
    written: Spanned<DeValue<'_>>,
) -> Result<OverlaySettings> {
    let mut section = Section::default();
    reader::fill(KEYS, &mut section, source, "[overlay.NAME]", written)?;
    let beside = |file: &str| source.beside(file).to_string_lossy().into_owned();
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
        if file.1.is_empty() {
            return Err(wrong(file.0, "zenoh_config", "a file name stands here"));
        }
    }
    let endpoints = |key: &str, list: Placed<Vec<Listed>>| -> Result<Vec<String>> {
        let one = |(at, endpoint): Listed| match fault(&endpoint) {
            Some(what) => Err(wrong(at, key, &what)),
            None => Ok(endpoint),
        };
        list.map(|(_, list)| list).unwrap_or_default().into_iter().map(one).collect()
    };
    let listen_at = section.listen.as_ref().map(|(at, _)| *at);
    let routers = endpoints("routers", section.routers)?;
    let listen = endpoints("listen", section.listen)?;
    let whole = section.zenoh_config.as_ref().map(|(at, file)| (source.beside(file), *at));
    let (mode, mode_at) = match (&section.mode, &whole) {
        (Some((at, mode)), _) => (Some(mode.as_str()), *at),
        (None, Some((path, at))) => {
            // What is in it, the technology says.
            let opened = std::fs::File::open(path);
            opened.map_err(|e| wrong(*at, "zenoh_config", &format!("{}: {e}", path.display())))?;
            (None, *at)
        }
        (None, None) if !routers.is_empty() && listen.is_empty() => (Some("client"), at),
        (None, None) => (Some("router"), at),
    };
    if mode == Some("client") {
        if let Some(at) = listen_at.filter(|_| !listen.is_empty()) {
            return Err(wrong(at, "listen", "only a router listens: mode = \"router\""));
        }
        if routers.is_empty() {
            return Err(wrong(mode_at, "routers", "a client needs at least one"));
        }
        if let Some((at, _)) = section.users_file {
            return Err(wrong(at, "users_file", "only a router has users: mode = \"router\""));
        }
    }
    let block = match (section.blocks, section.block_ms) {
        (true, block) => Some(block.map_or(100, |(_, block)| block)),
        (false, None) => None,
        (false, Some((at, _))) => {
            return Err(wrong(at, "block_ms", "it is for congestion = \"block\""));
        }
    };
    let user = match (section.user, section.password_file) {
        (Some((_, user)), Some((_, file))) => Some((user, beside(&file))),
        (None, None) => None,
        (Some((at, _)), None) => return Err(wrong(at, "user", "it needs a \"password_file\"")),
        (None, Some((at, _))) => return Err(wrong(at, "password_file", "it needs a \"user\"")),
    };
    match (&section.tls_certificate, &section.tls_key) {
        (Some((at, _)), None) => {
            return Err(wrong(*at, "tls_certificate", "it needs a \"tls_key\""));
        }
        (None, Some((at, _))) => {
            return Err(wrong(*at, "tls_key", "it needs a \"tls_certificate\""));
        }
        _ => {}
    }
    let gateway = match section.gateway {
        Some((at, domain)) if !(1..=64).contains(&domain.len()) => {
            return Err(wrong(at, "gateway", "a name of 1 to 64 bytes stands here"));
        }
        domain => domain.map(|(_, domain)| domain),
    };
    let path = |file: &Placed<String>| file.as_ref().map(|(_, file)| beside(file));
    let (user, password) = user.unzip();
    let single = [
        ("mode", mode.map(str::to_owned)),
        ("gateway", gateway),
        ("block_ms", block.map(|block| block.to_string())),
        ("lease_ms", Some(section.lease_ms.map_or(10_000, |(_, lease)| lease).to_string())),
        ("patience_ms", Some(section.patience_ms.unwrap_or(1000).to_string())),
        ("tls_ca", path(&section.tls_ca)),
        ("tls_certificate", path(&section.tls_certificate)),
        ("tls_key", path(&section.tls_key)),
        (
            "tls_verify_name",
            section.tls_verify_name.is_some_and(|(_, verify)| !verify).then(|| "false".into()),
        ),
        ("user", user),
        ("password_file", password),
        ("users_file", path(&section.users_file)),
        ("zenoh_config", path(&section.zenoh_config)),
    ];
    let several = [("routers", routers), ("listen", listen)];
    let several = several.into_iter().flat_map(|(key, all)| all.into_iter().map(move |one| (key, one)));
    let pairs = several.chain(single.into_iter().filter_map(|(key, value)| Some((key, value?)))).collect();
    let (name, place) = (name.to_owned(), source.place(at));
    Ok(OverlaySettings { name, place, default: section.default.unwrap_or(false), pairs })
}

impl Section {
    /// What cannot stand beside a whole file of Zenoh's.
    fn beside_a_whole_file(&self) -> Option<(usize, &'static str)> {
        let first = [
            self.mode.as_ref().map(|v| (v.0, "mode")),
            self.routers.as_ref().map(|v| (v.0, "routers")),
            self.listen.as_ref().map(|v| (v.0, "listen")),
            self.lease_ms.as_ref().map(|v| (v.0, "lease_ms")),
        ];
        first.into_iter().flatten().chain(self.secured()).next()
    }

    /// What needs TLS, or users.
    fn secured(&self) -> Option<(usize, &'static str)> {
        fn place<T>(value: &Placed<T>, key: &'static str) -> Option<(usize, &'static str)> {
            value.as_ref().map(|value| (value.0, key))
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
