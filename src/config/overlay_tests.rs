//! Every key of an overlay, and every error.

use super::*;
/// The overlays as text: the name, whether it is a default one, and what the overlay itself is told.
fn from_file(text: &str) -> Result<Vec<String>> {
    let mut config = Config::default();
    let text = source::Text { text: text.to_owned().into(), public: false };
    file::apply(&mut config, Path::new("/etc/ham/ham.toml"), &text)?;
    let overlay = |settings: &CarrierSettings| match settings {
        CarrierSettings::Overlay(settings) => {
            let pairs: Vec<_> = settings.pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let default = if settings.default { " (default)" } else { "" };
            format!("{}{default}: {}", settings.name, pairs.join(" "))
        }
        CarrierSettings::Loopback(_) => unreachable!("no such section is written here"),
    };
    Ok(config.carriers.iter().map(overlay).collect())
}

#[test]
fn every_key_takes_effect_in_the_order_of_the_file() {
    let overlays = from_file(
        "[overlay.z]\nrouters = [\"tcp/10.0.0.1:7447\", \"tcp/[2001:db8::1]:1\"]\n\
         [overlay.a]\nlisten = [\"tcp/0.0.0.0:7447\"]\nrouters = [\"tcp/b:1\"]\ndefault = true\n\
         gateway = \"lan\"\ncongestion = \"block\"\nblock_ms = 20\nlease_ms = 500\npatience_ms = 0\n\
         [overlay.b]\nmode = \"router\"\ncongestion = \"block\"\n\
         [overlay.c]\ncongestion = \"drop\"\n",
    );
    let expected = [
        "z: routers=tcp/10.0.0.1:7447 routers=tcp/[2001:db8::1]:1 mode=client lease_ms=10000 patience_ms=1000",
        "a (default): routers=tcp/b:1 listen=tcp/0.0.0.0:7447 mode=router gateway=lan block_ms=20 lease_ms=500 patience_ms=0",
        "b: mode=router block_ms=100 lease_ms=10000 patience_ms=1000",
        "c: mode=router lease_ms=10000 patience_ms=1000",
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
    let expected = "a: listen=tls/0.0.0.0:7447 listen=quic/0.0.0.0:7447 mode=router lease_ms=10000 patience_ms=1000 \
                    tls_ca=/etc/ham/ca.pem tls_certificate=/abs/host.pem tls_key=/etc/ham/host.key \
                    tls_verify_name=false user=me password_file=/etc/ham/password users_file=/etc/ham/users";
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
    let whole = path.display();
    let expected = format!("a (default): lease_ms=10000 patience_ms=1000 zenoh_config={whole}");
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
