//! Every key, and every error with its file, line and key.

use super::*;
use crate::frame::seal::{Algorithm, GroupKey};
use crate::mapping::overrides::{Override, Overrides, Which};
use crate::presence::PresenceSettings;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::sync::atomic::{AtomicU32, Ordering};

/// The bytes 0 to 31, and 31 times 1 with a 2.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const OTHER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQI=";

fn key(algorithm: Algorithm) -> GroupKey {
    GroupKey::new(algorithm, std::array::from_fn(|i| i as u8))
}

fn other(algorithm: Algorithm) -> GroupKey {
    GroupKey::new(algorithm, std::array::from_fn(|i| if i == 31 { 2 } else { 1 }))
}

fn from_file(text: &str) -> Result<Config> {
    let mut config = Config::default();
    let text = source::Text { text: text.to_owned().into(), public: false };
    file::apply(&mut config, Path::new("ham.toml"), &text).map(|_| config)
}

fn from_environment(key: &'static str, value: &'static str) -> Result<Config> {
    let mut config = Config::default();
    for section in &table::SECTIONS {
        variable::apply(section.keys, &mut config, &|k: &str| (k == key).then(|| value.to_owned()))?;
    }
    Ok(config)
}

#[test]
fn every_key_of_the_file_takes_effect() {
    let config = from_file(
        "[ip]\nport = 6000\nttl = 7\nloopback = false\nreceive_buffer = 65536\nsend_buffer = 8192\n\
         spin_us = 40\ninterfaces = [\"eth1\"]\n\
         [frame]\nfec_percent = 25\nbundle_us = 500\nbundle_size = 1000\nreassembly_buffer = 131072\n\
         [presence]\nenabled = false\nport = 6001\ninterval_ms = 200\npriority = 9\nkey = \"desk\"\n\
         [keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n\
         [[map]]\nname = \"ham:opaque:news\"\naddresses = [\"239.1.2.3:5000\", \"[ff15::5]\"]\n\
         [[map]]\nprefix = \"ham:opaque:sensors\"\naddresses = [\"232.1.1.1@10.0.0.1\"]\nframed = false\n\
         [log]\nlevel = \"debug\"\n",
    )
    .unwrap();
    let mut overrides = Overrides::default();
    for (which, addresses, framed) in [
        (Which::name("ham:opaque:news"), &["239.1.2.3:5000", "[ff15::5]"][..], true),
        (Which::prefix("ham:opaque:sensors"), &["232.1.1.1@10.0.0.1"][..], false),
    ] {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        assert!(overrides.insert(which.unwrap(), Override { addresses, framed }));
    }
    let expected = Config {
        ttl: 7,
        loopback: false,
        receive_buffer: 65536,
        send_buffer: 8192,
        spin: Some(Duration::from_micros(40)),
        interfaces: vec!["eth1".into()],
        fec_percent: 25,
        bundle: Duration::from_micros(500),
        bundle_size: 1000,
        reassembly_buffer: 131_072,
        presence: PresenceSettings {
            enabled: false,
            port: 6001,
            interval: Duration::from_millis(200),
            priority: 9,
            key: Some(key(Algorithm::Aes256Gcm)),
        },
        rules: Rules {
            port: 6000,
            keys: [("desk".to_owned(), key(Algorithm::Aes256Gcm))].into(),
            overrides,
            file: None,
        },
        carriers: Vec::new(),
        log: log::LevelFilter::Debug,
    };
    assert_eq!(config, expected);
}

