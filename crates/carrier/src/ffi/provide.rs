//! A technology as a table of functions.

use super::{
    ABI, Bytes, CHILDREN, Each, Groups, Host, NEIGHBORS, PARENTS, Passed, Setting, Table, Taker, Teller,
    borrow, calmly, from_raw, host, into_raw, nowhere, pass, reach, role_number,
};
use crate::{Announcement, Arrived, Carrier, Change, Heard, Hearing, Technology, Way};
use std::ffi::c_void;
use std::io;
use std::sync::Arc;

/// Makes the one function that the library of a technology exports.
#[macro_export]
macro_rules! technology {
    ($technology:ty) => {
        /// What libham asks for: see the crate `carrier`.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub extern "C" fn ham_technology() -> *const $crate::Table {
            const { &$crate::provide::table::<$technology>() }
        }
    };
}

/// The table of a technology.
pub const fn table<T: Technology>() -> Table {
    Table {
        size: size_of::<Table>() as u32,
        abi: ABI,
        name: Bytes::of(T::NAME.as_bytes()),
        start,
        open: open::<T>,
        hear,
        way,
        put,
        announce_sender,
        end,
        end_way,
        settle,
        linger,
        states,
        watch,
        nodes,
        designated,
    }
}

/// A carrier as a pointer that passes: it lives as long as the process.
type Opened = Box<dyn Carrier>;

/// A hearing or an announcement.
type Given = Hearing;

unsafe extern "C" fn start(its: *const Host) {
    // SAFETY: the host lives as long as the process.
    calmly("the start of a technology", (), || host::set(unsafe { &*its }));
}

unsafe extern "C" fn open<T: Technology>(
    name: Bytes,
    settings: *const Setting,
    count: usize,
    why: Each,
) -> *const c_void {
    let opened = calmly("the opening of a carrier", Err("it panicked".into()), || {
        // SAFETY: so many settings are there for the call, and their texts too.
        let settings = (0..count).map(|i| unsafe {
            let Setting { key, value } = &*settings.add(i);
            Some((key.text()?, value.text()?))
        });
        let settings: Option<Vec<_>> = settings.collect();
        // SAFETY: the text is there for the call.
        let name = unsafe { name.text() };
        let (name, settings) = name.zip(settings).ok_or("its settings are no text")?;
        T::open(name, &settings)
    });
    match opened {
        Ok(carrier) => into_raw::<Opened>(carrier),
        Err(text) => {
            // SAFETY: it is the caller's, and takes texts during this call.
            unsafe { (why.take)(why.context, Bytes::of(text.as_bytes()), 0) };
            nowhere()
        }
    }
}

/// The errno of what a technology does, and what it gives in `place`.
fn give<T>(place: *mut *mut c_void, act: impl FnOnce() -> io::Result<T>) -> i32 {
    match calmly("a call of a carrier", Err(panicked()), act) {
        Ok(it) => {
            // SAFETY: the place is there for the call.
            unsafe { *place = into_raw(it) };
            0
        }
        Err(e) => errno(&e),
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().filter(|errno| *errno > 0).unwrap_or(libc::EIO)
}

fn panicked() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOTRECOVERABLE)
}

fn no_text() -> io::Error {
    io::Error::from_raw_os_error(libc::EINVAL)
}

/// The carrier of this pointer.
///
/// # Safety
/// The pointer is of `open`.
unsafe fn carrier<'a>(carrier: *const c_void) -> &'a dyn Carrier {
    // SAFETY: as the caller has it; carriers live as long as the process.
    unsafe { &**borrow::<Opened>(carrier) }
}

unsafe extern "C" fn hear(it: *const c_void, groups: Groups, taker: Taker, place: *mut *mut c_void) -> i32 {
    give::<Given>(place, || {
        // SAFETY: as `carrier` has it; the texts are there for the call.
        let (it, begin, end) = unsafe { (carrier(it), groups.begin.text(), groups.end.text()) };
        let (prefix, suffix) = (begin.ok_or_else(no_text)?, end.unwrap_or_default());
        let heard = if groups.all == 0 { Heard::Group(prefix) } else { Heard::All { prefix, suffix } };
        it.hear(heard, Box::new(move |arrived| take_in(&taker, arrived)))
    })
}

