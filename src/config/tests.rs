//! Every key, and every error with its file, line and key.

use super::*;

fn from_file(text: &str) -> Result<Config> {
    let mut config = Config::default();
    let text = file::Text { text: text.to_owned().into(), public: false };
    file::apply(&mut config, Path::new("ham.toml"), &text).map(|_| config)
}

fn from_environment(key: &'static str, value: &'static str) -> Result<Config> {
    let mut config = Config::default();
    environment::apply(&mut config, &|k: &str| (k == key).then(|| value.to_owned())).map(|()| config)
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
        ..Config::default()
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
