//! The contract in C: what passes between libham and a technology in a library of its own. No type of Rust does: bytes with
//! their length, functions with what belongs to them, and pointers of which only their maker knows the type. A panic never
//! passes either.
//!
//! [`provide`] makes of a [`crate::Technology`] the table of functions; `foreign` makes of the table a [`crate::Carrier`].

#![allow(unsafe_code)]

mod foreign;
pub mod host;
pub mod plugin;
pub mod provide;
#[cfg(test)]
mod tests;

use crate::{Frame, KEPT, Reach, Role};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

/// The number of all that stands in this file. It grows with every change of it: there are no two that fit each other.
pub const ABI: u32 = 1;

/// The name of the one function that the library of a technology exports.
pub const ENTRY: &[u8] = b"ham_technology\0";

/// The type of that function. What it gives lives as long as the process.
pub type Entry = unsafe extern "C" fn() -> *const Table;

/// What a technology can do. The first two fields never change their places.
#[repr(C)]
pub struct Table {
    /// Bytes of this table.
    pub size: u32,
    /// `ABI`.
    pub abi: u32,
    /// The name of the technology.
    pub name: Bytes,
    /// Comes first, and once. The host lives as long as the process.
    pub start: unsafe extern "C" fn(*const Host),
    /// Opens a carrier; NULL when it cannot, and then says why.
    pub open: unsafe extern "C" fn(Bytes, *const Setting, usize, Each) -> *const c_void,
    /// See [`crate::Carrier::hear`]. What it gives in the last argument is a hearing; the result is an errno or 0.
    pub hear: unsafe extern "C" fn(*const c_void, Groups, Taker, *mut *mut c_void) -> i32,
    /// See [`crate::Carrier::way`].
    pub way: unsafe extern "C" fn(*const c_void, Bytes, *mut *mut c_void) -> i32,
    /// See [`crate::Way::put`].
    pub put: unsafe extern "C" fn(*const c_void, Passed, Bytes, u32) -> i32,
    /// See [`crate::Carrier::announce_sender`].
    pub announce_sender: unsafe extern "C" fn(*const c_void, Bytes, *mut *mut c_void) -> i32,
    /// Ends a hearing or an announcement.
    pub end: unsafe extern "C" fn(*mut c_void),
    /// Ends a way.
    pub end_way: unsafe extern "C" fn(*mut c_void),
    /// See [`crate::Carrier::settle`].
    pub settle: unsafe extern "C" fn(*const c_void),
    /// See [`crate::Carrier::linger`].
    pub linger: unsafe extern "C" fn(*const c_void),
    /// See [`crate::Carrier::states`]: each with its role.
    pub states: unsafe extern "C" fn(*const c_void, Each),
    /// See [`crate::Carrier::watch`].
    pub watch: unsafe extern "C" fn(*const c_void, Teller),
    /// The nodes that are one of `NEIGHBORS`, `PARENTS` and `CHILDREN`; a group that starts nowhere is any.
    pub nodes: unsafe extern "C" fn(*const c_void, u32, Bytes, Each),
    /// See [`crate::Carrier::designated`]: 1 or 0.
    pub designated: unsafe extern "C" fn(*const c_void, Bytes) -> u32,
}

/// See [`crate::Carrier::neighbors`].
pub const NEIGHBORS: u32 = 0;
/// See [`crate::Carrier::parents`].
pub const PARENTS: u32 = 1;
/// See [`crate::Carrier::children`].
pub const CHILDREN: u32 = 2;

/// What libham does for a technology.
#[repr(C)]
pub struct Host {
    /// The level of the log: 0 is off, 5 is everything.
    pub level: u32,
    /// Takes a line of the log at its level.
    pub log: unsafe extern "C" fn(u32, Bytes),
    /// 1 for the Group Name of one group, in normal form; else 0.
    pub is_group_name: unsafe extern "C" fn(Bytes) -> u32,
}

/// Bytes, lent for the time of a call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    start: *const u8,
    length: usize,
}

