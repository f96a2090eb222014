//! Neighbours, parents and children.

use super::*;

fn own(overlay: &Overlay) -> String {
    node::uri(overlay.0.places().id())
}

fn sorted<const N: usize>(nodes: [&Overlay; N]) -> Vec<String> {
    let mut uris = nodes.map(own).to_vec();
    uris.sort();
    uris
}

#[test]
fn a_line_of_three_routers_knows_its_tree() {
    let (first, first_port) = router(&[]);
    let (middle, middle_port) = router(&[first_port]);
    let (last, last_port) = router(&[middle_port]);
    for router in [&first, &middle, &last] {
        router.announce_sender("ham:opaque:start").unwrap();
        until("the routers are there", || router.is_up());
    }
    let (source, listener) = (client(first_port), client(last_port));
    let (_hearing, receive) = hear(&listener, group("ham:opaque:g"));
    let way = source.way("ham:opaque:g").unwrap();
    let announced = source.announce_sender("ham:opaque:g").unwrap();
    meet(&*way, &receive);

    until("the neighbours of each", || {
        first.neighbors(None) == sorted([&middle, &source])
            && middle.neighbors(None) == sorted([&first, &last])
            && last.neighbors(None) == sorted([&middle, &listener])
            && source.neighbors(None) == sorted([&first])
    });
    let (g, other) = (Some("ham:opaque:g"), Some("ham:opaque:other"));
    let trees = [
        (&source, vec![], sorted([])),
        (&first, sorted([&source]), sorted([&middle])),
        (&middle, sorted([&first]), sorted([&last])),
        (&last, sorted([&middle]), sorted([&listener])),
        (&listener, sorted([&last]), vec![]),
    ];
    for (i, (node, parents, children)) in trees.iter().enumerate() {
        until(&format!("the tree at {i}"), || node.parents(g) == *parents && node.children(g) == *children);
        assert_eq!((node.parents(None), node.children(None)), (parents.clone(), children.clone()), "at {i}");
        assert_eq!((node.parents(other), node.children(other)), (vec![], vec![]), "at {i}");
    }
    assert_eq!(middle.neighbors(g), sorted([&first, &last]));

    // Nobody has said that he sends: then from each router's own place.
    drop(announced);
    until("the tree without a known source", || {
        middle.children(g) == sorted([&last])
            && last.children(g) == sorted([&listener])
            && middle.parents(g).is_empty()
    });
}

#[test]
fn nobody_else_asks_a_router_for_its_state() {
    use zenoh::Wait;
    let (_a, _b, router) = pair();
    let port = router.0.settings.listen[0].rsplit_once(':').unwrap().1.parse().unwrap();
    let stranger = session::open(&settings(Mode::Client, &[port], &[])).unwrap();
    let id = router.0.places().id().to_owned();
    // What its own session answers is of itself.
    let asked = |key: &str| -> Vec<String> {
        let replies = stranger.get(key).timeout(Duration::from_secs(2)).wait().unwrap();
        let keys = replies.into_iter().filter_map(|reply| Some(reply.result().ok()?.key_expr().to_string()));
        keys.filter(|key| key.starts_with(&format!("@/{id}"))).collect()
    };
    assert_eq!(asked("@/**"), [""; 0]);
    assert_eq!(asked(&format!("@/{id}/router")), [""; 0]);
    // So it would be answered.
    let own = router.0.session.load_full().unwrap();
    assert!(own.get("@/*/router").timeout(Duration::from_secs(10)).wait().unwrap().into_iter().count() > 0);
}
