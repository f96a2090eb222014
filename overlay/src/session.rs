//! The session: how it is configured and opened, and the way of a frame through it.

use super::groups::Group;
use super::hooks;
use super::node::Node;
use super::settings::{Mode, Settings};
use bytes::Bytes;
use carrier::Frame;
use std::fmt::Write;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use zenoh::bytes::ZBytes;
use zenoh::{Config, Session, Wait};

/// The largest message that is put together from fragments, in bytes.
const LARGEST: usize = 1 << 20;

type Setting = (&'static str, String);

/// Opens a session. Takes as long as Zenoh needs to see that nobody answers.
pub fn open(settings: &Settings) -> Result<Session, String> {
    let config = configured(settings)?;
    match hooks::calm(|| zenoh::open(config).wait()) {
        Ok(session) => session.map_err(|e| hooks::plain(&e)),
        Err(hooks::Panicked) => Err("it panicked".into()),
    }
}

/// Zenoh's configuration.
pub fn configured(settings: &Settings) -> Result<Config, String> {
    let (mut config, mut all) = match &settings.zenoh_config {
        Some(path) => (Config::from_file(path).map_err(|e| format!("{}: {e}", path.display()))?, Vec::new()),
        None => (Config::default(), basics(settings)),
    };
    all.extend(secured(settings)?);
    all.extend(settings.block.map(waiting));
    for (key, value) in all {
        config.insert_json5(key, &value).map_err(|e| format!("{key}: {e}"))?;
    }
    Ok(config)
}

fn basics(settings: &Settings) -> Vec<Setting> {
    let list =
        |texts: &[String]| format!("[{}]", texts.iter().map(|t| quoted(t)).collect::<Vec<_>>().join(","));
    let mut all = vec![
        ("listen/endpoints", list(&settings.listen)),
        ("connect/endpoints", list(&settings.routers)),
        // Zenoh's own connecting again, after the first time.
        ("connect/retry", "{period_init_ms:100,period_max_ms:5000,period_increase_factor:2}".into()),
        ("scouting/multicast/enabled", "false".into()),
        ("scouting/gossip/enabled", "false".into()),
        ("scouting/delay", "0".into()),
        // Nobody reads the time of a frame.
        ("timestamping/enabled", "false".into()),
        ("transport/link/tx/lease", settings.lease.as_millis().to_string()),
        ("transport/link/rx/max_message_size", LARGEST.to_string()),
    ];
    match settings.mode {
        Mode::Client => all.push(("mode", quoted("client"))),
        Mode::Router => all.extend([
            ("mode", quoted("router")),
            // In the background, until each is there.
            ("connect/timeout_ms", "-1".into()),
            ("connect/exit_on_failure", "false".into()),
            // For the trees. Others must not ask: some of its answers can lock it up.
            ("adminspace/enabled", "true".into()),
            ("access_control", ADMIN_IS_OURS.into()),
        ]),
    }
    all
}

/// A message waits for room on a link before it is dropped; on a router, also one of others.
fn waiting(block: Duration) -> Setting {
    let microseconds = block.as_micros();
    let wait = format!("{{wait_before_drop:{microseconds},max_wait_before_drop_fragments:{microseconds}}}");
    ("transport/link/tx/queue/congestion_control/drop", wait)
}

const ADMIN_IS_OURS: &str = r#"{
    enabled: true, default_permission: "allow",
    rules: [{id: "admin", permission: "deny", flows: ["ingress"], messages: ["query"], key_exprs: ["@/**"]}],
    subjects: [{id: "all"}],
    policies: [{rules: ["admin"], subjects: ["all"]}],
}"#;

fn secured(settings: &Settings) -> Result<Vec<Setting>, String> {
    let mut all = Vec::new();
    let tls = &settings.tls;
    let mut file = |key, path: &Option<std::path::PathBuf>| {
        if let Some(path) = path {
            all.push((key, quoted(&path.to_string_lossy())));
        }
    };
    file("transport/link/tls/root_ca_certificate", &tls.ca);
    file("transport/link/tls/listen_certificate", &tls.certificate);
    file("transport/link/tls/connect_certificate", &tls.certificate);
    file("transport/link/tls/listen_private_key", &tls.key);
    file("transport/link/tls/connect_private_key", &tls.key);
    file("transport/auth/usrpwd/dictionary_file", &settings.users);
    if tls.ca.is_some() && tls.certificate.is_some() {
        all.push(("transport/link/tls/enable_mtls", "true".into()));
    }
    if tls.ca.is_some() || tls.certificate.is_some() {
        all.push(("transport/link/tls/verify_name_on_connect", tls.verify_name.to_string()));
    }
    if let Some((user, path)) = &settings.user {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let password = text.lines().next().unwrap_or_default().trim();
        let both = format!("{{user:{},password:{}", quoted(user), quoted(password));
        let users = settings.users.as_ref().map(|path| quoted(&path.to_string_lossy()));
        let users = users.map_or(String::new(), |users| format!(",dictionary_file:{users}"));
        all.push(("transport/auth/usrpwd", format!("{both}{users}}}")));
    }
    Ok(all)
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..='\x1f' => drop(write!(out, "\\u{:04x}", character as u32)),
            _ => out.push(character),
        }
    }
    out + "\""
}

/// Passes a frame on to the other nodes.
pub fn put(node: &Node, group: &Group, frame: Frame<'_>, sources: &[u8]) -> io::Result<()> {
    let failed = |errno| Err(io::Error::from_raw_os_error(errno));
    let outlet = group.outlet.load();
    let (Some(outlet), true) = (outlet.as_deref(), node.up.load(Ordering::Relaxed)) else {
        return failed(libc::ENETUNREACH);
    };
    if !node.note_put() {
        return failed(libc::ENETUNREACH);
    }
    let frame = payload(frame);
    let told = hooks::no_room();
    let result = hooks::calm(|| match sources {
        [] => outlet.put(frame).wait(),
        _ => outlet.put(frame).attachment(sources).wait(),
    });
    match result {
        // It tells of each message twice, and once when its second attempt has found room.
        Ok(Ok(())) if hooks::no_room() < told + 2 => Ok(()),
        Ok(Ok(())) => failed(libc::ENOBUFS),
        Ok(Err(_)) => failed(libc::ENETUNREACH),
        Err(hooks::Panicked) => {
            node.failed.store(true, Ordering::Relaxed);
            failed(libc::ENETUNREACH)
        }
    }
}

/// A frame as Zenoh takes it: what can be kept is not copied.
fn payload(frame: Frame<'_>) -> ZBytes {
    struct Kept(Box<dyn AsRef<[u8]> + Send>);

    impl AsRef<[u8]> for Kept {
        fn as_ref(&self) -> &[u8] {
            (*self.0).as_ref()
        }
    }

    match frame {
        Frame::Borrowed(bytes) => bytes.into(),
        Frame::Own(bytes) => bytes.into(),
        Frame::Lent(bytes) => Bytes::from_owner(Kept(bytes)).into(),
    }
}
