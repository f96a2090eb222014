//! Processes on a network of their own: the thread, the sockets, and the end of a process.

use crate::control::own_groups;
use crate::presence::{self, HostChange};
use crate::socket::handles;
use carrier::Role;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use testbed::sandbox::{inside_with, sh};

static CHANGES: Mutex<Option<Sender<HostChange>>> = Mutex::new(None);

const ON: &[(&str, &str)] = &[("HAM_PRESENCE", "1")];

fn heard() -> Receiver<HostChange> {
    let (send, receive) = channel();
    *CHANGES.lock().unwrap() = Some(send);
    presence::listen(
        &crate::config::get().unwrap().presence,
        |change| {
            if let Some(changes) = &*CHANGES.lock().unwrap() {
                let _ = changes.send(change.clone());
            }
        },
        own_groups,
    )
    .unwrap();
    receive
}

/// The next change, as text.
fn next(changes: &Receiver<HostChange>) -> String {
    let change = changes.recv_timeout(Duration::from_secs(20)).expect("a change");
    assert!(change.own && change.group.is_multicast());
    let role = if change.role == Role::Listener { "listens to" } else { "sends to" };
    let no_longer = if change.came { "" } else { "no longer " };
    format!("{} {no_longer}{role} {}", change.address, change.name)
}

/// Another process, which joins, says so, and ends when its input does: in order, or by a signal.
fn other(name: &str, settings: &[(&str, &str)]) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["presence::tests::hosts::the_other_process", "--exact", "--nocapture", "--ignored"]);
    child.env("HAM_TEST_JOIN", name).envs(settings.iter().copied());
    child.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the test itself runs")
}

#[test]
#[ignore = "started by the other tests"]
fn the_other_process() {
    let Some(name) = std::env::var_os("HAM_TEST_JOIN") else { return };
    let socket = handles::create(&[]).unwrap();
    handles::find(socket).unwrap().join(name.as_encoded_bytes()).unwrap();
    let _ = std::io::read_to_string(std::io::stdin());
    std::process::exit(0);
}

#[test]
fn processes_hear_of_each_other_and_of_their_end() {
    inside_with("presence::tests::hosts::processes_hear_of_each_other_and_of_their_end", ON, || {
        sh("ip link set lo up");
        let lo = watch::by_name("lo").unwrap().unwrap().index;
        let changes = heard();
        let mut silent = other("ham:opaque:silent", &[("HAM_PRESENCE", "0")]);
        let mut there = other("ham:opaque:news", &[]);
        assert_eq!(next(&changes), "127.0.0.1 listens to ham:opaque:news");
        // A second one on the same host is no news, nor is its end.
        let mut second = other("ham:opaque:news", &[("HAM_PRESENCE_INTERVAL", "100")]);
        let mut third = other("ham:opaque:more", &[("HAM_PRESENCE_INTERVAL", "100")]);
        assert_eq!(next(&changes), "127.0.0.1 listens to ham:opaque:more");
        drop(second.stdin.take());
        assert!(second.wait().unwrap().success());
        // One that ends in order says so.
        drop(there.stdin.take());
        assert!(there.wait().unwrap().success());
        assert_eq!(next(&changes), "127.0.0.1 no longer listens to ham:opaque:news");
        // One that does not is missed.
        third.kill().unwrap();
        third.wait().unwrap();
        assert_eq!(next(&changes), "127.0.0.1 no longer listens to ham:opaque:more");

        // This process itself is none of the others.
        let socket = handles::create(&[lo]).unwrap();
        handles::find(socket).unwrap().join(b"ham:opaque:own").unwrap();
        let mut fourth = other("ham:opaque:last", &[]);
        assert_eq!(next(&changes), "127.0.0.1 listens to ham:opaque:last");
        drop(fourth.stdin.take());
        fourth.wait().unwrap();
        assert_eq!(next(&changes), "127.0.0.1 no longer listens to ham:opaque:last");
        drop(silent.stdin.take());
        silent.wait().unwrap();
        assert!(changes.try_recv().is_err());
    });
}

#[test]
fn names_of_addresses_alone_start_nothing() {
    inside_with("presence::tests::hosts::names_of_addresses_alone_start_nothing", ON, || {
        sh("ip link set lo up");
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        let socket = handles::create(&[]).unwrap();
        let socket = handles::find(socket).unwrap();
        socket.join(b"ham:ip:239.1.2.3:5000").unwrap();
        // The interface watch.
        assert_eq!(threads(), before + 1);
        socket.join(b"ham:opaque:news").unwrap();
        assert_eq!(threads(), before + 2);
    });
}
