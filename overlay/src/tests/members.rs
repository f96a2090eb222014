//! What others do, by their tokens.

use super::*;
use std::collections::BTreeSet;

type News = Arc<Mutex<Vec<(String, Role, bool)>>>;

fn watch(overlay: &Overlay) -> News {
    let news = News::default();
    let tell = news.clone();
    overlay.watch(Arc::new(move |change: Change| {
        tell.lock().unwrap().push((change.group.to_string(), change.role, change.present));
    }));
    news
}

fn states(overlay: &Overlay) -> BTreeSet<(String, Role)> {
    overlay.states().into_iter().map(|(group, role)| (group.to_string(), role)).collect()
}

#[test]
fn states_and_their_changes_are_told() {
    let (a, b, router) = pair();
    let (hearing, _receive) = hear(&a, group("ham:opaque:there"));
    let news = watch(&b);
    let there = ("ham:opaque:there".to_owned(), Role::Listener, true);
    until("what there was is told", || *news.lock().unwrap() == [there.clone()]);
    assert_eq!(states(&b), [("ham:opaque:there".to_owned(), Role::Listener)].into());
    // A second listener is no news, and the first one's leave neither.
    let (second, _receive) = hear(&router, group("ham:opaque:there"));
    let sender = a.announce_sender("ham:opaque:there").unwrap();
    until("the sender is told", || news.lock().unwrap().len() == 2);
    drop(hearing);
    drop(sender);
    until("the sender's end is told", || news.lock().unwrap().len() == 3);
    drop(second);
    until("the last listener's leave is told", || news.lock().unwrap().len() == 4);
    let group = || "ham:opaque:there".to_owned();
    assert_eq!(
        *news.lock().unwrap(),
        [
            there,
            (group(), Role::Sender, true),
            (group(), Role::Sender, false),
            (group(), Role::Listener, false),
        ]
    );
    assert_eq!(states(&b), BTreeSet::new());
}

#[test]
fn the_own_states_are_no_others() {
    let (a, _b, router) = pair();
    let _hearings =
        [hear(&a, group("ham:opaque:own")).0, hear(&a, Heard::All { prefix: "ham:opaque:", suffix: "" }).0];
    let _sender = a.announce_sender("ham:opaque:own").unwrap();
    until("the router knows of both", || states(&router).len() == 2);
    assert_eq!(states(&a), BTreeSet::new());
}

#[test]
fn the_first_question_is_answered() {
    let (a, b, router) = pair();
    let _hearings: Vec<_> = (0..200).map(|i| hear(&a, group(&format!("ham:opaque:{i}"))).0).collect();
    until("the router knows of all", || states(&router).len() == 200);
    assert_eq!(states(&b).len(), 200);
    // Also when somebody waits for changes already, and when two ask at once.
    let c = client(b.0.settings.routers[0].rsplit(':').next().unwrap().parse().unwrap());
    let _news = watch(&c);
    std::thread::scope(|scope| {
        let asked = [0, 1].map(|_| scope.spawn(|| states(&c).len()));
        assert_eq!(asked.map(|asked| asked.join().unwrap()), [200; 2]);
    });
}

#[test]
fn who_crashes_is_gone() {
    let (router, port) = router(&[]);
    let news = watch(&router);
    until("the router is there", || router.is_up());
    let relay = Relay::new(port);
    let a = client(relay.port);
    let (_hearing, receive) = hear(&a, group("ham:opaque:g"));
    let _sender = a.announce_sender("ham:opaque:g").unwrap();
    let way = router.way("ham:opaque:g").unwrap();
    meet(&*way, &receive);
    until("it is there", || states(&router).len() == 2);
    relay.cut();
    until("it is gone", || states(&router).is_empty());
    until("it knows that it is alone", || !a.is_up());
    let back = a.way("ham:opaque:g").unwrap().put(Frame::Own(b"x".to_vec()), b"", Reach::All).unwrap_err();
    assert_eq!(back.raw_os_error(), Some(libc::ENETUNREACH));
    relay.open();
    until("it is there again", || states(&router).len() == 2);
    meet(&*way, &receive);
    let told: Vec<bool> = news.lock().unwrap().iter().map(|(_, _, present)| *present).collect();
    assert_eq!(told, [true, true, false, false, true, true]);
}

#[test]
fn the_lowest_forwarder_is_designated() {
    let (a, b, router) = pair();
    a.states();
    until("all are there", || a.is_up() && b.states().is_empty() && b.is_up());
    assert!(router.designated(None) && !a.designated(None) && !b.designated(Some("ham:opaque:g")));
    let both = [&a, &b].map(|node| node.announce_forwarder("ham:opaque:g", "lan/1").unwrap());
    until("one of them is", || a.designated(Some("ham:opaque:g")) != b.designated(Some("ham:opaque:g")));
    let _other =
        [&a, &b].map(|node| node.announce_forwarder("ham:opaque:h", &format!("{}", node.is_up() as u8)));
    let [first, second] = both;
    let was_a = a.designated(Some("ham:opaque:g"));
    drop(if was_a { first } else { second });
    let left = if was_a { &b } else { &a };
    until("the other one takes over", || left.designated(Some("ham:opaque:g")));
}

/// Node a's listening in `ham:opaque:GROUP`.
fn apply(others: &mut crate::others::Others, group: &str, came: bool) -> bool {
    others.apply(&format!("ham/v1/ham%3Aopaque%3A{group}/rx/a/b"), came, |_| false)
}

#[test]
fn the_table_is_bounded() {
    let mut others = crate::others::Others::default();
    let told = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = told.clone();
    others.tell(Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    let limit = others::LIMIT;
    for i in 0..limit + 100 {
        assert!(!apply(&mut others, &format!("g{i}"), true));
    }
    assert_eq!(told.load(Ordering::SeqCst), limit);
    assert!(!apply(&mut others, "g0", false), "there is hardly room");
    apply(&mut others, "more", true);
    assert_eq!(told.load(Ordering::SeqCst), limit + 2);
    // The same again, and what never came, change nothing.
    apply(&mut others, "more", true);
    apply(&mut others, "none", false);
    assert_eq!((told.load(Ordering::SeqCst), others.states().len()), (limit + 2, limit));
    // When there is room, those that were left out are asked for once.
    let asked = (1..limit / 8).filter(|i| apply(&mut others, &format!("g{i}"), false)).count();
    assert_eq!(asked, 1);
    let (told_by_now, left) = (told.load(Ordering::SeqCst), others.states().len());
    others.clear();
    assert_eq!((told.load(Ordering::SeqCst), others.states().len()), (told_by_now + left, 0));
    let name = "n".repeat(1000);
    for i in 0..70_000 {
        apply(&mut others, &format!("{name}{i}"), true);
    }
    assert!((60_000..70_000).contains(&others.states().len()), "names fill it too");
}
