//! send, receive (RFC 7046 §4.5).

use super::errors::guard;
use super::uri::{read_optional_uri, read_uri};
use crate::error::{Error, Result};
use crate::frame::MAX_MESSAGE;
use crate::socket::handles;
use cabi::args;
use libc::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::{ptr, slice};

/// No message of any technology is longer, so a wild buffer length is cut here.
const RECEIVE_MAX: usize = 1 << 16;

/// Not in the libc crate.
const MSG_PROBE: c_int = 0x10;

/// The flags that send(2) knows on Linux.
const SEND_FLAGS: c_int = libc::MSG_OOB
    | libc::MSG_DONTROUTE
    | MSG_PROBE
    | libc::MSG_DONTWAIT
    | libc::MSG_EOR
    | libc::MSG_CONFIRM
    | libc::MSG_NOSIGNAL
    | libc::MSG_MORE
    | libc::MSG_ZEROCOPY
    | libc::MSG_FASTOPEN;

/// Sends a message to a group; documented in `cbindgen.toml`, whose trailer writes its declaration
/// by hand.
///
/// The name belongs to libc too, so a caller of either can arrive here. A descriptor that is no
/// multicast socket is libc's when the fourth argument can be flags; a libc caller reads an
/// `ssize_t`.
#[cfg_attr(feature = "hamx", unsafe(export_name = "ham_send"))]
#[cfg_attr(not(feature = "hamx"), unsafe(export_name = "send"))]
pub extern "C" fn ham_send(
    msock: c_int,
    group_uri: *const c_void,
    buf_len: usize,
    buf: *const c_void,
) -> isize {
    // The low half alone: the ABI leaves the upper half of an `int` argument undefined.
    let flags = buf.addr() as u32 as c_int;
    // A buffer's address seldom looks like flags, so the system call in `is_ours` is seldom paid.
    if flags & !SEND_FLAGS == 0 && !handles::is_ours(msock) {
        // SAFETY: the arguments are those of libc's send, which is this call; its errno is the caller's.
        return unsafe { libc::sendto(msock, group_uri, buf_len, flags, ptr::null(), 0) };
    }
    guard(|| {
        let socket = handles::find_to_send(msock)?;
        send_message(&socket, group_uri.cast(), buf_len, buf).map(|()| 0)
    })
}

fn send_message(socket: &handles::Sending, uri: *const c_char, len: usize, buf: *const c_void) -> Result<()> {
    // SAFETY: as ham.h asks of the caller.
    let uri = unsafe { read_uri(uri) }?;
    if len > MAX_MESSAGE {
        return Err(Error::MessageSize(MAX_MESSAGE));
    }
    // SAFETY: as ham.h asks of the caller.
    socket.send(uri, unsafe { args::bytes(len, buf.cast(), "the message") }?)
}

/// Receives a message
///
/// Takes the next message of a joined group; those of one group come in the order of their arrival.
/// Waits for one unless `O_NONBLOCK` is set on the handle. A message that is longer than the buffer
/// is not cut: the call fails with `EMSGSIZE` and the message stays the next one, to be fetched
/// with a larger buffer; getMaxMsgSize() bytes are always enough.
///
/// The Group Name is an input: NULL takes the message of any joined group, a name only that
/// group's. To learn the group, the Interface and the sender of a message, use ham_receive_from()
/// of libhamx.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: NULL, or the Group Name of a joined group, in any spelling with the same normal
///   form. It stays the caller's.
/// - `buf_len`: the size of `buf` in bytes. More than 65536 is as good as 65536.
/// - `buf`: takes the message. May be NULL when `buf_len` is 0.
///
/// # Return value
/// The length of the message in bytes on success, where 0 is an empty message; -1 on failure with
/// the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket, or it was deleted while the call waited.
/// - `EINVAL`: `buf` is NULL and `buf_len` is not 0; `group_uri` has no NUL within `HAM_URI_MAX`
///   bytes, or is no ham-URI of a group.
/// - `EADDRNOTAVAIL`: `group_uri` is not joined by this socket.
/// - `EMSGSIZE`: the message is longer than `buf_len`; it stays queued.
/// - `EAGAIN`: `O_NONBLOCK` is set and there is no message.
/// - `EINTR`: a signal handler ran while the call waited. One that runs just before the wait begins
///   goes unnoticed, as with recv(2), and so may one in the instant, 130 ms later, when a short wait
///   turns to a long one. Where a signal has to end the wait, use ppoll(2) on the handle.
///
/// # Threads
/// Safe at any time from any thread; each message goes to one of the callers. In a membership event
/// callback it may wait as well, and then delays the events behind.
///
/// # Standard
/// RFC 7046, section 4.5.2.
#[unsafe(no_mangle)]
pub extern "C" fn receive(msock: c_int, group_uri: *const c_char, buf_len: usize, buf: *mut c_void) -> c_int {
    // Outside of the guard: this copies a message that is there, and neither fails nor panics.
    if group_uri.is_null() && !buf.is_null() {
        // SAFETY: the caller passes a buffer of `buf_len` bytes, his alone during the call.
        let buffer = unsafe { slice::from_raw_parts_mut(buf.cast(), buf_len.min(RECEIVE_MAX)) };
        if let Some(len) = handles::take_ahead(msock, buffer) {
            return len as c_int;
        }
    }
    receive_guarded(msock, group_uri, buf_len, buf)
}

// Apart, so that the way above saves no registers for it.
#[inline(never)]
fn receive_guarded(msock: c_int, group_uri: *const c_char, buf_len: usize, buf: *mut c_void) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let uri = unsafe { read_optional_uri(group_uri) }?;
        // SAFETY: as ham.h asks of the caller.
        let len = socket.receive(uri, unsafe { message_buffer(buf_len, buf) }?)?;
        // At most RECEIVE_MAX.
        Ok(len as c_int)
    })
}

/// The caller's buffer for a message.
///
/// # Safety
/// As [`args::buffer`].
pub unsafe fn message_buffer<'a>(len: usize, buf: *mut c_void) -> Result<&'a mut [MaybeUninit<u8>]> {
    // SAFETY: the caller's promise.
    Ok(unsafe { args::buffer(len.min(RECEIVE_MAX), buf.cast(), "the buffer") }?)
}
