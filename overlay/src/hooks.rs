//! What goes on inside Zenoh, as far as it lets it be seen: its log, which goes to ours; that it found no room for a
//! message; and its panics, of which nothing is printed and which are the sign to open a new session.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use sys::logging::Pace;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Dispatch, Event, Level, LevelFilter, Metadata, Subscriber, dispatcher};

/// How often a thread of Zenoh's has panicked.
static PANICS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CALLING: Cell<bool> = const { Cell::new(false) };
    static NO_ROOM: Cell<u64> = const { Cell::new(0) };
}

/// Zenoh panicked in a call.
#[derive(Debug)]
pub struct Panicked;

/// Calls Zenoh. A panic in it is neither printed nor passed on.
pub fn calm<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    let before = CALLING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CALLING.set(before);
    result.map_err(|_| Panicked)
}

/// How often threads of Zenoh's have panicked: it cannot be told in which session.
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// How often Zenoh has told this thread that it found no room for a message.
pub fn no_room() -> u64 {
    NO_ROOM.get()
}

/// Sees to all this from now on. A program in Rust that has set its own subscriber to `tracing` keeps it.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = dispatcher::set_global_default(Dispatch::new(Hook));
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let called = CALLING.try_with(Cell::get).unwrap_or(false);
            if !called && !is_of_zenoh() {
                return others(info);
            }
            if !called {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            log::info!("overlay: zenoh: {info}");
        }));
    });
}

/// Whether this thread is one of its runtimes', whose names are these with a number.
fn is_of_zenoh() -> bool {
    let thread = std::thread::current();
    let name = thread.name().and_then(|name| name.split_once('-'));
    name.is_some_and(|(kind, number)| {
        ["app", "acc", "tx", "rx", "net"].contains(&kind) && number.parse::<u16>().is_ok()
    })
}

/// What Zenoh says, without the places in its source.
pub fn plain(said: &impl fmt::Display) -> String {
    let said = said.to_string();
    let (mut out, mut rest) = (String::new(), &*said);
    while let Some((before, place)) = rest.split_once(" at /") {
        let Some((_, after)) = place.split_once(".rs:").filter(|(path, _)| !path.contains(' ')) else {
            out.extend([before, " at /"]);
            rest = place;
            continue;
        };
        out.push_str(before.trim_end());
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    out + rest
}

/// Where it says why it does not reach a router; mostly it says so but to those who debug it.
const REACH: (&str, &str) = ("zenoh::net::runtime::orchestrator", "Unable to connect");

/// Where it says that it found no room, and that it says so. It says it once more when it has tried again.
const ROOM: (&str, &str) = ("zenoh_transport::common::pipeline", "Zenoh message dropped because it's over");

struct Hook;

impl Hook {
    fn is_wanted(about: &Metadata<'_>) -> bool {
        let is_told = about.is_event() && about.target().starts_with("zenoh");
        is_told
            && match *about.level() {
                Level::TRACE => about.target() == ROOM.0,
                Level::DEBUG => about.target() == REACH.0,
                _ => true,
            }
    }
}

impl Subscriber for Hook {
    fn register_callsite(&self, about: &'static Metadata<'static>) -> Interest {
        if Hook::is_wanted(about) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn enabled(&self, about: &Metadata<'_>) -> bool {
        Hook::is_wanted(about)
    }

    fn event(&self, event: &Event<'_>) {
        static PACE: Pace = Pace::new();
        let about = event.metadata();
        let begins = |with| {
            let mut begins = Begins { with, result: None };
            event.record(&mut Message(&mut begins));
            begins.result == Some(true)
        };
        let is_why = about.target() == REACH.0 && begins(REACH.1) && PACE.due();
        // What is an error to Zenoh is mostly a router that went away.
        let level = match *about.level() {
            _ if is_why => log::Level::Warn,
            Level::TRACE => {
                if begins(ROOM.1) {
                    let _ = NO_ROOM.try_with(|times| times.set(times.get() + 1));
                }
                return;
            }
            Level::DEBUG => return,
            Level::ERROR => log::Level::Warn,
            Level::WARN => log::Level::Info,
            _ => log::Level::Debug,
        };
        if level <= log::max_level() {
            let mut text = String::new();
            event.record(&mut Message(&mut text));
            log::log!(level, "overlay: zenoh: {}", plain(&text));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Writes the message of an event.
struct Message<'a>(&'a mut dyn Write);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Looks at the beginning of a text, and ends the writing of the rest.
struct Begins {
    with: &'static str,
    result: Option<bool>,
}

impl Write for Begins {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.result.get_or_insert(text.starts_with(self.with));
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn places_in_the_source_are_left_out() {
        let said = "Unable to connect!  at /a/zenoh-1.10.2/b.rs:447. - Caused by no route at /c/d.rs:9.; more at /etc";
        assert_eq!(plain(&said), "Unable to connect! - Caused by no route; more at /etc");
        assert_eq!(plain(&"at /x y.rs:1."), "at /x y.rs:1.");
        assert_eq!(plain(&""), "");
    }
}
