//! The constants of `ham.h` (the macros with arguments are in `cbindgen.toml`).
// The header is their only reader.
#![allow(dead_code)]

use crate::group::EventType;
use crate::membership::service::GroupType;
use libc::c_int;

/// GroupSet.type: this node listens to the group.
pub const HAM_LISTENER: c_int = 0;
/// GroupSet.type: this node is a source of the group.
pub const HAM_SENDER: c_int = 1;
/// GroupSet.type: both.
pub const HAM_SENDER_LISTENER: c_int = 2;

/// Membership event: a group has its first listener at an Interface.
pub const HAM_JOIN_EVENT: c_int = 0;
/// Membership event: the last listener of a group at an Interface has left.
pub const HAM_LEAVE_EVENT: c_int = 1;
/// Membership event: a group has a new source at an Interface.
pub const HAM_NEW_SOURCE_EVENT: c_int = 2;

/// The size in bytes of a buffer that holds any ham-URI with its NUL.
pub const HAM_URI_MAX: usize = 1024;

const _: () = {
    assert!(HAM_LISTENER == GroupType::Listener as c_int);
    assert!(HAM_SENDER == GroupType::Sender as c_int);
    assert!(HAM_SENDER_LISTENER == GroupType::SenderListener as c_int);
    assert!(HAM_JOIN_EVENT == EventType::Join as c_int);
    assert!(HAM_LEAVE_EVENT == EventType::Leave as c_int);
    assert!(HAM_NEW_SOURCE_EVENT == EventType::NewSource as c_int);
    assert!(HAM_URI_MAX == crate::name::URI_MAX);
};
