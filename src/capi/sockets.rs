//! createMSocket, deleteMSocket (RFC 7046 §4.4.1, §4.4.2).

use super::errors::guard;
use super::ids::read_ids;
use crate::socket::handles;
use cabi::args;
use libc::c_int;

/// Creates a multicast socket
///
/// Creates a multicast socket over the given Interfaces and stores its handle in `*result`. With no
/// Interfaces given the socket takes the default ones: for IP the device that the kernel's
/// multicast route picks in each address family, else the first device that is up,
/// multicast-capable and no loopback, else loopback. Such a socket follows the host when its default
/// Interfaces change, until addInterface() or delInterface() is called on it.
///
/// The handle is a descriptor of its own. It is readable (poll, select, epoll) whenever receive()
/// would not block, it is closed on exec, and `O_NONBLOCK` set on it by fcntl() makes send() and
/// receive() non-blocking. Release it with deleteMSocket(), not with close(); after a
/// close() by mistake the calls that change the socket give `EBADF`, and none touches what has the
/// number then.
///
/// After fork() the child can send, receive (parent and child then share the messages between them)
/// and delete an inherited handle; calls that would change its groups, Interfaces or TTL give
/// `EBADF` there. Multicast sockets that the child creates are its own.
///
/// # Parameters
/// - `result`: takes the handle; -1 is stored there when the call fails.
/// - `num_ifs`: how many Interfaces follow, 0 to 65536; 0 asks for the default ones.
/// - `ifs`: the Interface ids. An id of technology "ip" is the kernel's interface index
///   (if_nametoindex()); `HAM_IPV4(index)` and `HAM_IPV6(index)` restrict it to one address family.
///   May be NULL when `num_ifs` is 0. The array stays the caller's.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `result` is NULL; `num_ifs` is not 0 and `ifs` is NULL; `num_ifs` is above 65536;
///   the configuration has an error (the log names file, line and key).
/// - `ENODEV`: one of the ids is no Interface of this host, or no Interface at all is fit for
///   multicast.
/// - `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EPERM`: a limit of the system; the log names it.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn createMSocket(result: *mut c_int, num_ifs: usize, ifs: *const u32) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        let result = unsafe { args::out(result, "the place of the handle") }?;
        *result = -1;
        // SAFETY: as ham.h asks of the caller.
        *result = handles::create(unsafe { read_ids(num_ifs, ifs) }?)?;
        Ok(0)
    })
}

/// Deletes a multicast socket
///
/// Leaves all groups of the multicast socket, withdraws its sources, drops the messages that wait
/// in it and releases everything that it holds. Calls of other threads that wait on the socket
/// return at once with `EBADF`.
///
/// In a child after fork() only the child's copies are released; the parent's socket is
/// undisturbed.
///
/// # Parameters
/// - `s`: the multicast socket.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.4.2.
#[unsafe(no_mangle)]
pub extern "C" fn deleteMSocket(s: c_int) -> c_int {
    guard(|| handles::delete(s).map(|()| 0))
}
