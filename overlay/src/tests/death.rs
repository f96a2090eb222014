//! Routers that are not there, hang, or die; sessions that die.

use super::*;

#[test]
fn what_is_wanted_without_a_router_is_made_good() {
    let port = free_port();
    let mut first = settings(Mode::Client, &[port], &[]);
    first.patience = Duration::from_millis(50);
    let a = Overlay::new(first);
    let begin = Instant::now();
    let (_hearing, receive) = hear(&a, group("ham:opaque:g"));
    let way = a.way("ham:opaque:h").unwrap();
    // The patience is that of the first use, not of each.
    let _more: Vec<_> = (0..300).map(|i| hear(&a, group(&format!("ham:opaque:{i}"))).0).collect();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(!a.is_up());
    let error = way.put(Frame::Own(b"x".to_vec()), b"", Reach::All).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENETUNREACH));
    let router = Overlay::new(settings(Mode::Router, &[], &[port]));
    let (_at_router, at_router) = hear(&router, group("ham:opaque:h"));
    let back = router.way("ham:opaque:g").unwrap();
    until("the session is there", || a.is_up());
    meet(&*way, &at_router);
    meet(&*back, &receive);
}

#[test]
fn those_in_this_process_hear_without_a_router() {
    let mut alone = settings(Mode::Client, &[free_port()], &[]);
    alone.patience = Duration::ZERO;
    let a = Overlay::new(alone);
    let (_hearing, receive) = hear(&a, group("ham:opaque:g"));
    let way = a.way("ham:opaque:g").unwrap();
    way.put(Frame::Own(b"local".to_vec()), b"", Reach::Local).unwrap();
    assert!(way.put(Frame::Own(b"all".to_vec()), b"", Reach::All).is_err());
    assert!(way.put(Frame::Own(b"not".to_vec()), b"", Reach::NotLocal).is_err());
    assert_eq!((next(&receive).1, next(&receive).1), (b"local".to_vec(), b"all".to_vec()));
    assert!(receive.try_recv().is_err());
}

#[test]
fn a_dead_session_is_replaced() {
    let (a, b, _router) = pair();
    let (_hearing, receive) = hear(&a, group("ham:opaque:g"));
    let (_back, at_b) = hear(&b, group("ham:opaque:h"));
    let (way, back) = (b.way("ham:opaque:g").unwrap(), a.way("ham:opaque:h").unwrap());
    let _sender = a.announce_sender("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    meet(&*back, &at_b);
    let before = a.0.places().id().to_owned();
    // As a panic in a call leaves it.
    a.0.failed.store(true, Ordering::SeqCst);
    until("there is another session", || a.is_up() && a.0.places().id() != before);
    meet(&*way, &receive);
    meet(&*back, &at_b);
    until("it is announced", || b.states().len() == 2);
    assert_eq!(a.states().len(), 1, "what the first session said is not another node's");
}

#[test]
fn a_session_that_finds_no_router_for_long_is_replaced() {
    let (router, port) = router(&[]);
    let (_hearing, receive) = hear(&router, group("ham:opaque:g"));
    let relay = Relay::new(port);
    let mut forgetful = settings(Mode::Client, &[relay.port], &[]);
    forgetful.lease = Duration::from_millis(500);
    let a = Overlay::new(forgetful);
    let way = a.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    let before = a.0.places().id().to_owned();
    relay.cut();
    until("the session is given up", || a.0.session.load().is_none());
    relay.open();
    until("there is another session", || a.is_up() && a.0.places().id() != before);
    meet(&*way, &receive);
}

#[test]
fn a_session_is_replaced_before_its_numbers_come_again() {
    let (a, _b, router) = pair();
    let (_hearing, receive) = hear(&router, group("ham:opaque:g"));
    let way = a.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    let before = a.0.places().id().to_owned();
    let mut groups = 0;
    while a.0.places().id() == before {
        groups += 1;
        assert!(groups < 10_000, "it is not replaced");
        let _other = a.way(&format!("ham:opaque:{groups}")).unwrap();
        a.settle();
    }
    assert!(groups > 1000, "{groups}");
    meet(&*way, &receive);
}

#[test]
fn nothing_waits_for_a_router_that_hangs() {
    // It accepts, and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut hanging = settings(Mode::Client, &[silent.local_addr().unwrap().port()], &[]);
    hanging.patience = Duration::from_millis(50);
    let a = Overlay::new(hanging);
    let begin = Instant::now();
    let (hearing, _receive) = hear(&a, group("ham:opaque:g"));
    let way = a.way("ham:opaque:g").unwrap();
    let sender = a.announce_sender("ham:opaque:g").unwrap();
    assert!(way.put(Frame::Own(b"x".to_vec()), b"", Reach::All).is_err());
    assert!(a.states().is_empty() && a.neighbors(None).is_empty() && a.children(None).is_empty());
    drop((hearing, way, sender));
    // Zenoh itself gives up after 10 s.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_router_waits_for_its_routers_in_the_background() {
    let (near, far) = (free_port(), free_port());
    let a = Overlay::new(settings(Mode::Router, &[far], &[near]));
    let (_hearing, receive) = hear(&a, group("ham:opaque:g"));
    a.settle();
    assert!(a.is_up());
    let b = Overlay::new(settings(Mode::Router, &[], &[far]));
    let way = b.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
}

#[test]
fn zenoh_has_its_threads_named_as_the_panic_hook_expects() {
    let (_a, _b, router) = pair();
    assert!(router.is_up());
    let names: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    for kind in ["rx-0", "tx-0", "net-0"] {
        assert!(names.iter().any(|name| name == kind), "{kind} is not among {names:?}");
    }
}
