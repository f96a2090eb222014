//! What holds for any bytes given to `Name::parse`. The fuzz target and the tests share it.

use ham::error::Error;
use ham::name::{Group, Name, Namespace, Part, URI_MAX};

/// Panics when a rule is broken. Returns whether the bytes are a Group Name.
pub fn check(uri: &[u8]) -> bool {
    let name = match Name::parse(uri) {
        Ok(name) => name,
        Err(error) => {
            refused(uri, &error);
            return false;
        }
    };
    let normal = name.normal();
    assert!(uri.len() < URI_MAX && normal.len() < URI_MAX);
    assert!(normal.starts_with("ham:") && normal.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'));

    if let Group::Part(group) = name.group() {
        sound(group);
        let multicast = group.address().is_none_or(|address| address.is_multicast());
        match name.namespace() {
            Namespace::Ip => assert!(multicast && !matches!(group, Part::Text(_))),
            _ => assert!(matches!(group, Part::Text(_))),
        }
    }
    if let Some(part) = name.instantiation() {
        sound(part);
        assert!(part.address().is_none_or(|address| !address.is_multicast() && !address.is_unspecified()));
    }
    assert_ne!(name.port(), Some(0));

    let again = Name::parse(normal.as_bytes()).expect("the normal form is a Group Name");
    assert_same(&name, &again);
    assert!(again.credentials().is_none());

    // Another spelling of the same name.
    let namespace_end = 5 + uri[4..].iter().position(|&byte| byte == b':').expect("a namespace");
    let (head, rest) = uri.split_at(namespace_end);
    let mut upper = [&head.to_ascii_uppercase(), rest].concat();
    assert_same(&name, &Name::parse(&upper).expect("the namespace in upper case"));
    if name.credentials().is_none() && upper.len() + 4 < URI_MAX {
        upper.extend_from_slice(b"/a;b");
        let with = Name::parse(&upper).expect("with credentials");
        assert_same(&name, &with);
        assert!(
            with.credentials().is_some_and(|credentials| credentials.alg == "a" && credentials.val == "b")
        );
    }
    true
}

fn sound(part: &Part) {
    match part {
        Part::V4(_) | Part::V6(_) => {}
        Part::Host(name) => {
            assert!(
                name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')),
                "{name}"
            );
            let labels = name.strip_suffix('.').unwrap_or(name);
            assert!(
                labels.len() <= 253 && labels.split('.').all(|label| (1..=63).contains(&label.len())),
                "{name}"
            );
            // Else a resolver could take it for an address.
            assert!(labels.rsplit('.').next().is_some_and(|label| label.parse::<u128>().is_err()), "{name}");
        }
        Part::Text(text) => assert!(!text.is_empty() && !text.contains('\0'), "{text:?}"),
    }
}

fn assert_same(one: &Name, other: &Name) {
    assert_eq!(one, other);
    assert_eq!(one.normal(), other.normal());
    assert_eq!(one.namespace(), other.namespace());
    assert_eq!(one.group(), other.group());
    assert_eq!(one.instantiation(), other.instantiation());
    assert_eq!(one.port(), other.port());
}

fn refused(uri: &[u8], error: &Error) {
    let Error::Invalid(text) = error else {
        panic!("not Invalid: {error:?}");
    };
    assert!(text.starts_with("ham-URI \"") && text.is_ascii() && text.len() < 1000, "{text}");
    assert!(!text.bytes().any(|byte| byte.is_ascii_control()), "{text:?}");
    let place = text.rsplit_once("\": byte ").and_then(|(_, rest)| rest.split_once(": ")).expect("a place");
    assert!(place.0.parse::<usize>().is_ok_and(|at| at <= uri.len()), "{text}");
    assert!(!place.1.is_empty(), "{text}");
}
