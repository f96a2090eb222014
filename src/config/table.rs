//! The keys of the plain sections, and the list of all keys there are.

use super::{Config, keys, maps};
use crate::settings::{About, Key, Shown, ValueKind, about};
use crate::technology;

/// A plain section.
pub(super) struct Section {
    /// As it is written in brackets.
    pub name: &'static str,
    /// What docs/ham.toml says before it.
    pub introduction: &'static str,
    /// Its keys, in the order of docs/ham.toml.
    pub keys: &'static [Key<Config>],
}

pub(super) const SECTIONS: [Section; 4] = [
    Section { name: "ip", introduction: "", keys: IP },
    Section {
        name: "frame",
        introduction: "How messages travel in HAM frames: those of all namespaces but ip, and those with credentials.",
        keys: FRAME,
    },
    Section {
        name: "presence",
        introduction: "What libham processes tell each other of the groups that they are in; see docs/presence.md. Programs \
             that use nothing but names of namespace ip, and neither service calls nor membership events, say nothing.",
        keys: PRESENCE,
    },
    Section { name: "log", introduction: "", keys: LOG },
];

const fn bytes(least: i64) -> ValueKind {
    ValueKind::Number { least, greatest: 1 << 30, what: "a buffer size in bytes" }
}

const IP: &[Key<Config>] = &[
    Key::<Config>::new(
        "port",
        ValueKind::PORT,
        Shown::Default("7046"),
        "UDP port of a Group Name that has none. {range}.",
        |config, value| {
            config.rules.port = value.number();
            Ok(())
        },
    )
    .variable("HAM_PORT"),
    Key::<Config>::new(
        "ttl",
        ValueKind::Number { least: 0, greatest: 255, what: "a hop limit" },
        Shown::Default("1"),
        "hop limit of a new multicast socket; setTTL changes it. {range}; 1 stays on the network.",
        |config, value| {
            config.ttl = value.number();
            Ok(())
        },
    )
    .variable("HAM_TTL"),
    Key::<Config>::new(
        "loopback",
        ValueKind::Switch,
        Shown::Default("true"),
        "whether listeners on this host hear what this host sends.",
        |config, value| {
            config.loopback = value.switch();
            Ok(())
        },
    )
    .variable("HAM_LOOPBACK"),
    Key::<Config>::new(
        "receive_buffer",
        bytes(4096),
        Shown::Default("8388608"),
        "bytes of receive buffer for each group and Interface. {range}.\n\
         Without CAP_NET_ADMIN the kernel gives net.core.rmem_max at most.",
        |config, value| {
            config.receive_buffer = value.number();
            Ok(())
        },
    )
    .variable("HAM_RECEIVE_BUFFER"),
    Key::<Config>::new(
        "send_buffer",
        bytes(4096),
        Shown::Default("1048576"),
        "bytes of send buffer for each Interface; likewise net.core.wmem_max. {range}.",
        |config, value| {
            config.send_buffer = value.number();
            Ok(())
        },
    )
    .variable("HAM_SEND_BUFFER"),
    Key::<Config>::new(
        "spin_us",
        ValueKind::MICROSECONDS,
        Shown::Example("50"),
        "microseconds that receive reads busily before it sleeps. {range}; 0: never. None: up to 12, while that finds \
         messages; else it is tried at one sleep of 1,024.",
        |config, value| {
            config.spin = Some(value.microseconds());
            Ok(())
        },
    )
    .variable("HAM_SPIN"),
    Key::<Config>::new(
        "interfaces",
        ValueKind::List,
        Shown::Default("[]"),
        "the default Interfaces. None named: those that the kernel's multicast routes pick.",
        |config, value| {
            config.interfaces = value.list().into_iter().map(|(_, name)| name).collect();
            Ok(())
        },
    )
    .variable("HAM_INTERFACES"),
];