// SAFETY: it is but an address; who reads there has to know that he may.
unsafe impl Send for Bytes {}
// SAFETY: the same.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// Starts nowhere.
    pub const NONE: Bytes = Bytes { start: std::ptr::null(), length: 0 };

    /// These.
    pub const fn of(bytes: &[u8]) -> Bytes {
        Bytes { start: bytes.as_ptr(), length: bytes.len() }
    }

    /// These, or nowhere.
    pub fn maybe(text: Option<&str>) -> Bytes {
        text.map_or(Bytes::NONE, |text| Bytes::of(text.as_bytes()))
    }

    /// The bytes.
    ///
    /// # Safety
    /// They are there, and do not change, for as long as the caller chooses.
    pub unsafe fn get<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: as the caller has it.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    /// The text; what is not UTF-8 is none.
    ///
    /// # Safety
    /// As for `Bytes::get`.
    pub unsafe fn text<'a>(self) -> Option<&'a str> {
        if self.start.is_null() {
            return None;
        }
        // SAFETY: as the caller has it.
        std::str::from_utf8(unsafe { self.get() }).ok()
    }
}

/// A setting.
#[repr(C)]
pub struct Setting {
    /// Its key.
    pub key: Bytes,
    /// Its value, or one of several.
    pub value: Bytes,
}

/// One group, or all whose names begin and end so.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Groups {
    /// 0: `begin` is the name.
    pub all: u32,
    /// The name, or what the names begin with.
    pub begin: Bytes,
    /// What they end with.
    pub end: Bytes,
}

/// Takes texts during a call, each with a number.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Each {
    /// Its own.
    pub context: *mut c_void,
    /// Takes one.
    pub take: unsafe extern "C" fn(*mut c_void, Bytes, u32),
}

/// A [`crate::Take`]; whoever has it drops it.
#[repr(C)]
pub struct Taker {
    /// Its own.
    pub context: *mut c_void,
    /// Takes a frame: its group, it, and what its sender has said of itself.
    pub take: unsafe extern "C" fn(*const c_void, Bytes, Passed, Bytes),
    /// Comes last.
    pub drop: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: it stands for a closure that is Send and Sync.
unsafe impl Send for Taker {}
// SAFETY: the same.
unsafe impl Sync for Taker {}

impl Drop for Taker {
    fn drop(&mut self) {
        // SAFETY: it is its maker's own function, and called once.
        unsafe { (self.drop)(self.context) }
    }
}

/// A frame, for the time of a call or for longer.
#[repr(C)]
pub struct Passed {
    /// The frame.
    pub bytes: Bytes,
    /// Whoever gets the frame may keep it where it is until he releases this, on any thread, and always does so once. NULL: it
    /// is lent for the call.
    pub lent: *mut c_void,
    /// Releases it.
    pub release: unsafe extern "C" fn(*mut c_void),
}

/// A [`crate::Tell`]; whoever has it drops it.
#[repr(C)]
pub struct Teller {
    /// Its own.
    pub context: *mut c_void,
    /// Takes a group, what other nodes do there, and whether they do it now.
    pub tell: unsafe extern "C" fn(*const c_void, Bytes, u32, u32),
    /// Comes last.
    pub drop: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: it stands for a closure that is Send and Sync.
unsafe impl Send for Teller {}
// SAFETY: the same.
unsafe impl Sync for Teller {}

impl Drop for Teller {
    fn drop(&mut self) {
        // SAFETY: it is its maker's own function, and called once.
        unsafe { (self.drop)(self.context) }
    }
}

fn role_number(role: Role) -> u32 {
    match role {
        Role::Listener => 0,
        Role::Sender => 1,
    }
}

fn role(number: u32) -> Option<Role> {
    [Role::Listener, Role::Sender].into_iter().find(|role| role_number(*role) == number)
}

fn reach_number(reach: Reach) -> u32 {
    match reach {
        Reach::Local => 0,
        Reach::NotLocal => 1,
        Reach::All => 2,
    }
}

fn reach(number: u32) -> Option<Reach> {
    [Reach::Local, Reach::NotLocal, Reach::All].into_iter().find(|reach| reach_number(*reach) == number)
}

/// A thing of Rust as a pointer that passes.
fn into_raw<T>(thing: T) -> *mut c_void {
    Box::into_raw(Box::new(thing)).cast()
}

/// The thing again.
///
/// # Safety
/// The pointer is of `into_raw` with the same type, and comes here once.
unsafe fn from_raw<T>(thing: *mut c_void) -> Box<T> {
    // SAFETY: as the caller has it.
    unsafe { Box::from_raw(thing.cast()) }
}

/// The thing, for a moment.
///
/// # Safety
/// The pointer is of `into_raw` with the same type, and not yet of `from_raw`.
unsafe fn borrow<'a, T>(thing: *const c_void) -> &'a T {
    // SAFETY: as the caller has it.
    unsafe { &*thing.cast() }
}

/// Something of the other library's, and how it ends.
struct Given {
    it: *mut c_void,
    end: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: what passes ends on any thread.
unsafe impl Send for Given {}
// SAFETY: it does nothing but end.
unsafe impl Sync for Given {}

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: it is its maker's own function, and called once.
        unsafe { (self.end)(self.it) }
    }
}

/// Bytes of the other library's that are kept where they are.
struct Kept {
    bytes: Bytes,
    _given: Given,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: they are there until what was given ends.
        unsafe { self.bytes.get() }
    }
}

