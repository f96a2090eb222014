//! From a descriptor to its multicast socket, without a lock.

use super::MulticastSocket;
use crate::config;
use crate::control;
use crate::error::{Error, Result, limit_error};
use crate::receive::Inbox;
use crate::send::Route;
use arc_swap::{ArcSwapOption, Guard};
use once_cell::race::OnceBox;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::Arc;
use sys::handle::{self, Handle};

// A descriptor is below the hard limit of the system, fs.nr_open, a million by default.
const PAGE: usize = 1024;
const PAGES: usize = 1024;

/// What belongs to a descriptor number. Never freed, so that whoever looks finds either the socket of now or none.
struct Slot {
    socket: ArcSwapOption<MulticastSocket>,
    /// The route that the socket uses again and again: to send by it, the socket itself is not needed.
    route: ArcSwapOption<Route>,
    /// The queue of the socket that has the number now.
    inbox: Inbox,
}

static TABLE: [OnceBox<Vec<Slot>>; PAGES] = [const { OnceBox::new() }; PAGES];

/// A multicast socket in use by one call.
pub struct Ref(Guard<Option<Arc<MulticastSocket>>>);

impl Deref for Ref {
    type Target = MulticastSocket;

    #[inline]
    fn deref(&self) -> &MulticastSocket {
        // `find` makes no Ref of an empty slot.
        self.0.as_ref().expect("a Ref holds a socket")
    }
}

/// A multicast socket in use by a call that sends.
pub struct Sending {
    route: Guard<Option<Arc<Route>>>,
    slot: &'static Slot,
}

impl Sending {
    /// Sends a message to a group by every Interface of the socket that carries it (RFC 7046 §4.5.1). It succeeds when
    /// one of them took it.
    #[inline]
    pub fn send(&self, uri: &[u8], message: &[u8]) -> Result<()> {
        match self.route.as_ref() {
            Some(route) if route.serves(uri) => route.send(message),
            _ => self.search(uri, message),
        }
    }

    fn search(&self, uri: &[u8], message: &[u8]) -> Result<()> {
        let socket = self.slot.socket.load();
        let socket = socket.as_ref().ok_or(Error::NoSuchSocket)?;
        let promote = |route: &Arc<Route>| self.slot.promote(&self.route, route);
        if let Some(result) = socket.0.outbound.send_by_search(uri, message, promote) {
            return result;
        }
        let route = socket.make_route(uri)?;
        promote(&route);
        route.send(message)
    }
}

impl Slot {
    /// From now on the route is the one that is compared first.
    fn promote(&self, before: &Guard<Option<Arc<Route>>>, route: &Arc<Route>) {
        // Another thread was first: no harm.
        self.route.compare_and_swap(&**before, Some(route.clone()));
        // The socket was deleted meanwhile, and whoever did that may have emptied the place before.
        if route.is_deleted() {
            self.route.compare_and_swap(route, None);
        }
    }

    /// Takes the socket out, so that no call finds it any more.
    fn clear(&self) -> Option<Arc<MulticastSocket>> {
        self.socket.swap(None)
    }

    /// Ends the socket that was taken out.
    fn end(&self, socket: &MulticastSocket) {
        socket.end();
        self.route.store(None);
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
        socket: ArcSwapOption::const_empty(),
        route: ArcSwapOption::const_empty(),
        inbox: Inbox::default(),
    };
    let page = page.get_or_init(|| Box::new(std::iter::repeat_with(new).take(PAGE).collect()));
    Ok(&page[index % PAGE])
}

/// Creates a multicast socket over the Interfaces `ifs` (the default ones when it is empty) and gives its handle.
pub fn create(ifs: &[u32]) -> Result<i32> {
    config::get()?;
    control::prepare_for_fork();
    let (number, handle) = Handle::create().map_err(|e| limit_error(&e, "createMSocket"))?;
    let open = || {
        let slot = make_slot(number)?;
        // The number was free, so what stands there was closed behind the library's back.
        if let Some(lost) = slot.clear() {
            log::warn!(
                "descriptor {number} of a multicast socket was closed with close(); use deleteMSocket()"
            );
            slot.end(&lost);
        }
        let socket = MulticastSocket::open(number, handle, ifs, &slot.inbox)?;
        slot.socket.store(Some(Arc::new(socket)));
        Ok(number)
    };
    open().inspect_err(|_| handle::close(number))
}

/// Deletes the multicast socket behind `handle`, waking every call that waits on it.
pub fn delete(handle: i32) -> Result<()> {
    let slot = slot(handle).ok_or(Error::NoSuchSocket)?;
    let socket = slot.clear().ok_or(Error::NoSuchSocket)?;
    let ours = socket.core().is_held();
    slot.end(&socket);
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
    let socket = slot.socket.load();
    if socket.is_none() {
        return Err(Error::NoSuchSocket);
    }
    Ok(Ref(socket))
}

/// The same, for a call that sends.
#[inline]
pub fn find_to_send(handle: i32) -> Result<Sending> {
    let slot = slot(handle).ok_or(Error::NoSuchSocket)?;
    let route = slot.route.load();
    if route.is_none() && slot.socket.load().is_none() {
        return Err(Error::NoSuchSocket);
    }
    Ok(Sending { route, slot })
}

/// Takes a message that was read ahead, if there are several: the commonest case while a backlog is drained, and the
/// one in which the socket itself is not needed.
#[inline]
pub fn take_ahead(handle: i32, buf: &mut [MaybeUninit<u8>]) -> Option<usize> {
    slot(handle)?.inbox.take_ahead(buf)
}

/// True when `handle` names a live multicast socket and the descriptor of that number is still the one that
/// `create` gave. Costs a system call: for the calls that must not mistake a reused number.
pub fn is_ours(handle: i32) -> bool {
    find(handle).is_ok_and(|socket| socket.core().is_held())
}
