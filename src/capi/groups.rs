//! join, leave, srcRegister, srcDeregister (RFC 7046 §4.4.3 to §4.4.6).

use super::errors::guard;
use super::ids::ids_to_fill;
use super::uri::read_uri;
use crate::error::{Error, Result};
use crate::socket::handles;
use libc::{c_char, c_int};

/// Joins a multicast group
///
/// Subscribes the multicast socket to a group at all its Interfaces; for IP the hosts' routers and
/// switches learn it by IGMP or MLD. From the return on, receive() delivers what is sent to the
/// group. A join of a group that the socket has joined already changes its key at most. Where an Interface
/// cannot join now, the call still succeeds if another one did; the failed one is logged, and
/// joined as soon as it can be. An Interface that vanishes and comes back is joined again.
///
/// A Group Name is a ham-URI (RFC 7046, section 4.2). In the namespace "ip":
/// `ham:ip:224.1.2.3:5000` (any source), `ham:ip:[ff15::1]:5000` (IPv6),
/// `ham:ip:232.1.2.3@10.0.0.1:5000` (source-specific), `ham:ip:group.example.org:5000` (a DNS name,
/// resolved once by this call). These are plain UDP. The names of every other namespace, such as
/// `ham:opaque:news@cnn.com` or `ham:sip:news@cnn.com`, need no address: they are mapped to Group
/// Addresses of IPv4 and IPv6 by a hash or the configuration, and their messages travel in frames, so
/// that each is received once, by whatever Interfaces it comes, and fragments are put together again.
/// Without a port the configured default port is meant. Two names that have the same normal form are
/// the same group.
///
/// `/chacha20-poly1305;KEY`, `/aes-256-gcm;KEY` (32 bytes in base64url) or `/key;NAME` (a key of the
/// configuration) behind a name of any namespace are credentials: only messages that are sealed with
/// this key are received. They are no part of the name. To join again with other credentials is to
/// change the key.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: the Group Name, at most `HAM_URI_MAX` - 1 bytes and a NUL. It stays the caller's.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, is no ham-URI, or its
///   address is no multicast address.
/// - `EADDRNOTAVAIL`: no Interface of the socket can carry this group; `*` as the group is carried by
///   none of technology "ip".
/// - `EACCES`: the credentials in the URI are of an unknown algorithm, no key of 32 bytes, or name a
///   key that the configuration does not have.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it and
///   how to raise it.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback. It may wait for DNS, as
/// srcRegister() and the first send() to a name may.
///
/// # Standard
/// RFC 7046, section 4.4.3.
#[unsafe(no_mangle)]
pub extern "C" fn join(msock: c_int, group_uri: *const c_char) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        socket.join(unsafe { read_uri(group_uri) }?)?;
        Ok(0)
    })
}

/// Leaves a multicast group
///
/// Ends the subscription that join() made, at all Interfaces. Messages of the group that wait in
/// the multicast socket are dropped.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: the Group Name as for join(); any spelling with the same normal form will do. It
///   stays the caller's.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
///   group.
/// - `EADDRNOTAVAIL`: the socket has not joined this group.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.4.4.
#[unsafe(no_mangle)]
pub extern "C" fn leave(msock: c_int, group_uri: *const c_char) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        socket.leave(unsafe { read_uri(group_uri) }?)?;
        Ok(0)
    })
}

/// Registers as a source of a group
///
/// Says that the multicast socket is going to send to the group: the name is resolved, and the way
/// to the group is prepared at every Interface, so that the first send() costs no more than a later
/// one. groupSet() shows the socket as a sender from now on. Registering is optional; send() works
/// without it.
///
/// The ids of the Interfaces where it failed are stored in `ifs`, as many as there is room for; the
/// rest of the array is filled with 0, all of it when the call succeeds or fails for another
/// reason.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: the Group Name as for join(). It stays the caller's.
/// - `num_ifs`: how many ids `ifs` has room for, 0 to 65536.
/// - `ifs`: takes the ids of the Interfaces where it failed. May be NULL when `num_ifs` is 0.
///
/// # Return value
/// 0 when it succeeded at every Interface of the socket; -1 when it failed at one or more, or
/// altogether, with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
///   group; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
/// - `EADDRNOTAVAIL`: it failed at the Interfaces in `ifs`, or no Interface of the socket can carry
///   this group.
/// - `EACCES`: the credentials in the URI do not allow it.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.4.5.
#[unsafe(no_mangle)]
pub extern "C" fn srcRegister(
    msock: c_int,
    group_uri: *const c_char,
    num_ifs: usize,
    ifs: *mut u32,
) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let failed_at = unsafe { ids_to_fill(num_ifs, ifs) }?;
        failed_at.fill(0);
        // SAFETY: as ham.h asks of the caller.
        report(&socket.src_register(unsafe { read_uri(group_uri) }?)?, failed_at)
    })
}

/// Ends being a source of a group
///
/// Takes back what srcRegister() did: the multicast socket no longer intends to send to the group.
/// A later send() to the group still works. `ifs` is filled as by srcRegister().
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: the Group Name as for join(). It stays the caller's.
/// - `num_ifs`: how many ids `ifs` has room for, 0 to 65536.
/// - `ifs`: takes the ids of the Interfaces where it failed. May be NULL when `num_ifs` is 0.
///
/// # Return value
/// 0 when it succeeded at every Interface of the socket; -1 when it failed at one or more, or
/// altogether, with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EINVAL`: `group_uri` is NULL, has no NUL within `HAM_URI_MAX` bytes, or is no ham-URI of a
///   group; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
/// - `EADDRNOTAVAIL`: the socket is not registered as a source of this group, or it failed at the
///   Interfaces in `ifs`.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.4.6.
#[unsafe(no_mangle)]
pub extern "C" fn srcDeregister(
    msock: c_int,
    group_uri: *const c_char,
    num_ifs: usize,
    ifs: *mut u32,
) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let failed_at = unsafe { ids_to_fill(num_ifs, ifs) }?;
        failed_at.fill(0);
        // SAFETY: as ham.h asks of the caller.
        report(&socket.src_deregister(unsafe { read_uri(group_uri) }?)?, failed_at)
    })
}

/// Success only when no Interface failed.
fn report(failed: &[u32], ifs: &mut [u32]) -> Result<c_int> {
    if failed.is_empty() {
        return Ok(0);
    }
    for (to, id) in ifs.iter_mut().zip(failed) {
        *to = *id;
    }
    Err(Error::NotAvailable(format!("it failed at the Interfaces {failed:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_ids_as_there_is_room_for() {
        let mut ifs = [0; 2];
        assert!(report(&[5, 6, 7], &mut ifs).is_err());
        assert_eq!(ifs, [5, 6]);
        let mut ifs = [0; 3];
        assert!(report(&[9], &mut ifs).is_err());
        assert_eq!(ifs, [9, 0, 0]);
        assert_eq!(report(&[], &mut ifs), Ok(0));
    }
}
