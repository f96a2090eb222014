//! Bare Zenoh, as its own documentation has it used, for the roles of the benchmark: see ../zenoh.c.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::sync::OnceLock;
use std::time::Duration;
use zenoh::handlers::FifoChannelHandler;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::sample::Sample;
use zenoh::{Config, Session, Wait};

struct Node {
    _session: Session,
    publisher: Option<Publisher<'static>>,
    subscriber: Option<Subscriber<FifoChannelHandler<Sample>>>,
}

static NODE: OnceLock<Node> = OnceLock::new();

fn node() -> &'static Node {
    NODE.get().expect("bench_zenoh_open comes first")
}

fn open(settings: &str, send: u16, receive: u16) -> zenoh::Result<Node> {
    let mut config = Config::default();
    for line in settings.lines() {
        let (key, value) = line.split_once('=').ok_or("a setting without =")?;
        config.insert_json5(key, value)?;
    }
    let session = zenoh::open(config).wait()?;
    let key = |port: u16| format!("bench/{port}");
    let publisher = match send {
        0 => None,
        port => Some(session.declare_publisher(key(port)).wait()?),
    };
    let subscriber = match receive {
        0 => None,
        port => Some(session.declare_subscriber(key(port)).wait()?),
    };
    Ok(Node { _session: session, publisher, subscriber })
}

/// Opens a session. `settings`: KEY=JSON5 a line. `send`, `receive`: numbers of the keys, 0 for none. Returns 0, or -1 and says why.
///
/// # Safety
/// `settings` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_zenoh_open(settings: *const c_char, send: u16, receive: u16) -> c_int {
    // SAFETY: as the caller has it.
    let settings = unsafe { CStr::from_ptr(settings) }.to_str().unwrap_or("=");
    match open(settings, send, receive) {
        Ok(node) => NODE.set(node).map_or(-1, |()| 0),
        Err(error) => {
            eprintln!("bench: zenoh: {error}");
            -1
        }
    }
}

/// Publishes a message. Returns 0, or -1.
///
/// # Safety
/// `message` is there for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_zenoh_send(message: *const u8, length: usize) -> c_int {
    // SAFETY: as the caller has it.
    let message = unsafe { std::slice::from_raw_parts(message, length) };
    let publisher = node().publisher.as_ref().expect("a sender");
    publisher.put(message).wait().map_or(-1, |()| 0)
}

/// Takes the next message. Returns its length, -1 when none has come for `milliseconds`, -2 when it does not fit.
///
/// # Safety
/// `buffer` is there for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_zenoh_receive(buffer: *mut u8, size: usize, milliseconds: u32) -> isize {
    let subscriber = node().subscriber.as_ref().expect("a receiver");
    let Ok(Some(sample)) = subscriber.recv_timeout(Duration::from_millis(milliseconds.into())) else {
        return -1;
    };
    let message = sample.payload().to_bytes();
    if message.len() > size {
        return -2;
    }
    // SAFETY: there is room for it, as the caller has it.
    unsafe { buffer.copy_from_nonoverlapping(message.as_ptr(), message.len()) };
    message.len() as isize
}
