//! Technology `overlay`: groups where the network carries no multicast, on Zenoh. It is a library of its own, which is opened
//! when the configuration has an overlay, and not before.

pub mod settings;

use crate::error::{Error, Result};
use crate::name;
use carrier::Carrier;
use carrier::plugin::Plugin;
use once_cell::race::OnceBox;
use settings::{Mode, OverlaySettings};

static PLUGIN: OnceBox<Plugin> = OnceBox::new();

/// Opens an overlay, which starts nothing.
pub fn open(settings: &OverlaySettings) -> Result<Box<dyn Carrier>> {
    let OverlaySettings { name, place, .. } = settings;
    let plugin = PLUGIN.get_or_try_init(|| Plugin::open("overlay", name::is_group_name).map(Box::new));
    let plugin = plugin.map_err(|refused| {
        let doing = format!("configuration: {place} overlay {name}: {}", refused.text);
        Error::System { errno: refused.errno, doing }
    })?;
    let pairs = pairs(settings);
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| (*key, &**value)).collect();
    plugin
        .carrier(name, &pairs)
        .map_err(|why| Error::Invalid(format!("configuration: {place} overlay {name}: {why}")))
}

/// The settings by their keys, as the section has them.
fn pairs(settings: &OverlaySettings) -> Vec<(&'static str, String)> {
    let OverlaySettings { mode, routers, listen, gateway, block, lease, patience, tls, .. } = settings;
    let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    let (user, password) = settings.user.as_ref().map(|(user, file)| (user.clone(), path(file))).unzip();
    let mode = mode.map(|mode| match mode {
        Mode::Client => "client".to_owned(),
        Mode::Router => "router".to_owned(),
    });
    let single = [
        ("mode", mode),
        ("gateway", gateway.clone()),
        ("block_ms", block.map(|block| block.as_millis().to_string())),
        ("lease_ms", Some(lease.as_millis().to_string())),
        ("patience_ms", Some(patience.as_millis().to_string())),
        ("tls_ca", tls.ca.as_ref().map(path)),
        ("tls_certificate", tls.certificate.as_ref().map(path)),
        ("tls_key", tls.key.as_ref().map(path)),
        ("tls_verify_name", (!tls.verify_name).then(|| "false".to_owned())),
        ("user", user),
        ("password_file", password),
        ("users_file", settings.users.as_ref().map(path)),
        ("zenoh_config", settings.zenoh_config.as_ref().map(path)),
    ];
    let several = [("routers", routers), ("listen", listen)];
    let several = several.into_iter().flat_map(|(key, all)| all.iter().map(move |one| (key, one.clone())));
    several.chain(single.into_iter().filter_map(|(key, value)| Some((key, value?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::settings::Tls;
    use super::*;
    use std::time::Duration;

    #[test]
    fn settings_have_their_keys() {
        let settings = OverlaySettings {
            name: "o".into(),
            place: String::new(),
            mode: Some(Mode::Router),
            routers: vec!["tcp/a:1".into(), "tcp/b:1".into()],
            listen: vec!["tcp/c:1".into()],
            default: true,
            gateway: Some("lan".into()),
            block: Some(Duration::from_millis(20)),
            lease: Duration::from_secs(1),
            patience: Duration::ZERO,
            tls: Tls { ca: Some("ca".into()), certificate: None, key: None, verify_name: false },
            user: Some(("me".into(), "p".into())),
            users: None,
            zenoh_config: None,
        };
        let all = pairs(&settings);
        let all: Vec<_> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let expected = "routers=tcp/a:1 routers=tcp/b:1 listen=tcp/c:1 mode=router gateway=lan block_ms=20 lease_ms=1000 \
                        patience_ms=0 tls_ca=ca tls_verify_name=false user=me password_file=p";
        assert_eq!(all.join(" "), expected);
    }
}
