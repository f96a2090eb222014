//! What libhamx has beyond Appendix A.
#![allow(non_camel_case_types)]

use super::constants::HAM_URI_MAX;
use super::data::message_buffer;
use super::errors::{LAST, guard};
use super::uri::read_optional_uri;
use crate::interfaces;
use crate::socket::handles;
use cabi::args;
use cabi::last::Last;
use cabi::text::store;
use libc::{c_char, c_int, c_void};

/// What ham_receive_from() tells of a message.
#[repr(C)]
pub struct ham_message {
    /// The joined Group Name that the message came for, in normal form.
    pub group_uri: [c_char; HAM_URI_MAX],
    /// The Interface that it came in by.
    pub iface: u32,
    /// The sender, "ADDRESS:PORT" or "[ADDRESS]:PORT".
    pub from: [c_char; 64],
}

/// The properties of an Interface (RFC 7046, section 4.3.1).
#[repr(C)]
pub struct ham_ifProp {
    /// The Interface id.
    pub if_index: u32,
    /// Its name, such as "eth0".
    pub ifName: [c_char; 64],
    /// Its first address in its technology's syntax, such as "192.0.2.1"; empty when it has none.
    pub ifAddr: [c_char; 64],
    /// Its technology: "ip" or "overlay".
    pub ifTech: [c_char; 16],
    /// The longest packet that it carries, in bytes.
    pub mtu: u32,
}

/// Counters of a multicast socket, from its creation on.
#[repr(C)]
pub struct ham_statistics {
    /// Messages that were passed to at least one Interface.
    pub sent: u64,
    /// Sends that failed at one Interface, also when another one succeeded.
    pub send_failures: u64,
    /// Messages that were handed to the application.
    pub received: u64,
    /// Messages that the kernel dropped because the receive buffer was full.
    pub dropped_by_kernel: u64,
    /// Messages that the library dropped because its own queue was full.
    pub dropped_by_library: u64,
    /// Joins that failed at one Interface and are retried.
    pub join_failures: u64,
    /// Messages to framed groups that came again, by another Interface or path, and were not handed out again.
    pub duplicates: u64,
    /// Messages to framed groups that have not come, as the gaps between those that have tell.
    pub lost: u64,
    /// Datagrams at framed groups that were no frames of this version, or did not authenticate.
    pub refused: u64,
}

/// Counters of a multicast socket at one of its Interfaces, from their association on.
#[repr(C)]
pub struct ham_ifStatistics {
    /// Messages that were passed to the Interface.
    pub sent: u64,
    /// Messages that could not be passed to it.
    pub send_failures: u64,
    /// Datagrams that came in by it for groups of the socket: messages, fragments and bundles, duplicates too.
    pub received: u64,
    /// Datagrams that the kernel dropped because the receive buffer was full.
    pub dropped_by_kernel: u64,
}

/// Receives a message and says where it came from
///
/// As receive() of ham.h, and stores the Group Name, the Interface and the sender of the message in
/// `*info`.
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `group_uri`: NULL, or the Group Name of a joined group. It stays the caller's.
/// - `buf_len`: the size of `buf` in bytes.
/// - `buf`: takes the message. May be NULL when `buf_len` is 0.
/// - `info`: takes where it came from. Nothing is stored when the call fails.
///
/// # Return value
/// The length of the message in bytes on success, where 0 is an empty message; -1 on failure with
/// the reason in errno.
///
/// # Errors
/// - `EINVAL`: `info` is NULL, or as by receive().
/// - `EBADF`, `EADDRNOTAVAIL`, `EMSGSIZE`, `EAGAIN`, `EINTR`: as by receive().
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// Extends RFC 7046, section 4.5.2, whose Group Name is an output.
#[unsafe(no_mangle)]
pub extern "C" fn ham_receive_from(
    msock: c_int,
    group_uri: *const c_char,
    buf_len: usize,
    buf: *mut c_void,
    info: *mut ham_message,
) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let uri = unsafe { read_optional_uri(group_uri) }?;
        // SAFETY: as ham.h asks of the caller.
        let info = unsafe { args::out(info, "the place of the message's origin") }?;
        // SAFETY: as ham.h asks of the caller.
        let received = socket.receive_from(uri, unsafe { message_buffer(buf_len, buf) }?)?;
        store(&mut info.group_uri, &received.group);
        info.iface = received.interface;
        store(&mut info.from, received.from);
        Ok(received.len as c_int)
    })
}

