//! What the section `[overlay.NAME]` of libham's configuration says.

use std::path::{Path, PathBuf};
use std::time::Duration;
use zenoh::config::EndPoint;

/// One overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The NAME of the section.
    pub name: String,
    /// How this process takes part.
    pub mode: Mode,
    /// Where to connect: Zenoh endpoints.
    pub routers: Vec<String>,
    /// Where to be reached, [`Mode::Router`] only: Zenoh endpoints.
    pub listen: Vec<String>,
    /// This process passes what it hears on between the overlay and the domain of this name.
    pub gateway: Option<String>,
    /// How long a message may wait for room before it is given up; none: a moment.
    pub block: Option<Duration>,
    /// A silent neighbour is given up after it.
    pub lease: Duration,
    /// How long the first use waits for the session.
    pub patience: Duration,
    /// TLS.
    pub tls: Tls,
    /// As whom to connect, and the file whose first line is the password.
    pub user: Option<(String, PathBuf)>,
    /// Who may connect, [`Mode::Router`] only: a file with lines `user:password`.
    pub users: Option<PathBuf>,
    /// A whole file of Zenoh's; then nothing of the above but times and `gateway` counts.
    pub zenoh_config: Option<PathBuf>,
}

/// How a process takes part in an overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What is wrong with a key.
fn wrong<T>(key: &str, what: &str) -> Result<T, String> {
    Err(format!("{key}: {what}"))
}

impl Settings {
    /// Reads the settings of an overlay, which libham has checked as far as it can without Zenoh.
    pub fn read(name: &str, settings: &[(&str, &str)]) -> Result<Settings, String> {
        let all = |key: &'static str| {
            settings.iter().filter(move |(other, _)| *other == key).map(|(_, value)| *value)
        };
        let one = |key: &'static str| all(key).next_back();
        let file = |key: &'static str| one(key).map(PathBuf::from);
        let time = |key: &'static str, otherwise: Option<u64>| match one(key).map(str::parse) {
            None => Ok(otherwise.map(Duration::from_millis)),
            Some(Ok(milliseconds)) => Ok(Some(Duration::from_millis(milliseconds))),
            Some(Err(_)) => wrong(key, "it is no number of milliseconds"),
        };
        if let Some((key, _)) = settings.iter().find(|(key, _)| !KEYS.contains(key)) {
            return wrong(key, "this overlay does not know it");
        }
        if let Some((key, _)) =
            settings.iter().find(|(key, _)| !cfg!(feature = "tls") && SECURED.contains(key))
        {
            return wrong(key, WITHOUT_TLS);
        }
        let endpoints = |key| all(key).map(|text| endpoint(key, text)).collect::<Result<Vec<_>, _>>();
        let (routers, listen, zenoh_config) =
            (endpoints("routers")?, endpoints("listen")?, file("zenoh_config"));
        let mode = match (one("mode"), &zenoh_config) {
            (Some("client"), _) => Mode::Client,
            (Some("router"), _) => Mode::Router,
            (None, Some(path)) => whole_mode(path).or_else(|what| wrong("zenoh_config", &what))?,
            _ => return wrong("mode", "neither client nor router"),
        };
        Ok(Settings {
            name: name.to_owned(),
            mode,
            routers,
            listen,
            gateway: one("gateway").map(str::to_owned),
            block: time("block_ms", None)?,
            lease: time("lease_ms", Some(10_000))?.unwrap_or_default(),
            patience: time("patience_ms", Some(1000))?.unwrap_or_default(),
            tls: Tls {
                ca: file("tls_ca"),
                certificate: file("tls_certificate"),
                key: file("tls_key"),
                verify_name: one("tls_verify_name") != Some("false"),
            },
            user: one("user").map(str::to_owned).zip(file("password_file")),
            users: file("users_file"),
            zenoh_config,
        })
    }
}