impl Passed {
    /// The frame.
    ///
    /// # Safety
    /// It has passed to this library, and comes here once; without `lent` it is there for as long as the caller chooses.
    unsafe fn frame<'a>(self) -> Frame<'a> {
        let Passed { bytes, lent: it, release: end } = self;
        match it.is_null() {
            // SAFETY: as the caller has it.
            true => Frame::Borrowed(unsafe { bytes.get() }),
            false => Frame::Lent(Box::new(Kept { bytes, _given: Given { it, end } })),
        }
    }
}

/// Passes a frame, for longer than the call if it is worth it.
fn pass<T>(frame: Frame<'_>, call: impl FnOnce(Passed) -> T) -> T {
    // Where the bytes are does not change with where their owner is.
    let bytes = Bytes::of(&frame);
    match frame {
        Frame::Lent(owner) => {
            call(Passed { bytes, lent: into_raw(owner), release: release::<Box<dyn AsRef<[u8]> + Send>> })
        }
        Frame::Own(owner) if owner.len() >= KEPT => {
            call(Passed { bytes, lent: into_raw(owner), release: release::<Vec<u8>> })
        }
        _ => call(Passed { bytes, lent: nowhere(), release: nothing }),
    }
}

unsafe extern "C" fn release<T>(owner: *mut c_void) {
    // SAFETY: it is of `pass`, with this type, and comes here once.
    calmly("the release of a frame", (), || drop(unsafe { from_raw::<T>(owner) }));
}

unsafe extern "C" fn nothing(_: *mut c_void) {}

/// Acts; a panic ends here.
fn calmly<T>(what: &str, otherwise: T, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
        // Not the logger's panic again.
        let _ = catch_unwind(|| log::error!("a defect in libham: {what} ended in a panic"));
        otherwise
    })
}

/// Calls `act` with what takes texts, and gives all that it took.
fn collect<T>(take: impl Fn(&str, u32) -> Option<T>, act: impl FnOnce(Each)) -> Vec<T> {
    struct Collected<F, T>(F, Vec<T>);
    unsafe extern "C" fn one<F: Fn(&str, u32) -> Option<T>, T>(
        context: *mut c_void,
        text: Bytes,
        number: u32,
    ) {
        calmly("the answer of a technology", (), || {
            // SAFETY: the context is that of `collect`, which waits; the text is there for the call.
            let (all, text) = unsafe { (&mut *context.cast::<Collected<F, T>>(), text.text()) };
            all.1.extend(text.and_then(|text| (all.0)(text, number)));
        });
    }
    fn each<F: Fn(&str, u32) -> Option<T>, T>(all: &mut Collected<F, T>) -> Each {
        Each { context: (&raw mut *all).cast(), take: one::<F, T> }
    }
    let mut all = Collected(take, Vec::new());
    act(each(&mut all));
    all.1
}

/// No place.
fn nowhere() -> *mut c_void {
    null_mut()
}