#[test]
fn errors_name_file_line_and_key() {
    for (text, line, key) in [
        ("[ip]\nport = 0\n", "line 2", "port"),
        ("[ip]\nttl = 1\nttll = 3\n", "line 3", "ttll"),
        ("[ip]\nttl = 256\n", "line 2", "ttl"),
        ("[ip]\nreceive_buffer = 4095\n", "line 2", "receive_buffer"),
        ("[ip]\nsend_buffer = 1073741825\n", "line 2", "send_buffer"),
        ("[ip]\n\nspin_us = -1\n", "line 3", "spin_us"),
        ("[ip]\nloopback = 1\n", "line 2", "loopback"),
        ("[ip]\ninterfaces = \"eth0\"\n", "line 2", "interfaces"),
        ("[log]\nlevel = \"loud\"\n", "line 2", "level"),
        ("[ip]\nport = \n", "line 2", "port"),
        ("[frame]\nfec_percent = 101\n", "line 2", "fec_percent"),
        ("[frame]\nfec_percent = -1\n", "line 2", "fec_percent"),
        ("[frame]\nbundle_us = 1000001\n", "line 2", "bundle_us"),
        ("[frame]\nbundle_size = 63\n", "line 2", "bundle_size"),
        ("[frame]\nbundle_size = 65508\n", "line 2", "bundle_size"),
        ("[frame]\nreassembly_buffer = 131071\n", "line 2", "reassembly_buffer"),
        ("[frame]\n\nfec = 3\n", "line 3", "fec"),
        ("[presence]\nenabled = 1\n", "line 2", "enabled"),
        ("[presence]\nport = 65536\n", "line 2", "port"),
        ("[presence]\ninterval_ms = 99\n", "line 2", "interval_ms"),
        ("[presence]\ninterval_ms = 5001\n", "line 2", "interval_ms"),
        ("[presence]\npriority = 256\n", "line 2", "priority"),
        ("[presence]\nkey = \"desk\"\n", "line 2", "key"),
        ("[presence]\nkeys = \"desk\"\n", "line 2", "keys"),
        ("[loopback.a]\nloss_percent = 101\n", "line 2", "loss_percent"),
        ("[loopback.a]\nduplicate_percent = -1\n", "line 2", "duplicate_percent"),
        ("[loopback.a]\nswap_percent = \"1\"\n", "line 2", "swap_percent"),
        ("[loopback.a]\nseed = -1\n", "line 2", "seed"),
        ("[loopback.a]\ndefault = 1\n", "line 2", "default"),
        ("[loopback.a]\nlose = 1\n", "line 2", "lose"),
        ("[[map]]\nname = \"news\"\n", "line 2", "name"),
        ("[[map]]\nname = \"ham:ip:239.1.2.3\"\n", "line 2", "name"),
        ("[[map]]\nprefix = \"ham:ip:239.\"\n", "line 2", "prefix"),
        ("[[map]]\nprefix = \"ham\"\n", "line 2", "prefix"),
        ("[[map]]\nname = \"ham:opaque:a\"\naddresses = [\"10.0.0.1\"]\n", "line 3", "addresses"),
        ("[[map]]\nname = \"ham:opaque:a\"\naddresses = []\n", "line 3", "addresses"),
        ("[[map]]\nname = \"ham:opaque:a\"\naddresses = \"239.1.2.3\"\n", "line 3", "addresses"),
        (
            "[[map]]\nname = \"ham:opaque:a\"\naddresses = [\n\"239.1.2.3\",\n\"239.1.2\"]\n",
            "line 5",
            "address",
        ),
        ("\n[[map]]\nname = \"ham:opaque:a\"\n", "line 2", "addresses"),
        ("[[map]]\naddresses = [\"239.1.2.3\"]\n", "line 1", "name"),
        ("[[map]]\nname = \"ham:opaque:a\"\nframed = 1\n", "line 3", "framed"),
        ("[[map]]\nnam = \"ham:opaque:a\"\n", "line 2", "nam"),
        (
            "[[map]]\nname = \"ham:opaque:a\"\nprefix = \"ham:opaque:a\"\naddresses = [\"239.1.2.3\"]\n",
            "line 1",
            "prefix",
        ),
        (
            "[[map]]\nname = \"ham:opaque:a\"\naddresses = [\"239.1.2.3\"]\n\
             [[map]]\nname = \"ham:opaque:%61\"\naddresses = [\"239.1.2.4\"]\n",
            "line 4",
            "name",
        ),
        ("[map]\nname = \"ham:opaque:a\"\n", "line 1", "map"),
        ("[frames]\n", "line 1", "frames"),
    ] {
        let error = from_file(text).unwrap_err();
        assert_eq!(error.errno(), libc::EINVAL);
        let error = error.to_string();
        assert!(
            error.contains("ham.toml") && error.contains(line) && error.contains(key),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn the_ends_of_every_range_are_in_it() {
    for (section, key, ends) in [
        ("ip", "port", [1, 65535]),
        ("ip", "ttl", [0, 255]),
        ("ip", "receive_buffer", [4096, 1 << 30]),
        ("ip", "send_buffer", [4096, 1 << 30]),
        ("ip", "spin_us", [0, 1_000_000]),
        ("frame", "fec_percent", [0, 100]),
        ("frame", "bundle_us", [0, 1_000_000]),
        ("frame", "bundle_size", [64, 65507]),
        ("frame", "reassembly_buffer", [131_072, 1 << 30]),
        ("presence", "port", [1, 65535]),
        ("presence", "interval_ms", [100, 5000]),
        ("presence", "priority", [0, 255]),
    ] {
        for value in ends {
            from_file(&format!("[{section}]\n{key} = {value}\n")).unwrap();
        }
        for value in [ends[0] - 1, ends[1] + 1] {
            // 0 has a meaning of its own there.
            if (key, value) != ("bundle_size", 0) {
                from_file(&format!("[{section}]\n{key} = {value}\n")).unwrap_err();
            }
        }
    }
    assert_eq!(from_file("[frame]\nbundle_size = 0\n").unwrap().bundle_size, 0);
}

#[test]
fn the_environment_overrides_every_key() {
    assert_eq!(from_environment("HAM_PORT", "6001").unwrap().rules.port, 6001);
    assert_eq!(from_environment("HAM_TTL", "9").unwrap().ttl, 9);
    assert!(!from_environment("HAM_LOOPBACK", "0").unwrap().loopback);
    assert_eq!(from_environment("HAM_RECEIVE_BUFFER", "65536").unwrap().receive_buffer, 65536);
    assert_eq!(from_environment("HAM_SEND_BUFFER", "65536").unwrap().send_buffer, 65536);
    assert_eq!(from_environment("HAM_SPIN", "30").unwrap().spin, Some(Duration::from_micros(30)));
    assert_eq!(from_environment("HAM_INTERFACES", "a, b").unwrap().interfaces, ["a", "b"]);
    assert_eq!(from_environment("HAM_FEC", "30").unwrap().fec_percent, 30);
    let presence = |key, value| from_environment(key, value).unwrap().presence;
    assert!(!presence("HAM_PRESENCE", "0").enabled && presence("HAM_PRESENCE", "true").enabled);
    assert_eq!(presence("HAM_PRESENCE_PORT", "9").port, 9);
    assert_eq!(presence("HAM_PRESENCE_INTERVAL", "500").interval, Duration::from_millis(500));
    assert_eq!(presence("HAM_PRESENCE_PRIORITY", "255").priority, 255);
    assert_eq!(from_environment("HAM_BUNDLE", "30").unwrap().bundle, Duration::from_micros(30));
    assert_eq!(from_environment("HAM_BUNDLE_SIZE", "512").unwrap().bundle_size, 512);
    assert_eq!(from_environment("HAM_REASSEMBLY_BUFFER", "200000").unwrap().reassembly_buffer, 200_000);
    assert_eq!(from_environment("HAM_LOG", "info").unwrap().log, log::LevelFilter::Info);
}

#[test]
fn errors_of_the_environment_name_the_variable() {
    for (key, value) in [
        ("HAM_PORT", "65536"),
        ("HAM_TTL", "256"),
        ("HAM_LOOPBACK", "maybe"),
        ("HAM_RECEIVE_BUFFER", "lots"),
        ("HAM_SEND_BUFFER", "1"),
        ("HAM_SPIN", "-1"),
        ("HAM_FEC", "101"),
        ("HAM_PRESENCE", "yes"),
        ("HAM_PRESENCE_PORT", "0"),
        ("HAM_PRESENCE_INTERVAL", "10"),
        ("HAM_PRESENCE_PRIORITY", "-1"),
        ("HAM_PRESENCE_KEY", "desk"),
        ("HAM_BUNDLE", "soon"),
        ("HAM_BUNDLE_SIZE", "63"),
        ("HAM_REASSEMBLY_BUFFER", "131071"),
        ("HAM_LOG", "loud"),
    ] {
        assert!(from_environment(key, value).unwrap_err().to_string().contains(key));
    }
}

/// docs/ham.toml has every key with its default, and the examples in it are right.
#[test]
fn the_sample_is_the_default() {
    let sample = include_str!("../../docs/ham.toml");
    assert_eq!(from_file(sample).unwrap(), Config::default());
    let written = |key: &str| sample.lines().any(|line| line.starts_with(&format!("{key} = ")));
    let example = |key: &str| sample.lines().any(|line| line.starts_with(&format!("# {key} = ")));
    for key in table::all().map(|key| key.name) {
        assert!(written(key) || example(key), "{key}");
    }

    let is_example = |line: &str| {
        line.starts_with('[')
            || table::all().any(|key| line.strip_prefix(key.name).is_some_and(|rest| rest.starts_with(" = ")))
    };
    let uncomment =
        |line: &'static str| line.strip_prefix("# ").filter(|rest| is_example(rest)).unwrap_or(line);
    let sample = sample.lines().map(uncomment).collect::<Vec<_>>().join("\n");
    let directory = Directory::new();
    directory.write("desk.key", SECRET, 0o600);
    directory.write("lab.json5", "{mode: \"client\"}", 0o600);
    directory.write("ham.toml", &sample.replace("\"base64url\"", &format!("{OTHER:?}")), 0o600);
    let (config, warnings) = directory.load().unwrap();
    assert_eq!(config.rules.keys["desk"], key(Algorithm::ChaCha20Poly1305));
    assert_eq!(config.rules.keys["studio"], other(Algorithm::Aes256Gcm));
    assert_eq!(
        config.rules.overrides.find("ham:sip:news@cnn.com").map(|place| place.addresses.len()),
        Some(2)
    );
    assert!(config.rules.overrides.find("ham:opaque:sensors-1").is_some_and(|place| !place.framed));
    let name = |carrier: &CarrierSettings| match carrier {
        CarrierSettings::Loopback(settings) => settings.name.clone(),
        CarrierSettings::Overlay(settings) => settings.name.clone(),
    };
    let names: Vec<_> = config.carriers.iter().map(name).collect();
    let all = ["office", "site", "lab", "bad"];
    assert!(all.iter().all(|name| names.iter().any(|other| other == name)), "{names:?}");
    assert_eq!(warnings, [""; 0]);
}

/// A directory of its own, gone in the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ham-config-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        Directory(path)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self) -> Result<(Config, Vec<String>)> {
        let file = self.0.join("ham.toml").to_str().unwrap().to_owned();
        load(|key| (key == "HAM_CONFIG").then(|| file.clone()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const KEY_IN_FILE: &str = "[keys.desk]\nalgorithm = \"chacha20-poly1305\"\nfile = \"desk.key\"\n";

#[test]
fn a_key_file_is_sought_beside_the_configuration_and_its_first_line_counts() {
    let directory = Directory::new();
    directory.write("ham.toml", KEY_IN_FILE, 0o644);
    for text in [SECRET.to_owned(), format!("{SECRET}=\n"), format!(" {SECRET}\r\nthe desk's key\n")] {
        directory.write("desk.key", &text, 0o640);
        let (config, warnings) = directory.load().unwrap();
        assert_eq!(config.rules.keys["desk"], key(Algorithm::ChaCha20Poly1305));
        assert_eq!(config.rules.file, Some(directory.0.join("ham.toml")));
        // The configuration may be read by all: the key does not stand in it.
        assert_eq!(warnings, [""; 0]);
    }
    let elsewhere = Directory::new();
    elsewhere.write("desk.key", OTHER, 0o600);
    let path = elsewhere.0.join("desk.key");
    directory.write("ham.toml", &KEY_IN_FILE.replace("desk.key", path.to_str().unwrap()), 0o600);
    assert_eq!(directory.load().unwrap().0.rules.keys["desk"], other(Algorithm::ChaCha20Poly1305));
}

#[test]
fn a_file_with_keys_that_all_can_read_is_warned_of() {
    let directory = Directory::new();
    directory.write("desk.key", SECRET, 0o644);
    directory.write("ham.toml", KEY_IN_FILE, 0o600);
    let (_, warnings) = directory.load().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("desk.key") && warnings[0].contains("chmod"));

    let inline = format!("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"{SECRET}\"\n");
    directory.write("ham.toml", &inline, 0o604);
    let (_, warnings) = directory.load().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("ham.toml") && warnings[0].contains("chmod"));
    assert!(!warnings[0].contains(SECRET));
    directory.write("ham.toml", &inline, 0o640);
    assert_eq!(directory.load().unwrap().1, [""; 0]);
    directory.write("ham.toml", "[ip]\nttl = 3\n", 0o644);
    assert_eq!(directory.load().unwrap().1, [""; 0]);
}

#[test]
fn a_key_file_that_cannot_be_used_is_an_error() {
    let directory = Directory::new();
    directory.write("ham.toml", KEY_IN_FILE, 0o600);
    let refused = |why: &str| {
        let error = directory.load().unwrap_err().to_string();
        assert!(
            error.contains("ham.toml: line 3: key \"file\"")
                && error.contains("desk.key")
                && error.contains(why),
            "{error}"
        );
        assert!(!error.contains(&SECRET[..12]), "{error}");
    };
    refused("No such file");
    for wrong in ["", "\n", &SECRET[1..], &format!("\n{SECRET}"), &format!("{SECRET}AAAA")] {
        directory.write("desk.key", wrong, 0o600);
        refused("32 bytes in base64url");
    }
    let path = directory.0.join("desk.key");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused("no regular file");
    std::fs::remove_dir(&path).unwrap();
    // A pipe that nobody writes to must not hold createMSocket up.
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    refused("no regular file");
}

#[test]
fn errors_of_keys_name_the_line_and_show_no_secret() {
    let half = &SECRET[..22];
    for (text, line, key) in [
        (format!("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"{half}\"\n"), "line 3", "\"key\""),
        (format!("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"{SECRET}+/\"\n"), "line 3", "\"key\""),
        (
            format!("[keys.desk]\nalgorithm = \"{SECRET}\"\nkey = \"aes-256-gcm\"\n"),
            "line 2",
            "\"algorithm\"",
        ),
        ("[keys.desk]\nalgorithm = 1\n".into(), "line 2", "\"algorithm\""),
        (format!("[keys.desk]\nkey = \"{SECRET}\"\n"), "line 1", "algorithm"),
        ("[keys.desk]\nalgorithm = \"aes-256-gcm\"\n".into(), "line 1", "file"),
        (
            format!("\n[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = \"{SECRET}\"\nfile = \"desk.key\"\n"),
            "line 2",
            "both",
        ),
        (
            format!("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nfile = \"{SECRET}\"\n"),
            "line 3",
            "a key stands here",
        ),
        (format!("[keys.desk]\n\nkeyy = \"{SECRET}\"\n"), "line 3", "keyy"),
        (format!("[keys.desk]\n{SECRET} = \"key\"\n"), "line 2", "unknown key"),
        (format!("[keys]\ndesk = \"{SECRET}\"\n"), "line 2", "[keys.NAME]"),
        (format!("keys = \"{SECRET}\"\n"), "line 1", "[keys.NAME]"),
        (format!("[[keys]]\ndesk = \"{SECRET}\"\n"), "line 1", "[keys.NAME]"),
        // No TOML at all.
        (format!("[keys.desk]\nalgorithm = \"aes-256-gcm\"\nkey = {SECRET}\n"), "line 3", "\"key\""),
        (format!("[keys.desk]\nkey = \"{SECRET}\n"), "line 2", "\"key\""),
        (format!("[keys.desk]\n{SECRET}\n"), "line 2", ""),
        (format!("[keys.desk]\n{SECRET}=\n"), "line 2", ""),
        (format!("[keys.desk]\nkey: \"{SECRET}\"\n"), "line 2", ""),
        (format!("[keys.desk]\nkey = \"{SECRET}\"\nkey = \"{SECRET}\"\n"), "line 3", "\"key\""),
        (format!("[[map]]\nname = \"ham:opaque:a/aes-256-gcm;{SECRET}\"\n"), "line 2", "credentials"),
        (format!("[[map]]\nname = \"ham:opaque:a b/aes-256-gcm;{SECRET}\"\n"), "line 2", "name"),
        (format!("[[map]]\nprefix = \"ham:opaque:a/aes-256-gcm;{SECRET}\"\n"), "line 2", "credentials"),
        (
            format!("[[map]]\nname = \"ham:opaque:a\"\naddresses = [\"239.1.2.3/aes-256-gcm;{SECRET}\"]\n"),
            "line 3",
            "credentials",
        ),
    ] {
        let error = from_file(&text).unwrap_err();
        let error = format!("{error} {error:?}");
        assert!(
            error.contains("ham.toml") && error.contains(line) && error.contains(key),
            "{text:?}: {error}"
        );
        assert!(!error.contains(&half[..12]), "{text:?}: {error}");
    }
}

#[test]
fn a_missing_or_unreadable_configuration_is_an_error_only_when_it_is_named() {
    let directory = Directory::new();
    let error = directory.load().unwrap_err().to_string();
    assert!(error.contains("ham.toml") && error.contains("No such file"), "{error}");
    assert_eq!(load(|key| (key == "HAM_CONFIG").then(String::new)).unwrap().0, Config::default());
    directory.write("ham.toml", "", 0o600);
    std::fs::write(directory.0.join("ham.toml"), b"\xff").unwrap();
    assert!(directory.load().unwrap_err().to_string().contains("ham.toml"));
}
