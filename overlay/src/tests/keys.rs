//! Group Names as keys.

use super::*;
use crate::key::{self, Says};
use zenoh::key_expr::{KeyExpr, OwnedKeyExpr};

/// Texts by chance, the same in every run. A crate for it (proptest) would give Zenoh's crates other features in tests than in
/// the library, and all of them would be compiled twice.
struct Chance(u64);

impl Chance {
    /// SplitMix64, of public domain.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// So many of these characters.
    fn text(&mut self, of: &str, length: std::ops::RangeInclusive<usize>) -> String {
        let length = length.start() + self.below(length.end() - length.start() + 1);
        (0..length).map(|_| char::from(of.as_bytes()[self.below(of.len())])).collect()
    }

    fn maybe(&mut self, text: String) -> String {
        if self.below(2) == 0 { text } else { String::new() }
    }
}

const ROUNDS: usize = 2000;

#[test]
fn every_name_survives() {
    let mut chance = Chance(1);
    let printed: String = ('!'..='~').collect();
    for _ in 0..ROUNDS {
        let at = format!("@{}", chance.text("abcxyz.", 1..=20));
        let name = format!("ham:opaque:{}{}", chance.text(&printed, 1..=100), chance.maybe(at));
        let key = key::data(&name);
        assert_eq!(key::group(&key), Some(name.clone()));
        // Zenoh takes it as one chunk, and as it is.
        let parsed = OwnedKeyExpr::new(key.clone()).unwrap();
        assert_eq!(parsed.as_str(), &key);
        assert!(!parsed.is_wild() && key.split('/').count() == 4, "{key}");
        for says in [Says::Is(Role::Listener), Says::Is(Role::Sender)] {
            let token = key::token(&name, says, "a1b2", "c3");
            let read = key::read_token(&token).unwrap();
            assert_eq!((&*read.group, read.says, read.node, read.via), (&*name, says, "a1b2", "c3"));
            assert!(OwnedKeyExpr::new(key::TOKENS).unwrap().intersects(&OwnedKeyExpr::new(token).unwrap()));
        }
    }
}

#[test]
fn a_namespace_has_those_names_that_begin_and_end_so() {
    let mut chance = Chance(2);
    for _ in 0..ROUNDS {
        let beginning = format!("ham:{}:", chance.text("abc/%", 0..=3));
        let rest = chance.text("abc*$/%", 0..=8);
        let end = format!("@{}", chance.text("abc", 1..=3));
        let end = chance.maybe(end);
        let all = OwnedKeyExpr::new(key::all_data(&beginning, &end)).unwrap();
        let name = format!("{beginning}{rest}{end}");
        assert!(all.includes(&OwnedKeyExpr::new(key::data(&name)).unwrap()), "{name}");
        let other = format!("x{name}");
        assert!(!all.intersects(&OwnedKeyExpr::new(key::data(&other)).unwrap()), "{other}");
    }
}

#[test]
fn no_key_is_read_that_is_not_written_so() {
    let mut chance = Chance(3);
    let mut read = 0;
    for _ in 0..10 * ROUNDS {
        // Mostly what could be read, and now and then what cannot.
        let alphabet = if chance.below(2) == 0 { "aZ09.~-" } else { "aZ09%25Ff/.~ -" };
        let key = format!("ham/v1/{}/d", chance.text(alphabet, 0..=12));
        if let Some(name) = key::group(&key) {
            assert_eq!(key::data(&name), key);
            read += 1;
        }
    }
    assert!((ROUNDS..10 * ROUNDS).contains(&read), "{read}");
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
        meet(&*way, &receive);
        way.put(Frame::Own(b"there".to_vec()), b"", Reach::All).unwrap();
        assert_eq!(next(&receive).0, *name);
    }
}
