//! UDP sockets for multicast: options, memberships, one message or many at a time.
//!
//! Messages go through `syscall` and not through libc's `sendto` and `recvmsg`: those are cancellation points, which in
//! a process of several threads costs each call 50 ns, and a thread must not be cancelled in the middle of this library.

#![allow(unsafe_code)]

mod address;
mod cmsg;
mod end;
mod membership;
mod options;
mod receive;
mod send;

pub(crate) use address::address_of;
pub use address::{port, socket_address};
pub(crate) use cmsg::{Control, destination};
pub use end::{is_shut, shut};
pub use membership::{Membership, join, leave};
pub use options::{
    bind_device, bind_shared, bind_source, connect, drops, set_buffer, set_destination, set_hear_all,
    set_interface, set_loopback, set_read_timeout, set_sender_honesty, set_trains, set_ttl, socket,
};
pub use receive::{Asked, Origin, copy, receive, receive_train, receive_whole};
pub use send::{TRAIN, send_to, send_train};
