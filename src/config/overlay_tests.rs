//! Every key of an overlay, and every error.

use super::*;
use crate::technology::overlay::settings::{Mode, OverlaySettings, Tls};

fn from_file(text: &str) -> Result<Vec<OverlaySettings>> {
    let mut config = Config::default();
    let text = source::Text { text: text.to_owned().into(), public: false };
    file::apply(&mut config, Path::new("/etc/ham/ham.toml"), &text)?;
    let overlay = |settings| match settings {
        CarrierSettings::Overlay(settings) => OverlaySettings { place: String::new(), ..*settings },
        CarrierSettings::Loopback(_) => unreachable!("no such section is written here"),
    };
    Ok(config.carriers.into_iter().map(overlay).collect())
}

fn plain(name: &str, mode: Mode) -> OverlaySettings {
    OverlaySettings {
        name: name.into(),
        place: String::new(),
        mode: Some(mode),
        routers: Vec::new(),
        listen: Vec::new(),
        default: false,
        gateway: None,
        block: None,
        lease: Duration::from_secs(10),
        patience: Duration::from_secs(1),
        tls: Tls { ca: None, certificate: None, key: None, verify_name: true },
        user: None,
        users: None,
        zenoh_config: None,
    }
}

#[test]
fn every_key_takes_effect_in_the_order_of_the_file() {
    let overlays = from_file(
        "[overlay.z]\nrouters = [\"tcp/10.0.0.1:7447\", \"tcp/[2001:db8::1]:1\"]\n\
         [overlay.a]\nlisten = [\"tcp/0.0.0.0:7447\"]\nrouters = [\"tcp/b:1\"]\ndefault = true\n\
         congestion = \"block\"\nblock_ms = 20\nlease_ms = 500\npatience_ms = 0\n\
         [overlay.b]\nmode = \"router\"\ncongestion = \"block\"\n\
         [overlay.c]\ncongestion = \"drop\"\n",
    );
    let expected = [
        OverlaySettings {
            routers: vec!["tcp/10.0.0.1:7447".into(), "tcp/[2001:db8::1]:1".into()],
            ..plain("z", Mode::Client)
        },
        OverlaySettings {
            routers: vec!["tcp/b:1".into()],
            listen: vec!["tcp/0.0.0.0:7447".into()],
            default: true,
            block: Some(Duration::from_millis(20)),
            lease: Duration::from_millis(500),
            patience: Duration::ZERO,
            ..plain("a", Mode::Router)
        },
        OverlaySettings { block: Some(Duration::from_millis(100)), ..plain("b", Mode::Router) },
        plain("c", Mode::Router),
    ];
    assert_eq!(overlays.unwrap(), expected);
}

#[test]
fn files_and_users_take_effect() {
    let overlays = from_file(
        "[overlay.a]\nmode = \"router\"\nlisten = [\"tls/0.0.0.0:7447\", \"quic/0.0.0.0:7447\"]\n\
         tls_ca = \"ca.pem\"\ntls_certificate = \"/abs/host.pem\"\ntls_key = \"host.key\"\ntls_verify_name = false\n\
         user = \"me\"\npassword_file = \"password\"\nusers_file = \"users\"\n",
    );
    let file = |name: &str| Some(PathBuf::from(name));
    let expected = OverlaySettings {
        listen: vec!["tls/0.0.0.0:7447".into(), "quic/0.0.0.0:7447".into()],
        tls: Tls {
            ca: file("/etc/ham/ca.pem"),
            certificate: file("/abs/host.pem"),
            key: file("/etc/ham/host.key"),
            verify_name: false,
        },
        user: Some(("me".into(), "/etc/ham/password".into())),
        users: file("/etc/ham/users"),
        ..plain("a", Mode::Router)
    };
    assert_eq!(overlays.unwrap(), [expected]);
}

