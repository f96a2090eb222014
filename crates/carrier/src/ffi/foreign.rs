//! A carrier of a technology in another library.

use super::{
    Bytes, CHILDREN, Each, Given, Groups, NEIGHBORS, PARENTS, Passed, Setting, Table, Taker, Teller, borrow,
    calmly, collect, from_raw, into_raw, nowhere, pass, reach_number, role,
};
use crate::{Announcement, Arrived, Carrier, Change, Frame, Heard, Hearing, Reach, Role, Take, Tell, Way};
use std::ffi::c_void;
use std::io;
use std::sync::Arc;

/// A carrier, by the table of its technology.
pub(super) struct Foreign {
    table: &'static Table,
    carrier: *const c_void,
}

// SAFETY: the contract has every function of the table called from any thread.
unsafe impl Send for Foreign {}
// SAFETY: the same.
unsafe impl Sync for Foreign {}

struct ForeignWay {
    put: unsafe extern "C" fn(*const c_void, Passed, Bytes, u32) -> i32,
    way: Given,
}

fn checked(errno: i32) -> io::Result<()> {
    match errno {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

impl Foreign {
    /// Opens a carrier.
    pub(super) fn open(
        table: &'static Table,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Foreign, String> {
        let bytes = |text: &str| Bytes::of(text.as_bytes());
        let settings: Vec<Setting> =
            settings.iter().map(|(key, value)| Setting { key: bytes(key), value: bytes(value) }).collect();
        let mut carrier: *const c_void = nowhere();
        let why = collect(
            |why, _| Some(why.to_owned()),
            // SAFETY: all texts outlive the call.
            |why| carrier = unsafe { (table.open)(bytes(name), settings.as_ptr(), settings.len(), why) },
        );
        match carrier.is_null() {
            true => Err(why.concat()),
            false => Ok(Foreign { table, carrier }),
        }
    }

    fn given(
        &self,
        get: impl FnOnce(*mut *mut c_void) -> i32,
        end: unsafe extern "C" fn(*mut c_void),
    ) -> io::Result<Given> {
        let mut it = nowhere();
        checked(get(&raw mut it))?;
        Ok(Given { it, end })
    }

    fn nodes(&self, which: u32, group: Option<&str>) -> Vec<String> {
        let ask = |each: Each| {
            // SAFETY: the carrier is the table's, and the texts outlive the call.
            unsafe { (self.table.nodes)(self.carrier, which, Bytes::maybe(group), each) }
        };
        collect(|node, _| Some(node.to_owned()), ask)
    }
}

impl Carrier for Foreign {
    fn hear(&self, heard: Heard<'_>, take: Take) -> io::Result<Hearing> {
        let bytes = |text: &str| Bytes::of(text.as_bytes());
        let groups = match heard {
            Heard::Group(name) => Groups { all: 0, begin: bytes(name), end: Bytes::NONE },
            Heard::All { prefix, suffix } => Groups { all: 1, begin: bytes(prefix), end: bytes(suffix) },
        };
        let taker = Taker { context: into_raw(take), take: take_in, drop: drop_take };
        let table = self.table;
        // SAFETY: the carrier is the table's, the texts outlive the call, and the technology owns the taker.
        let hear = |place| unsafe { (table.hear)(self.carrier, groups, taker, place) };
        Ok(Box::new(self.given(hear, table.end)?))
    }

    fn way(&self, group: &str) -> io::Result<Box<dyn Way>> {
        let group = Bytes::of(group.as_bytes());
        // SAFETY: the carrier is the table's, and the text outlives the call.
        let way = |place| unsafe { (self.table.way)(self.carrier, group, place) };
        Ok(Box::new(ForeignWay { put: self.table.put, way: self.given(way, self.table.end_way)? }))
    }

    fn announce_sender(&self, group: &str) -> io::Result<Announcement> {
        let group = Bytes::of(group.as_bytes());
        // SAFETY: the carrier is the table's, and the text outlives the call.
        let announce = |place| unsafe { (self.table.announce_sender)(self.carrier, group, place) };
        Ok(Box::new(self.given(announce, self.table.end)?))
    }

    fn settle(&self) {
        // SAFETY: the carrier is the table's.
        unsafe { (self.table.settle)(self.carrier) }
    }

    fn linger(&self) {
        // SAFETY: the carrier is the table's.
        unsafe { (self.table.linger)(self.carrier) }
    }

    fn states(&self) -> Vec<(Arc<str>, Role)> {
        let state = |group: &str, number| Some((group.into(), role(number)?));
        // SAFETY: the carrier is the table's, and what takes the answers outlives the call.
        collect(state, |each| unsafe { (self.table.states)(self.carrier, each) })
    }

    fn watch(&self, tell: Tell) {
        let teller = Teller { context: into_raw(tell), tell: tell_of, drop: drop_tell };
        // SAFETY: the carrier is the table's, and the technology owns the teller.
        unsafe { (self.table.watch)(self.carrier, teller) }
    }

    fn neighbors(&self, group: Option<&str>) -> Vec<String> {
        self.nodes(NEIGHBORS, group)
    }

    fn parents(&self, group: Option<&str>) -> Vec<String> {
        self.nodes(PARENTS, group)
    }

    fn children(&self, group: Option<&str>) -> Vec<String> {
        self.nodes(CHILDREN, group)
    }

    fn designated(&self, group: Option<&str>) -> bool {
        // SAFETY: the carrier is the table's, and the text outlives the call.
        unsafe { (self.table.designated)(self.carrier, Bytes::maybe(group)) != 0 }
    }
}

impl Way for ForeignWay {
    fn put(&self, frame: Frame<'_>, sources: &[u8], reach: Reach) -> io::Result<()> {
        let (sources, reach) = (Bytes::of(sources), reach_number(reach));
        // SAFETY: the way is the technology's, and all bytes outlive the call.
        checked(pass(frame, |frame| unsafe { (self.put)(self.way.it, frame, sources, reach) }))
    }
}

unsafe extern "C" fn take_in(context: *const c_void, group: Bytes, frame: Passed, sources: Bytes) {
    calmly("the reception of a frame", (), || {
        // SAFETY: the context is that of `hear`, until it is dropped; what came in is there for the call.
        let (take, group, frame, sources) =
            unsafe { (borrow::<Take>(context), group.text(), frame.frame(), sources.get()) };
        if let Some(group) = group {
            take(Arrived { group, frame, sources });
        }
    });
}

unsafe extern "C" fn drop_take(context: *mut c_void) {
    // SAFETY: the context is that of `hear`, and is dropped once.
    calmly("the end of a hearing", (), || drop(unsafe { from_raw::<Take>(context) }));
}

unsafe extern "C" fn tell_of(context: *const c_void, group: Bytes, number: u32, present: u32) {
    calmly("the news of a carrier", (), || {
        // SAFETY: the context is that of `watch`, until it is dropped; the text is there for the call.
        let (tell, group) = unsafe { (borrow::<Tell>(context), group.text()) };
        if let (Some(group), Some(role)) = (group, role(number)) {
            tell(Change { group: group.into(), role, present: present != 0 });
        }
    });
}

unsafe extern "C" fn drop_tell(context: *mut c_void) {
    // SAFETY: the context is that of `watch`, and is dropped once.
    calmly("the end of a watch", (), || drop(unsafe { from_raw::<Tell>(context) }));
}
