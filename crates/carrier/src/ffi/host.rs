//! libham as a technology in a library of its own sees it: it has the log, and knows what is a Group Name.

use super::{Bytes, Host, calmly};
use once_cell::race::OnceBox;
use std::fmt::Write;

/// What this library was given; in one that is not opened by libham, nothing.
static HOST: OnceBox<&'static Host> = OnceBox::new();

/// Takes the host, and sends the log there.
pub(super) fn set(host: &'static Host) {
    HOST.get_or_init(|| Box::new(host));
    if log::set_logger(&ToHost).is_ok() {
        let levels = log::LevelFilter::iter().find(|level| *level as u32 == host.level);
        log::set_max_level(levels.unwrap_or(log::LevelFilter::Off));
    }
}

/// True for the Group Name of one group, in normal form. Without a host, as in the technology's own tests, every text is one.
pub fn is_group_name(text: &str) -> bool {
    // SAFETY: the text outlives the call.
    HOST.get().is_none_or(|host| unsafe { (host.is_group_name)(Bytes::of(text.as_bytes())) } != 0)
}

struct ToHost;

impl log::Log for ToHost {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let Some(host) = HOST.get() else { return };
        let mut line = String::new();
        let _ = write!(line, "{}", record.args());
        // SAFETY: the text outlives the call.
        unsafe { (host.log)(record.level() as u32, Bytes::of(line.as_bytes())) }
    }

    fn flush(&self) {}
}

/// The other side: what libham gives. `is_group_name` is that of the first call.
pub(super) fn of_libham(is_group_name: fn(&str) -> bool) -> &'static Host {
    IS_GROUP_NAME.get_or_init(|| Box::new(is_group_name));
    Box::leak(Box::new(Host { level: log::max_level() as u32, log: log_line, is_group_name: is_name }))
}

static IS_GROUP_NAME: OnceBox<fn(&str) -> bool> = OnceBox::new();

unsafe extern "C" fn log_line(level: u32, line: Bytes) {
    calmly("the log", (), || {
        let level = log::Level::iter().find(|other| *other as u32 == level).unwrap_or(log::Level::Error);
        // SAFETY: the text is there for the call.
        log::log!(level, "{}", unsafe { line.text() }.unwrap_or_default());
    });
}

unsafe extern "C" fn is_name(text: Bytes) -> u32 {
    calmly("the check of a name", 0, || {
        // SAFETY: the text is there for the call.
        let text = unsafe { text.text() };
        IS_GROUP_NAME.get().zip(text).is_some_and(|(is_group_name, text)| is_group_name(text)).into()
    })
}