#[test]
fn errors_name_file_line_and_key() {
    let cases = [
        ("overlay = 3\n", "line 1", "overlay"),
        ("[overlay]\nmode = \"client\"\n", "line 2", "mode"),
        ("[overlay.a]\nmode = \"peer\"\n", "line 2", "mode"),
        ("[overlay.a]\nmode = \"client\"\n", "line 2", "routers"),
        (
            "[overlay.a]\nmode = \"client\"\nrouters = [\"tcp/a:1\"]\nlisten = [\"tcp/a:1\"]\n",
            "line 4",
            "listen",
        ),
        ("[overlay.a]\nrouters = [\"10.0.0.1:7447\"]\n", "line 2", "routers"),
        ("[overlay.a]\nrouters = [\n\"tcp/a:1\",\n\"udp/a:1\"]\n", "line 4", "protocol"),
        ("[overlay.a]\nlisten = [\"unixsock-stream/a\"]\n", "line 2", "listen"),
        ("[overlay.a]\nlisten = [\"tcp/\"]\n", "line 2", "listen"),
        ("[overlay.a]\nlisten = \"tcp/a:1\"\n", "line 2", "listen"),
        ("[overlay.a]\ndefault = 1\n", "line 2", "default"),
        ("[overlay.a]\ncongestion = \"wait\"\n", "line 2", "congestion"),
        ("[overlay.a]\n\nblock_ms = 5\n", "line 3", "block_ms"),
        ("[overlay.a]\ncongestion = \"drop\"\nblock_ms = 5\n", "line 3", "block_ms"),
        ("[overlay.a]\ncongestion = \"block\"\nblock_ms = 0\n", "line 3", "block_ms"),
        ("[overlay.a]\ncongestion = \"block\"\nblock_ms = 10001\n", "line 3", "block_ms"),
        ("[overlay.a]\nlease_ms = 99\n", "line 2", "lease_ms"),
        ("[overlay.a]\nlease_ms = 600001\n", "line 2", "lease_ms"),
        ("[overlay.a]\npatience_ms = 60001\n", "line 2", "patience_ms"),
        ("[overlay.a]\npatience_ms = -1\n", "line 2", "patience_ms"),
        ("[overlay.a]\nzenoh_config = \"/nonexistent.json5\"\n", "line 2", "zenoh_config"),
        ("[overlay.a]\nmode = \"client\"\nzenoh_config = \"/nonexistent.json5\"\n", "line 2", "mode"),
        ("[overlay.a]\nzenoh_config = \"a.json5\"\nlease_ms = 100\n", "line 3", "lease_ms"),
        ("[overlay.a]\nzenoh_config = \"\"\n", "line 2", "zenoh_config"),
        ("[overlay.a]\nmodes = \"client\"\n", "line 2", "modes"),
        ("[overlay.a]\ntls_key = \"k\"\n", "line 2", "tls_certificate"),
        ("[overlay.a]\ntls_certificate = \"c\"\n", "line 2", "tls_key"),
        ("[overlay.a]\nuser = \"me\"\n", "line 2", "password_file"),
        ("[overlay.a]\npassword_file = \"p\"\n", "line 2", "user"),
        ("[overlay.a]\nrouters = [\"tcp/a:1\"]\nusers_file = \"u\"\n", "line 3", "users_file"),
        ("[overlay.a]\nzenoh_config = \"a.json5\"\ntls_ca = \"c\"\n", "line 3", "tls_ca"),
    ];
    for (text, line, key) in cases {
        let error = from_file(text).unwrap_err();
        assert_eq!(error.errno(), libc::EINVAL);
        let error = error.to_string();
        assert!(
            error.contains("/etc/ham/ham.toml") && error.contains(line) && error.contains(key),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn the_ends_of_every_range_are_in_it() {
    for (key, ends) in [("lease_ms", [100, 600_000]), ("patience_ms", [0, 60_000])] {
        for value in ends {
            from_file(&format!("[overlay.a]\n{key} = {value}\n")).unwrap();
        }
    }
    for value in [1, 10_000] {
        from_file(&format!("[overlay.a]\ncongestion = \"block\"\nblock_ms = {value}\n")).unwrap();
    }
}

#[test]
fn a_whole_file_says_the_mode() {
    let path = std::env::temp_dir().join(format!("ham-overlay-{}.json5", std::process::id()));
    std::fs::write(&path, "{}").unwrap();
    let read =
        from_file(&format!("[overlay.a]\nzenoh_config = {:?}\ndefault = true\n", path.to_str().unwrap()));
    std::fs::remove_file(&path).unwrap();
    let whole = Some(path);
    let expected =
        OverlaySettings { mode: None, default: true, zenoh_config: whole, ..plain("a", Mode::Client) };
    assert_eq!(read.unwrap(), [expected]);
}

#[test]
fn each_knows_where_it_stands() {
    let mut config = Config::default();
    let text = source::Text { text: "\n[overlay.a]\nlisten = []\n".to_owned().into(), public: false };
    file::apply(&mut config, Path::new("/etc/ham/ham.toml"), &text).unwrap();
    let CarrierSettings::Overlay(settings) = &config.carriers[0] else {
        unreachable!("an overlay stands there")
    };
    assert_eq!(settings.place, "/etc/ham/ham.toml: line 2:");
}