const KEYS: [&str; 15] = [
    "mode",
    "routers",
    "listen",
    "gateway",
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

/// The keys that need TLS, or users.
const SECURED: [&str; 7] =
    ["tls_ca", "tls_certificate", "tls_key", "tls_verify_name", "user", "password_file", "users_file"];

const WITHOUT_TLS: &str = "this overlay is built without TLS and QUIC (FEATURES=overlay-tls)";

fn endpoint(key: &str, text: &str) -> Result<String, String> {
    if !cfg!(feature = "tls") && !text.starts_with("tcp/") {
        return wrong(key, &format!("{text:?}: {WITHOUT_TLS}"));
    }
    match text.parse::<EndPoint>() {
        Ok(_) => Ok(text.to_owned()),
        Err(e) => wrong(key, &format!("{text:?} is no endpoint: {}", super::hooks::plain(&e))),
    }
}

/// The mode that a whole file of Zenoh's says.
fn whole_mode(path: &Path) -> Result<Mode, String> {
    let config = zenoh::Config::from_file(path).map_err(|e| format!("{}: {e}", path.display()))?;
    match config.get_json("mode").unwrap_or_default().as_str() {
        "\"client\"" => Ok(Mode::Client),
        "\"router\"" => Ok(Mode::Router),
        _ => Err(format!("{}: its mode is neither client nor router", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read("o", settings)
    }

    #[test]
    fn every_key_takes_effect() {
        let all = [
            ("mode", "router"),
            ("routers", "tcp/a:1"),
            ("routers", "tcp/b:1#so_rcvbuf=1000"),
            ("listen", "tcp/c:1"),
            ("gateway", "lan"),
            ("block_ms", "20"),
            ("lease_ms", "500"),
            ("patience_ms", "0"),
        ];
        let expected = Settings {
            name: "o".into(),
            mode: Mode::Router,
            routers: vec!["tcp/a:1".into(), "tcp/b:1#so_rcvbuf=1000".into()],
            listen: vec!["tcp/c:1".into()],
            gateway: Some("lan".into()),
            block: Some(Duration::from_millis(20)),
            lease: Duration::from_millis(500),
            patience: Duration::ZERO,
            tls: Tls { ca: None, certificate: None, key: None, verify_name: true },
            user: None,
            users: None,
            zenoh_config: None,
        };
        assert_eq!(read(&all), Ok(expected));
        let least = read(&[("mode", "client")]).unwrap();
        assert_eq!((least.mode, least.lease, least.block), (Mode::Client, Duration::from_secs(10), None));
    }

    #[test]
    #[cfg(feature = "tls")]
    fn files_and_users_take_effect() {
        let all = [
            ("mode", "router"),
            ("listen", "quic/0.0.0.0:7447"),
            ("tls_ca", "ca"),
            ("tls_certificate", "certificate"),
            ("tls_key", "key"),
            ("tls_verify_name", "false"),
            ("user", "me"),
            ("password_file", "password"),
            ("users_file", "users"),
        ];
        let Settings { tls, user, users, .. } = read(&all).unwrap();
        let file = |name: &str| Some(PathBuf::from(name));
        let expected =
            Tls { ca: file("ca"), certificate: file("certificate"), key: file("key"), verify_name: false };
        assert_eq!(tls, expected);
        assert_eq!((user, users), (Some(("me".into(), "password".into())), file("users")));
    }

    #[test]
    fn errors_name_the_key() {
        let cases = [
            ("mode", "peer"),
            ("listen", "tcp/a:1#"),
            ("routers", "tcp/"),
            ("lease_ms", "long"),
            ("block_ms", "-1"),
            ("zenoh_config", "/nonexistent.json5"),
            ("modes", "client"),
        ];
        #[cfg(not(feature = "tls"))]
        let cases = cases.into_iter().chain([
            ("tls_ca", "c"),
            ("tls_verify_name", "false"),
            ("user", "me"),
            ("users_file", "u"),
            ("routers", "tls/a:1"),
            ("listen", "quic/a:1"),
        ]);
        for (key, value) in cases {
            let error = match key {
                "mode" | "zenoh_config" => read(&[(key, value)]),
                _ => read(&[("mode", "router"), (key, value)]),
            };
            let error = error.unwrap_err();
            assert!(error.starts_with(&format!("{key}: ")), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn a_whole_file_says_the_mode() {
        let path = std::env::temp_dir().join(format!("ham-overlay-{}.json5", std::process::id()));
        let results = ["client", "router", "peer"].map(|mode| {
            std::fs::write(&path, format!("{{mode: {mode:?}}}")).unwrap();
            read(&[("zenoh_config", path.to_str().unwrap())]).map(|settings| settings.mode)
        });
        std::fs::remove_file(&path).unwrap();
        assert_eq!(results[..2], [Ok(Mode::Client), Ok(Mode::Router)]);
        assert!(results[2].as_ref().unwrap_err().contains("zenoh_config"));
    }
}
