//! setTTL, getTTL, getAtomicMsgSize (RFC 7046 §4.6.4 to §4.6.6).

use super::errors::guard;
use super::ids::read_ids;
use crate::socket::handles;
use cabi::args;
use libc::c_int;

/// Sets the maximum hop count of messages
///
/// From now on messages of the multicast socket travel at most `value` hops from the given
/// Interfaces: the TTL of IPv4, the hop limit of IPv6. 1, the default unless configured otherwise,
/// keeps them on the link; 0 keeps them on this host. An unknown id among them leaves all as they
/// were. An Interface that is added later starts with what was last set on all of them, else with the
/// configured hop count.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `value`: the hop count, 0 to 255.
/// - `num_ifs`: how many Interfaces follow, 0 to 65536; 0 means every Interface that the socket
///   has.
/// - `ifs`: the Interface ids. May be NULL when `num_ifs` is 0. The array stays the caller's.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket; or it was inherited by fork().
/// - `EINVAL`: `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536.
/// - `EADDRNOTAVAIL`: one of the ids is no Interface of the socket.
/// - `ENODEV`: one of the ids is no Interface of this host.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.6.4.
#[unsafe(no_mangle)]
pub extern "C" fn setTTL(msock: c_int, value: u8, num_ifs: usize, ifs: *mut u32) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        handles::find(msock)?.set_ttl(value, unsafe { read_ids(num_ifs, ifs) }?)?;
        Ok(0)
    })
}

/// Gives the maximum hop count of messages
///
/// The Interfaces of a multicast socket can have different hop counts; the largest is given, or 0
/// when the socket has no Interface.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `result`: takes the hop count, 0 to 255. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
/// - `EINVAL`: `result` is NULL.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.6.5.
#[unsafe(no_mangle)]
pub extern "C" fn getTTL(msock: c_int, result: *mut u8) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let result = unsafe { args::out(result, "the place of the TTL") }?;
        *result = socket.ttl()?;
        Ok(0)
    })
}

/// Gives the size of messages that are not fragmented
///
/// The length in bytes of the longest message that surely travels unfragmented on all Interfaces of
/// the multicast socket. For IP it is the smallest MTU of the devices less the IP and UDP headers, and
/// less the frame's 44 bytes (60 where messages are sealed) once the socket has a group whose messages
/// travel in frames. It changes with the Interfaces, their MTU and the groups. Longer messages, up to getMaxMsgSize(), can be
/// sent as well.
///
/// # Parameters
/// - `msock`: the multicast socket.
///
/// # Return value
/// The size in bytes, above 0, on success; -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
/// - `EADDRNOTAVAIL`: no Interface of the socket is there now.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`: a limit of the system.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.6.6.
#[unsafe(no_mangle)]
pub extern "C" fn getAtomicMsgSize(msock: c_int) -> c_int {
    guard(|| {
        let size = handles::find(msock)?.atomic_size()?;
        Ok(c_int::try_from(size).unwrap_or(c_int::MAX))
    })
}