/// Gives the properties of an Interface
///
/// # Parameters
/// - `iface`: the Interface id.
/// - `prop`: takes the properties. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EINVAL`: `prop` is NULL.
/// - `ENODEV`: no such Interface.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// RFC 7046, section 4.3.1, struct ifProp.
#[unsafe(no_mangle)]
pub extern "C" fn ham_interfaceProperties(iface: u32, prop: *mut ham_ifProp) -> c_int {
    guard(|| {
        // SAFETY: as ham.h asks of the caller.
        let prop = unsafe { args::out(prop, "the place of the properties") }?;
        let now = interfaces::properties(iface)?;
        prop.if_index = iface;
        store(&mut prop.ifName, now.name);
        store(&mut prop.ifAddr, now.address);
        store(&mut prop.ifTech, now.technology);
        prop.mtu = now.mtu;
        Ok(0)
    })
}

/// Gives the counters of a multicast socket
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `stats`: takes the counters. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
/// - `EINVAL`: `stats` is NULL.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// Not part of RFC 7046.
#[unsafe(no_mangle)]
pub extern "C" fn ham_statistics(msock: c_int, stats: *mut ham_statistics) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let stats = unsafe { args::out(stats, "the place of the statistics") }?;
        let now = socket.statistics()?;
        *stats = ham_statistics {
            sent: now.sent,
            send_failures: now.send_failures,
            received: now.received,
            dropped_by_kernel: now.dropped_by_kernel,
            dropped_by_library: now.dropped_by_library,
            join_failures: now.join_failures,
            duplicates: now.duplicates,
            lost: now.lost,
            refused: now.refused,
        };
        Ok(0)
    })
}

/// Gives the counters of a multicast socket at one of its Interfaces
///
/// # Parameters
/// - `msock`: the multicast socket.
/// - `iface`: the Interface id, as it was associated.
/// - `stats`: takes the counters. Nothing is stored when the call fails.
///
/// # Return value
/// 0 on success, -1 on failure with the reason in errno.
///
/// # Errors
/// - `EBADF`: no such multicast socket.
/// - `EINVAL`: `stats` is NULL.
/// - `ENODEV`: no such Interface.
/// - `EADDRNOTAVAIL`: it is no Interface of the socket.
///
/// # Threads
/// Safe at any time from any thread, and from a membership event callback.
///
/// # Standard
/// Not part of RFC 7046.
#[unsafe(no_mangle)]
pub extern "C" fn ham_interfaceStatistics(msock: c_int, iface: u32, stats: *mut ham_ifStatistics) -> c_int {
    guard(|| {
        let socket = handles::find(msock)?;
        // SAFETY: as ham.h asks of the caller.
        let stats = unsafe { args::out(stats, "the place of the statistics") }?;
        let now = socket.interface_statistics(iface)?;
        *stats = ham_ifStatistics {
            sent: now.sent,
            send_failures: now.send_failures,
            received: now.received,
            dropped_by_kernel: now.dropped_by_kernel,
        };
        Ok(0)
    })
}

/// Says in a sentence why the last failed call failed
///
/// # Return value
/// A sentence on the calling thread's last call that failed, or "" before any. It lives until the
/// thread calls ham_last_error() again, or ends.
///
/// # Threads
/// Each thread has its own.
///
/// # Standard
/// Not part of RFC 7046.
#[unsafe(no_mangle)]
pub extern "C" fn ham_last_error() -> *const c_char {
    Last::sentence(&LAST)
}

/// Gives the version of the library
///
/// # Return value
/// The version at run time, such as "1.0.0", as `HAM_VERSION` is the one of the header; it lives as
/// long as the process.
///
/// # Threads
/// Safe at any time from any thread.
///
/// # Standard
/// Not part of RFC 7046.
#[unsafe(no_mangle)]
pub extern "C" fn ham_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
