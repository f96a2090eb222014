//! Frames from node to node.

use super::*;

#[test]
fn two_clients_exchange_frames_of_every_size() {
    let (a, b, _router) = pair();
    let (_hearing, receive) = hear(&b, group("ham:opaque:news@cnn.com"));
    let way = a.way("ham:opaque:news@cnn.com").unwrap();
    meet(&*way, &receive);
    for size in [0, 1, 44, 64, 1400, 9000, 60_000, 65_507, 65_567] {
        let frame: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        let sources: &[u8] = if size % 2 == 0 { b"" } else { b"sources" };
        way.put(Frame::Own(frame.clone()), sources, Reach::All).unwrap();
        let (group, got, beside) = next(&receive);
        assert_eq!(group, "ham:opaque:news@cnn.com");
        assert!(got == frame, "{size} bytes");
        assert_eq!(beside, sources);
    }
}

#[test]
fn a_namespace_is_heard_as_a_whole_and_nothing_else() {
    let (a, b, router) = pair();
    let (_all, receive) = hear(&b, Heard::All { prefix: "ham:opaque:", suffix: "" });
    let (_at_router, at_router) = hear(&router, Heard::All { prefix: "", suffix: "" });
    let names = ["ham:opaque:a", "ham:opaque:b@x.org:5", "ham:sip:a@x.org", "ham:opaque:c%2Fd"];
    let ways = names.map(|name| a.way(name).unwrap());
    meet(&*ways[0], &receive);
    for (way, name) in ways.iter().zip(names) {
        until("the way is open", || {
            way.put(Frame::Own(name.as_bytes().to_vec()), b"", Reach::All).unwrap();
            at_router.recv_timeout(Duration::from_millis(50)).is_ok_and(|(group, ..)| group == name)
        });
    }
    // The last one is behind the others.
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != names[3]) {
        let (group, frame, _) = next(&receive);
        assert_eq!(group.as_bytes(), frame);
        heard.push(group);
    }
    heard.dedup();
    assert_eq!(heard, [names[0], names[1], names[3]]);
}

#[test]
fn the_reach_says_who_hears() {
    let (a, b, _router) = pair();
    let (_here, here) = hear(&a, group("ham:opaque:g"));
    let (_all_here, all_here) = hear(&a, Heard::All { prefix: "ham:opaque:", suffix: "" });
    let (_elsewhere, elsewhere) = hear(&b, group("ham:opaque:g"));
    let way = a.way("ham:opaque:g").unwrap();
    meet(&*way, &elsewhere);
    way.put(Frame::Own(b"local".to_vec()), b"", Reach::Local).unwrap();
    way.put(Frame::Own(b"not local".to_vec()), b"", Reach::NotLocal).unwrap();
    way.put(Frame::Own(b"all".to_vec()), b"s", Reach::All).unwrap();
    let frames = |receive: &Receiver<Came>, number: usize| -> Vec<Vec<u8>> {
        (0..number).map(|_| next(receive).1).collect()
    };
    assert_eq!(frames(&elsewhere, 2), [&b"not local"[..], b"all"]);
    assert_eq!(frames(&here, 2), [&b"local"[..], b"all"]);
    assert_eq!(frames(&all_here, 2), [&b"local"[..], b"all"]);
    // What went out does not come back.
    for receive in [&here, &all_here, &elsewhere] {
        assert!(receive.recv_timeout(Duration::from_millis(200)).is_err());
    }
}

#[test]
fn a_hearing_that_is_dropped_in_its_own_take_hears_no_more() {
    let (a, b, _router) = pair();
    let way = a.way("ham:opaque:g").unwrap();
    let slot: Arc<Mutex<Option<Hearing>>> = Arc::default();
    let times = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let take = {
        let (slot, times) = (slot.clone(), times.clone());
        move |_: Arrived<'_>| {
            if let Some(hearing) = slot.lock().unwrap().take() {
                times.fetch_add(1, Ordering::SeqCst);
                drop(hearing);
            } else {
                times.fetch_add(100, Ordering::SeqCst);
            }
        }
    };
    let mut locked = slot.lock().unwrap();
    *locked = Some(b.hear(group("ham:opaque:g"), Box::new(take)).unwrap());
    drop(locked);
    let (_second, receive) = hear(&b, group("ham:opaque:g"));
    meet(&*way, &receive);
    way.put(Frame::Own(b"again".to_vec()), b"", Reach::All).unwrap();
    next(&receive);
    assert_eq!(times.load(Ordering::SeqCst), 1);
}

#[test]
fn a_group_that_is_left_and_joined_again_is_heard_again() {
    let (a, b, _router) = pair();
    let way = a.way("ham:opaque:g").unwrap();
    for _ in 0..20 {
        let (hearing, receive) = hear(&b, group("ham:opaque:g"));
        until("it is heard", || {
            way.put(Frame::Own(b"x".to_vec()), b"", Reach::All).unwrap();
            receive.recv_timeout(Duration::from_millis(20)).is_ok()
        });
        drop(hearing);
        while receive.try_recv().is_ok() {}
        assert!(receive.recv_timeout(Duration::from_millis(5)).is_err(), "nothing after the drop");
    }
}

#[test]
fn many_threads_put_into_one_way() {
    let (a, b, _router) = pair();
    let (_hearing, receive) = hear(&b, group("ham:opaque:g"));
    let way = a.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let way = &way;
            scope.spawn(move || {
                (0..50u8).for_each(|i| way.put(Frame::Own(vec![thread, i]), b"", Reach::All).unwrap())
            });
        }
    });
    let mut counts = [0u8; 4];
    for _ in 0..200 {
        let (_, frame, _) = next(&receive);
        let [thread, i] = frame[..] else { panic!("{frame:?}") };
        assert_eq!(counts[usize::from(thread)], i, "each thread's own in order");
        counts[usize::from(thread)] += 1;
    }
}