fn take_in(taker: &Taker, Arrived { group, frame, sources }: Arrived<'_>) {
    let (group, sources) = (Bytes::of(group.as_bytes()), Bytes::of(sources));
    // SAFETY: the context is there as long as the taker; what comes in outlives the call.
    pass(frame, |frame| unsafe { (taker.take)(taker.context, group, frame, sources) });
}

unsafe extern "C" fn way(it: *const c_void, group: Bytes, place: *mut *mut c_void) -> i32 {
    give::<Box<dyn Way>>(place, || {
        // SAFETY: as `carrier` has it; the text is there for the call.
        let (it, group) = unsafe { (carrier(it), group.text()) };
        it.way(group.ok_or_else(no_text)?)
    })
}

unsafe extern "C" fn put(way: *const c_void, frame: Passed, sources: Bytes, number: u32) -> i32 {
    let put = || {
        // SAFETY: the pointer is of `way`, until `end_way`; the frame has passed, and all bytes are there for the call.
        let (way, frame, sources) = unsafe { (borrow::<Box<dyn Way>>(way), frame.frame(), sources.get()) };
        way.put(frame, sources, reach(number).ok_or_else(no_text)?)
    };
    match calmly("the sending of a frame", Err(panicked()), put) {
        Ok(()) => 0,
        Err(e) => errno(&e),
    }
}

unsafe extern "C" fn announce_sender(it: *const c_void, group: Bytes, place: *mut *mut c_void) -> i32 {
    give::<Announcement>(place, || {
        // SAFETY: as `carrier` has it; the text is there for the call.
        let (it, group) = unsafe { (carrier(it), group.text()) };
        it.announce_sender(group.ok_or_else(no_text)?)
    })
}

unsafe extern "C" fn end(given: *mut c_void) {
    // SAFETY: it is of `hear` or `announce_sender`, and comes here once.
    calmly("the end of a hearing", (), || drop(unsafe { from_raw::<Given>(given) }));
}

unsafe extern "C" fn end_way(way: *mut c_void) {
    // SAFETY: it is of `way`, and comes here once.
    calmly("the end of a way", (), || drop(unsafe { from_raw::<Box<dyn Way>>(way) }));
}

unsafe extern "C" fn settle(it: *const c_void) {
    // SAFETY: as `carrier` has it.
    calmly("a wait for a carrier", (), || unsafe { carrier(it) }.settle());
}

unsafe extern "C" fn linger(it: *const c_void) {
    // SAFETY: as `carrier` has it.
    calmly("a wait for a carrier", (), || unsafe { carrier(it) }.linger());
}

fn tell_each(each: Each, text: &str, number: u32) {
    // SAFETY: it is the caller's, and takes texts during the call that it was given to.
    unsafe { (each.take)(each.context, Bytes::of(text.as_bytes()), number) }
}

unsafe extern "C" fn states(it: *const c_void, each: Each) {
    calmly("a question to a carrier", (), || {
        // SAFETY: as `carrier` has it.
        let states = unsafe { carrier(it) }.states();
        states.iter().for_each(|(group, role)| tell_each(each, group, role_number(*role)));
    });
}

unsafe extern "C" fn watch(it: *const c_void, teller: Teller) {
    let tell = move |Change { group, role, present }: Change| {
        let group = Bytes::of(group.as_bytes());
        let teller = &teller;
        // SAFETY: the context is there as long as the teller; the text outlives the call.
        unsafe { (teller.tell)(teller.context, group, role_number(role), present.into()) }
    };
    // SAFETY: as `carrier` has it.
    calmly("a question to a carrier", (), || unsafe { carrier(it) }.watch(Arc::new(tell)));
}

unsafe extern "C" fn nodes(it: *const c_void, which: u32, group: Bytes, each: Each) {
    calmly("a question to a carrier", (), || {
        // SAFETY: as `carrier` has it; the text is there for the call.
        let (it, group) = unsafe { (carrier(it), group.text()) };
        let nodes = match which {
            NEIGHBORS => it.neighbors(group),
            PARENTS => it.parents(group),
            CHILDREN => it.children(group),
            _ => return,
        };
        nodes.iter().for_each(|node| tell_each(each, node, 0));
    });
}

unsafe extern "C" fn designated(it: *const c_void, group: Bytes) -> u32 {
    calmly("a question to a carrier", 0, || {
        // SAFETY: as `carrier` has it; the text is there for the call.
        let (it, group) = unsafe { (carrier(it), group.text()) };
        it.designated(group).into()
    })
}
