//! Group Names as keys.

use super::*;
use crate::key::{self, Says};
use proptest::prelude::*;
use zenoh::key_expr::{KeyExpr, OwnedKeyExpr};

proptest! {
    #[test]
    fn every_name_survives(group in "[!-~]{1,100}", at in "(@[a-z.]{1,20})?(:[1-9][0-9]{0,3})?") {
        let name = format!("ham:opaque:{group}{at}");
        let key = key::data(&name);
        prop_assert_eq!(key::group(&key), Some(name.clone()));
        // Zenoh takes it as one chunk, and as it is.
        let parsed = OwnedKeyExpr::new(key.clone()).unwrap();
        prop_assert_eq!(parsed.as_str(), &key);
        prop_assert!(!parsed.is_wild() && key.split('/').count() == 4);
        for says in [Says::Is(Role::Listener), Says::Is(Role::Sender)] {
            let token = key::token(&name, says, "a1b2", "c3");
            let read = key::read_token(&token).unwrap();
            prop_assert_eq!((&*read.group, read.says, read.node, read.via), (&*name, says, "a1b2", "c3"));
            prop_assert!(OwnedKeyExpr::new(key::TOKENS).unwrap().intersects(&OwnedKeyExpr::new(token).unwrap()));
        }
    }

    #[test]
    fn a_namespace_has_those_names_that_begin_and_end_so(
        beginning in "ham:[a-c/%]{0,3}:",
        rest in "[a-c*$/%]{0,8}",
        end in "(@[a-c]{1,3})?",
    ) {
        let all = OwnedKeyExpr::new(key::all_data(&beginning, &end)).unwrap();
        let name = format!("{beginning}{rest}{end}");
        prop_assert!(all.includes(&OwnedKeyExpr::new(key::data(&name)).unwrap()));
        let other = format!("x{name}");
        prop_assert!(!all.intersects(&OwnedKeyExpr::new(key::data(&other)).unwrap()));
    }

    #[test]
    fn no_key_is_read_that_is_not_written_so(key in "ham/v1/[a-zA-Z0-9%/.~ -]{0,30}/d") {
        if let Some(name) = key::group(&key) {
            prop_assert_eq!(key::data(&name), key);
        }
    }
}

#[test]
fn keys_of_others_are_no_groups() {
    for key in [
        "",
        "ham/v1//d",
        "ham/v1/a",
        "ham/v1/a/b/d",
        "ham/v2/a/d",
        "ham/v1/%2/d",
        "ham/v1/%2f/d",
        "ham/v1/%41/d",
        "ham/v1/a b/d",
        "ham/v1/%FF/d",
    ] {
        assert_eq!(key::group(key), None, "{key:?}");
    }
    let token = |rest: &str| format!("ham/v1/ham%3Aopaque%3Aa/{rest}");
    assert!(key::read_token(&token("rx/1/2")).is_some() && key::read_token(&token("gw/lan%2F1/2")).is_some());
    let ids = ["rx/1", "rx/1/2/3", "qx/1/2", "rx//2", "rx/1/", "rx/g/2", "rx/1/A", "gw/2/lan%2F1", "gw//2"];
    let long = format!("tx/{}/1", "1".repeat(33));
    for rest in ids.into_iter().chain([&*long]) {
        assert_eq!(key::read_token(&token(rest)), None, "{rest:?}");
    }
    assert!(
        KeyExpr::new(key::all_data("", ""))
            .unwrap()
            .includes(&KeyExpr::new(key::data("ham:opaque:a")).unwrap())
    );
}

#[test]
fn the_longest_and_oddest_names_travel() {
    let (a, b, _router) = pair();
    // Those who join a group by its name take it as it is.
    let odd: String = (1..=127u8).map(char::from).collect();
    let names = [
        "ü".repeat(511),
        format!("ham:opaque:{odd}"),
        "*".into(),
        "@".into(),
        "ham:x:**".into(),
        "$*".into(),
    ];
    for name in &names {
        let (_hearing, receive) = hear(&b, group(name));
        let way = a.way(name).unwrap();
        meet(&way, &receive);
        way.put(Frame::Own(b"there".to_vec()), b"", Reach::All).unwrap();
        assert_eq!(next(&receive).0, *name);
    }
}
