//! The environment variables that go before the file.

use super::bounded::{
    BundleSize, Bytes, Interval, Level, Microseconds, Percent, Port, Priority, Reassembly, Ttl,
};
use super::{Config, fail};
use crate::error::Result;
use std::time::Duration;

/// Applies the variables that are set and not empty.
pub(super) fn apply(config: &mut Config, environment: &impl Fn(&str) -> Option<String>) -> Result<()> {
    fn number<T>(key: &str, text: &str) -> Result<T>
    where
        T: TryFrom<i64, Error = String>,
    {
        let value: i64 = text.trim().parse().map_err(|_| fail(format!("{key}: {text:?} is no number")))?;
        T::try_from(value).map_err(|e| fail(format!("{key}: {e}")))
    }
    fn switch(key: &str, text: &str) -> Result<bool> {
        match text.trim() {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            other => Err(fail(format!("{key}: {other:?} is none of 0, 1, false, true"))),
        }
    }
    let value = |key: &str| environment(key).filter(|v| !v.is_empty());
    if let Some(text) = value("HAM_PORT") {
        config.port = number::<Port>("HAM_PORT", &text)?.0;
    }
    if let Some(text) = value("HAM_TTL") {
        config.ttl = number::<Ttl>("HAM_TTL", &text)?.0;
    }
    if let Some(text) = value("HAM_LOOPBACK") {
        config.loopback = switch("HAM_LOOPBACK", &text)?;
    }
    if let Some(text) = value("HAM_RECEIVE_BUFFER") {
        config.receive_buffer = number::<Bytes>("HAM_RECEIVE_BUFFER", &text)?.0;
    }
    if let Some(text) = value("HAM_SEND_BUFFER") {
        config.send_buffer = number::<Bytes>("HAM_SEND_BUFFER", &text)?.0;
    }
    if let Some(text) = value("HAM_SPIN") {
        config.spin = Some(Duration::from_micros(number::<Microseconds>("HAM_SPIN", &text)?.0));
    }
    if let Some(text) = value("HAM_INTERFACES") {
        config.interfaces = text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    }
    if let Some(text) = value("HAM_FEC") {
        config.fec_percent = number::<Percent>("HAM_FEC", &text)?.0;
    }
    if let Some(text) = value("HAM_BUNDLE") {
        config.bundle = Duration::from_micros(number::<Microseconds>("HAM_BUNDLE", &text)?.0);
    }
    if let Some(text) = value("HAM_BUNDLE_SIZE") {
        config.bundle_size = number::<BundleSize>("HAM_BUNDLE_SIZE", &text)?.0;
    }
    if let Some(text) = value("HAM_REASSEMBLY_BUFFER") {
        config.reassembly_buffer = number::<Reassembly>("HAM_REASSEMBLY_BUFFER", &text)?.0;
    }
    if let Some(text) = value("HAM_PRESENCE") {
        config.presence.enabled = switch("HAM_PRESENCE", &text)?;
    }
    if let Some(text) = value("HAM_PRESENCE_PORT") {
        config.presence.port = number::<Port>("HAM_PRESENCE_PORT", &text)?.0;
    }
    if let Some(text) = value("HAM_PRESENCE_INTERVAL") {
        let interval = number::<Interval>("HAM_PRESENCE_INTERVAL", &text)?.0;
        config.presence.interval = Duration::from_millis(interval);
    }
    if let Some(text) = value("HAM_PRESENCE_PRIORITY") {
        config.presence.priority = number::<Priority>("HAM_PRESENCE_PRIORITY", &text)?.0;
    }
    if let Some(name) = value("HAM_PRESENCE_KEY") {
        let key = config.keys.get(name.trim());
        let unknown =
            || fail("HAM_PRESENCE_KEY: the configuration has no [keys] section of this name".into());
        config.presence.key = Some(key.ok_or_else(unknown)?.clone());
    }
    if let Some(text) = value("HAM_LOG") {
        config.log = Level::try_from(text).map_err(|e| fail(format!("HAM_LOG: {e}")))?.0;
    }
    Ok(())
}
