//! Overlays of embedded routers on 127.0.0.1, in one process.

mod congestion;
mod death;
mod exchange;
mod keys;
mod members;
mod trees;

use super::settings::{Mode, Tls};
use super::*;
use carrier::{Arrived, Change};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Long enough for a machine under load.
const LONG: Duration = Duration::from_secs(30);

/// A port that nobody has now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn endpoints(ports: &[u16]) -> Vec<String> {
    ports.iter().map(|port| format!("tcp/127.0.0.1:{port}")).collect()
}

fn settings(mode: Mode, routers: &[u16], listen: &[u16]) -> Settings {
    Settings {
        name: "test".into(),
        mode,
        routers: endpoints(routers),
        listen: endpoints(listen),
        gateway: None,
        block: None,
        lease: Duration::from_secs(10),
        patience: LONG,
        tls: Tls { ca: None, certificate: None, key: None, verify_name: true },
        user: None,
        users: None,
        zenoh_config: None,
    }
}

/// A router, and its port. It is there when something is heard.
fn router(routers: &[u16]) -> (Overlay, u16) {
    let port = free_port();
    (Overlay::new(settings(Mode::Router, routers, &[port])), port)
}

fn client(router: u16) -> Overlay {
    Overlay::new(settings(Mode::Client, &[router], &[]))
}

/// Two clients and a router between them.
fn pair() -> (Overlay, Overlay, Overlay) {
    let (router, port) = router(&[]);
    router.announce_sender("ham:opaque:start").unwrap();
    until("the router is there", || router.is_up());
    (client(port), client(port), router)
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What came in: group, frame, sources.
type Came = (String, Vec<u8>, Vec<u8>);

fn hear(overlay: &Overlay, heard: Heard<'_>) -> (Hearing, Receiver<Came>) {
    let (send, receive) = channel();
    let take = move |arrived: Arrived<'_>| {
        let _ = send.send((arrived.group.to_owned(), arrived.frame.to_vec(), arrived.sources.to_vec()));
    };
    (overlay.hear(heard, Box::new(take)).unwrap(), receive)
}

fn group<'a>(name: &'a str) -> Heard<'a> {
    Heard::Group(name)
}

/// Sends until it comes out: what is declared here is known there a moment later.
#[track_caller]
fn meet(way: &dyn Way, receive: &Receiver<Came>) {
    until("sender and receiver meet", || {
        let _ = way.put(Frame::Borrowed(b"meet"), b"", Reach::NotLocal);
        receive.recv_timeout(Duration::from_millis(20)).is_ok()
    });
    // What else was on its way.
    while receive.recv_timeout(Duration::from_millis(200)).is_ok() {}
}

fn next(receive: &Receiver<Came>) -> Came {
    receive.recv_timeout(LONG).unwrap()
}

/// Connections that can be cut: to the outside a router that crashes.
struct Relay {
    port: u16,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    open: Arc<AtomicBool>,
    stalled: Arc<AtomicBool>,
}

impl Relay {
    fn new(to: u16) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Relay {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            open: Arc::new(AtomicBool::new(true)),
            stalled: Arc::default(),
        };
        let (connections, open) = (relay.connections.clone(), relay.open.clone());
        let stalled = relay.stalled.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let (one, other) = ((&near, &far), (&far, &near));
                for (from, to) in [one, other] {
                    let (from, to, stalled) =
                        (from.try_clone().unwrap(), to.try_clone().unwrap(), stalled.clone());
                    std::thread::spawn(move || pass(from, to, &stalled));
                }
                connections.lock().unwrap().extend([near, far]);
            }
        });
        relay
    }

    /// Takes nothing more, until it does again.
    fn stall(&self, stalled: bool) {
        self.stalled.store(stalled, Ordering::SeqCst);
    }

    /// Cuts all connections; new ones are cut too until it is open again.
    fn cut(&self) {
        self.open.store(false, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

/// Passes on what comes, until either end is closed.
fn pass(mut from: TcpStream, mut to: TcpStream, stalled: &AtomicBool) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        while stalled.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