const FRAME: &[Key<Config>] = &[
    Key::<Config>::new(
        "fec_percent",
        ValueKind::PERCENT,
        Shown::Default("0"),
        "parity in per cent of the fragments of a message. A message longer than travels unfragmented survives the loss of as \
         many fragments as it has parity. {range}; 0: none.",
        |config, value| {
            config.fec_percent = value.number();
            Ok(())
        },
    )
    .variable("HAM_FEC"),
    Key::<Config>::new(
        "bundle_us",
        ValueKind::MICROSECONDS,
        Shown::Default("0"),
        "microseconds that a message may wait for others of its group, to share a datagram. {range}; 0: none.",
        |config, value| {
            config.bundle = value.microseconds();
            Ok(())
        },
    )
    .variable("HAM_BUNDLE"),
    Key::<Config>::new(
        "bundle_size",
        ValueKind::ZeroOr { least: 64, greatest: 65507, what: "a size in bytes" },
        Shown::Default("0"),
        "bytes that make a bundle full. {range}; 0: as many as travel unfragmented.",
        |config, value| {
            config.bundle_size = value.number();
            Ok(())
        },
    )
    .variable("HAM_BUNDLE_SIZE"),
    Key::<Config>::new(
        "reassembly_buffer",
        bytes(131_072),
        Shown::Default("4194304"),
        "bytes of unfinished messages that are kept for each group. {range}.",
        |config, value| {
            config.reassembly_buffer = value.number();
            Ok(())
        },
    )
    .variable("HAM_REASSEMBLY_BUFFER"),
];

const PRESENCE: &[Key<Config>] = &[
    Key::<Config>::new(
        "enabled",
        ValueKind::Switch,
        Shown::Default("false"),
        "false: nothing is said, and nothing heard. To be switched on alike on all hosts of a link: it tells everybody there \
         the Group Names, those of sealed groups too, unless there is a key.",
        |config, value| {
            config.presence.enabled = value.switch();
            Ok(())
        },
    )
    .variable("HAM_PRESENCE"),
    Key::<Config>::new(
        "port",
        ValueKind::PORT,
        Shown::Default("7047"),
        "UDP port of the control group. {range}.",
        |config, value| {
            config.presence.port = value.number();
            Ok(())
        },
    )
    .variable("HAM_PRESENCE_PORT"),
    Key::<Config>::new(
        "interval_ms",
        ValueKind::milliseconds(100, 5000),
        Shown::Default("1000"),
        "milliseconds between refreshes. {range}; it grows by itself to 5000 with the number of nodes on the link. What \
         crashed is forgotten after three intervals.",
        |config, value| {
            config.presence.interval = value.milliseconds();
            Ok(())
        },
    )
    .variable("HAM_PRESENCE_INTERVAL"),
    Key::<Config>::new(
        "priority",
        ValueKind::Number { least: 0, greatest: 255, what: "a priority" },
        Shown::Default("0"),
        "of this host as designated forwarder, {range}; 0: it forwards nothing. Of the others on a link the highest one is \
         elected, then the lowest address (designatedHost).",
        |config, value| {
            config.presence.priority = value.number();
            Ok(())
        },
    )
    .variable("HAM_PRESENCE_PRIORITY"),
    Key::<Config>::new(
        "key",
        ValueKind::Text,
        Shown::Example("\"desk\""),
        "the name of a section [keys.NAME] that is alike on all hosts. With it what is said is sealed, and only what is \
         sealed with it is believed. None: anybody on the link can say and hear anything.",
        |config, value| {
            // The name is not repeated: it may be a key in the wrong place.
            let unknown = match value.at {
                Some(_) => "there is no section [keys.NAME] of this name",
                None => "the configuration has no [keys] section of this name",
            };
            config.presence.key = Some(config.rules.keys.get(&value.text()).ok_or(unknown)?.clone());
            Ok(())
        },
    )
    .variable("HAM_PRESENCE_KEY"),
];

const LOG: &[Key<Config>] = &[Key::<Config>::new(
    "level",
    ValueKind::Level,
    Shown::Default("\"off\""),
    "off, error, warn, info or debug; to standard error.",
    |config, value| {
        config.log = value.text().parse().map_err(|_| "no level")?;
        Ok(())
    },
)
.variable("HAM_LOG")];

/// Every key of every section.
pub(super) fn all() -> impl Iterator<Item = About> {
    let plain = SECTIONS.iter().flat_map(|section| about(section.keys));
    let of_technologies = technology::SECTIONS.iter().flat_map(|sections| (sections.sample)().keys);
    plain.chain(of_technologies).chain(keys::KEYS).chain(about(maps::KEYS))
}

/// What the sections are called.
pub(super) fn section_names() -> Vec<&'static str> {
    let plain = SECTIONS.iter().map(|section| section.name);
    plain
        .chain(technology::SECTIONS.iter().map(|sections| sections.technology))
        .chain(["keys", "map"])
        .collect()
}
