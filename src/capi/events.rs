//! registerEventCallback, enableEvents, disableEvents (RFC 7046 §4.3.2, §4.7.6, §4.7.7).
#![allow(unexpected_cfgs)]

use super::errors::guard;
use crate::membership::events;
use libc::{c_char, c_int};

/// What an application gives to registerEventCallback(). `type` is HAM_JOIN_EVENT, HAM_LEAVE_EVENT
/// or HAM_NEW_SOURCE_EVENT; `group_uri` lives until the callback returns.
// As for GroupSet in service.rs.
#[cfg(not(ham_types))]
pub type MembershipEventCallback = Option<extern "C" fn(r#type: c_int, iface: u32, group_uri: *const c_char)>;

/// Registers the callback for membership events
///
/// The callback gets the membership events from enableEvents() on: the event's type, the Interface
/// where it was seen, and the Group Name, a string that lives until the callback returns. It
/// replaces an earlier one; NULL takes it away. The earlier callback does not run any more when the
/// call returns, except when it made the call itself; so do not hold a lock that the callback waits
/// for.
///
/// Events are delivered one at a time, in order, by a thread of the library that takes no signal. A
/// slow callback delays the events behind it but no message. The callback may call every function
/// of this library. A C++ exception must not leave it.
///
/// # Parameters
/// - `callback`: the function to call, or NULL.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `ENOMEM`, `EAGAIN`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, sections 4.3.2 and 4.7.6.
#[unsafe(no_mangle)]
pub extern "C" fn registerEventCallback(callback: MembershipEventCallback) -> c_int {
    guard(|| events::register(callback).map(|()| 0))
}

/// Starts the delivery of membership events
///
/// From now on the callback of registerEventCallback() is called: first for every group state that
/// there is already, then for each change that this host observes: a first listener, a last leave,
/// a new source of a group at an Interface. The states are those of groupSet(), under the names that
/// it gives them, so also those of other hosts. When a name changes because an own Group Name of the
/// address came or went, the old name is left and the new one is joined. Calling it twice is the same
/// as once. After fork() events are off in the child, and can be started there.
///
/// Of other hosts IGMP and MLD tell Group Addresses, presence (off by default) Group Names. With
/// presence on, a join that is heard by address waits 50 ms for its name, 500 ms for what is there
/// already; one that nobody names is told by its address. When a name is left, what is still
/// listened to at its address after 5 s is told as a join of that address.
///
/// A host that crashes leaves when the link's querier would say so (RFC 3376, section 8.4: 260 s by
/// default), by presence after 3 s (up to 15 s with a thousand processes). When the last known host of IGMPv2 or MLDv1 leaves, the leave is told when nobody has
/// answered the querier's question; that of a host of IGMPv3 or MLDv2 at once.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EAGAIN`: a limit of the system; the log names it.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.6.
#[unsafe(no_mangle)]
pub extern "C" fn enableEvents() -> c_int {
    guard(|| events::enable().map(|()| 0))
}

/// Stops the delivery of membership events
///
/// After it returns, in another thread than the callback's, no callback is running and none will be
/// called until enableEvents(). Events that were not delivered yet are dropped. The registered
/// callback stays registered.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `ENOMEM`: the system is out of memory.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.7.7.
#[unsafe(no_mangle)]
pub extern "C" fn disableEvents() -> c_int {
    guard(|| events::disable().map(|()| 0))
}
