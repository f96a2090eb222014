//! Technology `overlay`: groups where the network carries no multicast, on Zenoh. It is a library of its own, which is opened
//! when the configuration has an overlay, and not before.

pub mod settings;

use crate::error::{Error, Result};
use crate::name;
use carrier::Carrier;
use carrier::plugin::Plugin;
use once_cell::race::OnceBox;
use settings::OverlaySettings;

static PLUGIN: OnceBox<Plugin> = OnceBox::new();

/// Opens an overlay, which starts nothing.
pub fn open(settings: &OverlaySettings) -> Result<Box<dyn Carrier>> {
    let OverlaySettings { name, place, pairs, .. } = settings;
    let plugin = PLUGIN.get_or_try_init(|| Plugin::open("overlay", name::is_group_name).map(Box::new));
    let plugin = plugin.map_err(|refused| {
        let doing = format!("configuration: {place} overlay {name}: {}", refused.text);
        Error::System { errno: refused.errno, doing }
    })?;
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| (*key, value.as_str())).collect();
    plugin
        .carrier(name, &pairs)
        .map_err(|why| Error::Invalid(format!("configuration: {place} overlay {name}: {why}")))
}
