//! getInterfaces, addInterface, delInterface (RFC 7046 §4.3.1, §4.6.1 to §4.6.3).

use super::errors::guard;
use crate::interfaces;
use crate::socket::handles;
use cabi::{args, lists};
use libc::c_int;

/// Lists Interfaces
///
/// Lists the Interfaces of a multicast socket; with `HAM_ALL_INTERFACES` in the place of the
/// socket, every usable one of this host: each device that is up, multicast-capable and no
/// loopback, or loopback when there is no other. The ids can be given to createMSocket(),
/// addInterface(), setTTL() and the service calls; if_indextoname() names one of technology "ip".
///
/// # Parameters
/// - `msock`: the multicast socket, or `HAM_ALL_INTERFACES` (-1).
/// - `num_ifs`: takes the number of Interfaces.
/// - `ifs`: takes the address of an array of that many ids, one malloc() block, which the caller
///   releases with free(); NULL when there are none. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
/// - `EINVAL`: `num_ifs` or `ifs` is NULL.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, sections 4.3.1 and 4.6.1.
#[unsafe(no_mangle)]
pub extern "C" fn getInterfaces(msock: c_int, num_ifs: *mut usize, ifs: *mut *mut u32) -> c_int {
    guard(|| {
        let socket = match msock {
            -1 => None,
            handle => Some(handles::find(handle)?),
        };
        // SAFETY: as ham.h asks of the caller.
        let count = unsafe { args::out(num_ifs, "the place of the number of Interfaces") }?;
        // SAFETY: as ham.h asks of the caller.
        let array = unsafe { args::out(ifs, "the place of the Interfaces") }?;
        let list = match socket {
            None => interfaces::all()?,
            Some(socket) => socket.interfaces()?,
        };
        *array = lists::array(&list)?;
        *count = list.len();
        Ok(0)
    })
}

/// Adds an Interface to a multicast socket
///
/// The groups that the socket has joined are joined at the new Interface too, and messages are sent
/// there too. An Interface that the socket has already is left as it is. Loopback can be added by
/// its index.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `iface`: the Interface id.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `ENODEV`: no such Interface.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system; the log names it.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.6.2.
#[unsafe(no_mangle)]
pub extern "C" fn addInterface(msock: c_int, iface: u32) -> c_int {
    guard(|| {
        handles::find(msock)?.add_interface(iface)?;
        Ok(0)
    })
}

/// Removes an Interface from a multicast socket
///
/// The socket leaves its groups at this Interface and no longer sends there. The last Interface can
/// be removed too; the groups remain, and are joined at the next Interface that is added.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `iface`: the Interface id.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EADDRNOTAVAIL`: the socket does not have this Interface.
/// - `ENODEV`: the host does not have it either.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.6.3.
#[unsafe(no_mangle)]
pub extern "C" fn delInterface(msock: c_int, iface: u32) -> c_int {
    guard(|| {
        handles::find(msock)?.del_interface(iface)?;
        Ok(0)
    })
}
