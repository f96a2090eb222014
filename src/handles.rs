//! From a descriptor to its multicast socket, without a lock.

use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use crate::receive::QueueLock;
use crate::send::Route;
use crate::socket::MulticastSocket;
use arc_swap::{ArcSwapOption, Guard};
use once_cell::race::OnceBox;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use sys::handle;

// A descriptor is below the hard limit of the system, fs.nr_open, a million by default.
const PAGE: usize = 1024;
const PAGES: usize = 1024;

/// What belongs to a descriptor number. Never freed, so that whoever looks finds either the socket of now or none.
pub(crate) struct Slot {
    entry: ArcSwapOption<Entry>,
    /// The queue of the socket that has the number now.
    pub queue: QueueLock,
    /// How many messages wait in the queue.
    pub queued: AtomicUsize,
}

static TABLE: [OnceBox<Vec<Slot>>; PAGES] = [const { OnceBox::new() }; PAGES];

/// A multicast socket, and the route that it uses again and again: one look-up gives both.
pub(crate) struct Entry {
    pub socket: Arc<MulticastSocket>,
    pub route: Option<Arc<Route>>,
}

/// A multicast socket in use by one call.
pub struct Ref {
    entry: Guard<Option<Arc<Entry>>>,
    slot: &'static Slot,
}

impl Ref {
    /// Sends a message to a group by every Interface of the socket that carries it (RFC 7046 §4.5.1). It succeeds when
    /// one of them took it.
    #[inline]
    pub fn send(&self, uri: &[u8], message: &[u8]) -> Result<()> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::MessageSize(MAX_MESSAGE));
        }
        if let Some(route) = self.entry.as_ref().and_then(|entry| entry.route.as_ref()) {
            if route.serves(self, uri) {
                return self.send_by(route, message);
            }
        }
        self.send_by_search(uri, message, |entry| {
            // Lost when the socket is deleted meanwhile, or another thread was first: no harm.
            self.slot.entry.compare_and_swap(&*self.entry, Some(entry.clone()));
        })
    }

    fn socket(&self) -> &Arc<MulticastSocket> {
        // `find` makes no Ref of an empty slot.
        &self.entry.as_ref().expect("a Ref holds a socket").socket
    }
}

impl Deref for Ref {
    type Target = MulticastSocket;

    #[inline]
    fn deref(&self) -> &MulticastSocket {
        self.socket()
    }
}

fn slot(handle: i32) -> Option<&'static Slot> {
    let index = usize::try_from(handle).ok()?;
    TABLE.get(index / PAGE)?.get()?.get(index % PAGE)
}

/// The slot of a descriptor number, made when it is first needed.
fn make_slot(number: i32) -> Result<&'static Slot> {
    let index = number as usize;
    let page = TABLE.get(index / PAGE).ok_or_else(|| Error::System {
        errno: libc::EMFILE,
        doing: format!("createMSocket: descriptor {number} is beyond the table"),
    })?;
    let new = || Slot {
        entry: ArcSwapOption::const_empty(),
        queue: QueueLock::default(),
        queued: AtomicUsize::new(0),
    };
    let page = page.get_or_init(|| Box::new(std::iter::repeat_with(new).take(PAGE).collect()));
    Ok(&page[index % PAGE])
}

/// Creates a multicast socket over the Interfaces `ifs` (the default ones when it is empty) and gives its handle.
pub fn create(ifs: &[u32]) -> Result<i32> {
    let prepared = MulticastSocket::prepare(ifs)?;
    let number = prepared.number();
    let slot = make_slot(number).inspect_err(|_| handle::close(number))?;
    // The number was free, so what stands there was closed behind the library's back.
    if let Some(lost) = slot.entry.swap(None) {
        log::warn!("descriptor {number} of a multicast socket was closed with close(); use deleteMSocket()");
        lost.socket.end();
    }
    let socket = MulticastSocket::open(prepared, slot);
    slot.entry.store(Some(Arc::new(Entry { socket, route: None })));
    Ok(number)
}

/// Deletes the multicast socket behind `handle`, waking every call that waits on it.
pub fn delete(handle: i32) -> Result<()> {
    let entry = slot(handle).and_then(|slot| slot.entry.swap(None)).ok_or(Error::NoSuchSocket)?;
    let socket = &entry.socket;
    let ours = socket.is_held();
    socket.end();
    if !ours {
        log::warn!(
            "descriptor {handle} of a multicast socket was closed with close(); use deleteMSocket() alone"
        );
        return Err(Error::NoSuchSocket);
    }
    handle::close(handle);
    Ok(())
}

/// The multicast socket behind `handle`.
#[inline]
pub fn find(handle: i32) -> Result<Ref> {
    let slot = slot(handle).ok_or(Error::NoSuchSocket)?;
    let entry = slot.entry.load();
    if entry.is_none() {
        return Err(Error::NoSuchSocket);
    }
    Ok(Ref { entry, slot })
}

/// Takes a message that was read ahead, if there are several: the commonest case while a backlog is drained, and the
/// one in which the socket itself is not needed.
#[inline]
pub fn take_ahead(handle: i32, buf: &mut [MaybeUninit<u8>]) -> Option<usize> {
    let slot = slot(handle)?;
    if slot.queued.load(Ordering::Acquire) < 2 {
        return None;
    }
    slot.queue.try_lock()?.take_ahead(&slot.queued, buf)
}

/// True when `handle` names a live multicast socket and the descriptor of that number is still the one that
/// `create` gave. Costs a system call: for the calls that must not mistake a reused number.
pub fn is_ours(handle: i32) -> bool {
    find(handle).is_ok_and(|socket| socket.is_held())
}
