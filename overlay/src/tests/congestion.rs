//! Routers that take nothing more.

use super::*;

/// A client behind a relay, with a way to a receiver at the router.
fn behind_a_relay(block: Option<Duration>) -> (Relay, Overlay, Box<dyn Way>, Hearing, Receiver<Came>) {
    let (router, port) = router(&[]);
    let (hearing, receive) = hear(&router, group("ham:opaque:g"));
    let relay = Relay::new(port);
    let mut settings = settings(Mode::Client, &[relay.port], &[]);
    // Longer than the test stalls it.
    settings.lease = 4 * LONG;
    settings.block = block;
    let a = Overlay::new(settings);
    let way = a.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    (relay, a, way, hearing, receive)
}

#[test]
fn what_finds_no_room_is_told() {
    let (relay, _a, way, _hearing, receive) = behind_a_relay(None);
    relay.stall(true);
    let frame = vec![1; 60_000];
    until("there is no room", || {
        way.put(Frame::Own(frame.clone()), b"", Reach::All)
            .is_err_and(|e| e.raw_os_error() == Some(libc::ENOBUFS))
    });
    relay.stall(false);
    meet(&*way, &receive);
}

#[test]
fn a_put_that_may_wait_fails_in_the_end() {
    let (relay, _a, way, _hearing, receive) = behind_a_relay(Some(Duration::from_millis(200)));
    relay.stall(true);
    let frame = vec![1; 60_000];
    let mut error = None;
    let mut waited = Duration::ZERO;
    until("there is no room", || {
        let begin = Instant::now();
        error = way.put(Frame::Own(frame.clone()), b"", Reach::All).err();
        waited = begin.elapsed();
        error.is_some()
    });
    assert_eq!(error.unwrap().raw_os_error(), Some(libc::ENOBUFS));
    assert!(waited >= Duration::from_millis(150), "{waited:?}");
    relay.stall(false);
    meet(&*way, &receive);
}
