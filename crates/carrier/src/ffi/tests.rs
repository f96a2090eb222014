//! A technology that is not there: what passes to it and back by the table.

use super::plugin::fitting;
use super::*;
use crate::{Announcement, Arrived, Carrier, Change, Frame, Heard, Hearing, Take, Technology, Tell, Way};
use foreign::Foreign;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Everybody who hears gets what is put, whatever the group; what is 32 kB long is lent.
#[derive(Default)]
struct Echo {
    takes: Arc<Mutex<Vec<Arc<Hearer>>>>,
    tell: Mutex<Option<Tell>>,
}

struct Hearer {
    name: String,
    take: Take,
}

struct Drops(Arc<Mutex<Vec<Arc<Hearer>>>>, Arc<Hearer>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.lock().unwrap().retain(|other| !Arc::ptr_eq(other, &self.1));
    }
}

struct EchoWay(Arc<Mutex<Vec<Arc<Hearer>>>>);

thread_local! {
    /// The last frame that was put could be kept.
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

static LENT: AtomicUsize = AtomicUsize::new(0);

struct Counted(Vec<u8>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LENT.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Technology for Echo {
    const NAME: &'static str = "echo";

    fn open(name: &str, settings: &[(&str, &str)]) -> Result<Box<dyn Carrier>, String> {
        match settings {
            [("say", "panic")] => panic!("as asked"),
            [("say", "error")] => Err(format!("say: {name} does not")),
            _ => Ok(Box::new(Echo::default())),
        }
    }
}

impl Carrier for Echo {
    fn hear(&self, heard: Heard<'_>, take: Take) -> io::Result<Hearing> {
        let name = match heard {
            Heard::Group("ham:x:panic") => panic!("as asked"),
            Heard::Group("ham:x:none") => return Err(io::Error::from_raw_os_error(libc::ENETUNREACH)),
            Heard::Group(name) => name.to_owned(),
            Heard::All { prefix, suffix } => format!("{prefix}*{suffix}"),
        };
        let heard = Arc::new(Hearer { name, take });
        self.takes.lock().unwrap().push(heard.clone());
        Ok(Box::new(Drops(self.takes.clone(), heard)))
    }

    fn way(&self, _: &str) -> io::Result<Box<dyn Way>> {
        Ok(Box::new(EchoWay(self.takes.clone())))
    }

    fn announce_sender(&self, group: &str) -> io::Result<Announcement> {
        self.tell.lock().unwrap().iter().for_each(|tell| {
            tell(Change { group: group.into(), role: Role::Sender, present: true });
        });
        Ok(Box::new(()))
    }

    fn states(&self) -> Vec<(Arc<str>, Role)> {
        vec![("ham:x:a".into(), Role::Listener), ("ham:x:b".into(), Role::Sender)]
    }

    fn watch(&self, tell: Tell) {
        *self.tell.lock().unwrap() = Some(tell);
    }

    fn neighbors(&self, group: Option<&str>) -> Vec<String> {
        vec!["n".into(), group.unwrap_or("any").into()]
    }

    fn parents(&self, group: Option<&str>) -> Vec<String> {
        vec!["p".into(), group.unwrap_or("any").into()]
    }

    fn children(&self, group: Option<&str>) -> Vec<String> {
        vec!["c".into(), group.unwrap_or("any").into()]
    }

    fn designated(&self, group: Option<&str>) -> bool {
        group.is_none()
    }
}

impl Way for EchoWay {
    fn put(&self, frame: Frame<'_>, sources: &[u8], reach: Reach) -> io::Result<()> {
        KEPT.set(matches!(frame, Frame::Lent(_)));
        let frame = frame.to_vec();
        match reach {
            Reach::Local => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
            Reach::NotLocal => panic!("as asked"),
            Reach::All => {}
        }
        for heard in self.0.lock().unwrap().clone() {
            let frame = if frame.len() >= crate::LONG {
                LENT.fetch_add(1, Ordering::SeqCst);
                Frame::Lent(Box::new(Counted(frame.clone())))
            } else {
                Frame::Own(frame.clone())
            };
            (heard.take)(Arrived { group: &heard.name, frame, sources });
        }
        Ok(())
    }
}

static TABLE: Table = provide::table::<Echo>();

fn echo() -> Foreign {
    Foreign::open(&TABLE, "e", &[]).unwrap()
}

type Got = Arc<Mutex<Vec<(String, Frame<'static>, Vec<u8>)>>>;

fn hear(carrier: &Foreign, heard: Heard<'_>) -> (Hearing, Got) {
    let got = Got::default();
    let inside = got.clone();
    let take = move |Arrived { group, frame, sources }: Arrived<'_>| {
        inside.lock().unwrap().push((group.to_owned(), frame.into_kept(), sources.to_vec()));
    };
    (carrier.hear(heard, Box::new(take)).unwrap(), got)
}

#[test]
fn frames_pass_both_ways_until_the_hearing_ends() {
    let carrier = echo();
    let (hearing, got) = hear(&carrier, Heard::All { prefix: "ham:x:", suffix: "@y" });
    let way = carrier.way("ham:x:a").unwrap();
    way.put(Frame::Borrowed(b"lent"), b"from", Reach::All).unwrap();
    way.put(Frame::Own(b"own".into()), b"", Reach::All).unwrap();
    drop(hearing);
    way.put(Frame::Borrowed(b"late"), b"", Reach::All).unwrap();
    let got = got.lock().unwrap();
    let plain: Vec<_> = got.iter().map(|(group, frame, from)| (&**group, &**frame, &**from)).collect();
    assert_eq!(plain, [("ham:x:*@y", &b"lent"[..], &b"from"[..]), ("ham:x:*@y", b"own", b"")]);
}

#[test]
fn what_is_lent_is_released_where_it_is_dropped() {
    let carrier = echo();
    let (_hearing, got) = hear(&carrier, Heard::Group("ham:x:a"));
    let long: Vec<u8> = (0..crate::LONG + 1).map(|i| i as u8).collect();
    carrier.way("ham:x:a").unwrap().put(Frame::Own(long.clone()), b"", Reach::All).unwrap();
    assert!(KEPT.get());
    let (_, frame, _) = got.lock().unwrap().pop().unwrap();
    assert!(matches!(frame, Frame::Lent(_)) && *frame == *long);
    assert_eq!(LENT.load(Ordering::SeqCst), 1);
    drop(frame);
    assert_eq!(LENT.load(Ordering::SeqCst), 0);
}

#[test]
fn a_taker_is_dropped_with_its_hearing_and_when_there_is_none() {
    let carrier = echo();
    let alive = Arc::new(());
    let inside = alive.clone();
    let hearing = carrier.hear(Heard::Group("ham:x:a"), Box::new(move |_| _ = &inside)).unwrap();
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(hearing);
    let inside = alive.clone();
    assert!(carrier.hear(Heard::Group("ham:x:none"), Box::new(move |_| _ = &inside)).is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn errors_and_panics_become_errnos() {
    let carrier = echo();
    let errno = |result: io::Result<()>| result.unwrap_err().raw_os_error();
    let hear = |name| carrier.hear(Heard::Group(name), Box::new(|_| {})).map(drop);
    assert_eq!(errno(hear("ham:x:none")), Some(libc::ENETUNREACH));
    assert_eq!(errno(hear("ham:x:panic")), Some(libc::ENOTRECOVERABLE));
    let way = carrier.way("ham:x:a").unwrap();
    assert_eq!(errno(way.put(Frame::Borrowed(b""), b"", Reach::Local)), Some(libc::ENOBUFS));
    assert_eq!(errno(way.put(Frame::Borrowed(b""), b"", Reach::NotLocal)), Some(libc::ENOTRECOVERABLE));
    let open = |said| Foreign::open(&TABLE, "e", &[("say", said)]).err();
    assert_eq!(open("error").unwrap(), "say: e does not");
    assert_eq!(open("panic").unwrap(), "it panicked");
    assert_eq!(open("hello"), None);
}

#[test]
fn a_panic_in_what_takes_ends_there() {
    let carrier = echo();
    let _panics = carrier.hear(Heard::Group("ham:x:a"), Box::new(|_| panic!("as asked"))).unwrap();
    let (_hearing, got) = hear(&carrier, Heard::Group("ham:x:a"));
    carrier.way("ham:x:a").unwrap().put(Frame::Borrowed(b"on"), b"", Reach::All).unwrap();
    assert_eq!(got.lock().unwrap().len(), 1);
}

#[test]
fn what_others_do_passes() {
    let carrier = echo();
    assert_eq!(carrier.states(), [("ham:x:a".into(), Role::Listener), ("ham:x:b".into(), Role::Sender)]);
    assert_eq!(carrier.neighbors(None), ["n", "any"]);
    assert_eq!(carrier.parents(Some("ham:x:a")), ["p", "ham:x:a"]);
    assert_eq!(carrier.children(Some("")), ["c", ""]);
    assert!(carrier.designated(None) && !carrier.designated(Some("ham:x:a")));
    let told = Arc::new(Mutex::new(Vec::new()));
    let inside = told.clone();
    carrier.watch(Arc::new(move |change| inside.lock().unwrap().push(change)));
    drop(carrier.announce_sender("ham:x:a").unwrap());
    carrier.watch(Arc::new(|_| {}));
    assert_eq!(Arc::strong_count(&told), 1);
    let change = Change { group: "ham:x:a".into(), role: Role::Sender, present: true };
    assert_eq!(*told.lock().unwrap(), [change]);
}

#[test]
fn a_table_of_another_number_is_refused() {
    let table = |size, abi| Table { size, abi, ..provide::table::<Echo>() };
    let size = size_of::<Table>() as u32;
    // SAFETY: it is a table, or as long as one; it is not looked at after the call.
    let why = |table: &Table| unsafe { fitting(table) }.err();
    assert_eq!(why(&table(size, ABI)), None);
    assert_eq!(why(&table(size + 8, ABI)), None);
    assert!(why(&table(size, ABI + 1)).unwrap().contains(&format!("ABI {}", ABI + 1)));
    assert!(why(&table(size - 8, ABI)).is_some());
    // SAFETY: nothing is read.
    assert!(unsafe { fitting(std::ptr::null()) }.is_err());
}

#[test]
fn a_library_that_is_not_there_is_named() {
    let refused = plugin::Plugin::open("nowhere", |_| false).err().unwrap();
    assert_eq!(refused.errno, libc::ELIBACC);
    assert!(
        refused.text.contains("libham-nowhere.so.1") && refused.text.contains("make nowhere"),
        "{refused:?}"
    );
}
