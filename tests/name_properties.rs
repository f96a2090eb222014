//! Properties of Group Names, over generated URIs.

#[path = "../fuzz/invariants.rs"]
mod invariants;

use ham::name::{Group, Name, Namespace, Part, URI_MAX, ip_name};
use proptest::option::of;
use proptest::prelude::*;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A component as it can be written, and as the normal form has it.
type Written = (String, String);

#[derive(Debug, Clone)]
struct Uri {
    namespace: String,
    group: Written,
    instantiation: Option<Written>,
    port: Option<u16>,
}

impl Uri {
    fn written(&self) -> String {
        self.join(|(written, _)| written)
    }

    fn normal(&self) -> String {
        self.join(|(_, normal)| normal)
    }

    fn join(&self, pick: fn(&Written) -> &String) -> String {
        let instantiation =
            self.instantiation.as_ref().map_or(String::new(), |part| format!("@{}", pick(part)));
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        format!("ham:{}:{}{instantiation}{port}", self.namespace, pick(&self.group))
    }
}

fn same(text: impl Into<String>) -> Written {
    let text = text.into();
    (text.clone(), text)
}

fn encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| {
        if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

fn text() -> BoxedStrategy<Written> {
    prop_oneof![
        "[A-Za-z0-9._~-]{1,30}".prop_map(same),
        "[^\0]{1,40}".prop_map(|text: String| same(encode(&text))),
        Just(("%7e%5E".to_string(), "~%5E".to_string())),
        Just(same("%2A")),
    ]
    .boxed()
}

fn host() -> BoxedStrategy<Written> {
    "([a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?\\.){0,4}[a-zA-Z]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?\\.?"
        .prop_map(|name: String| (name.clone(), name.to_ascii_lowercase()))
        .boxed()
}

fn v4(first: impl Strategy<Value = u8>) -> impl Strategy<Value = Ipv4Addr> {
    (first, any::<[u8; 3]>()).prop_map(|(a, [b, c, d])| Ipv4Addr::new(a, b, c, d))
}

fn v6(first: impl Strategy<Value = u16>) -> impl Strategy<Value = Ipv6Addr> {
    let group = prop_oneof![3 => Just(0u16), 2 => any::<u16>()];
    (first, proptest::array::uniform7(group))
        .prop_map(|(a, [b, c, d, e, f, g, h])| Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

fn group4() -> impl Strategy<Value = Ipv4Addr> {
    v4(224u8..=239)
}

fn group6() -> impl Strategy<Value = Ipv6Addr> {
    v6(0xff00u16..=0xffff)
}

fn source4() -> impl Strategy<Value = Ipv4Addr> {
    v4(1u8..=223)
}

fn source6() -> impl Strategy<Value = Ipv6Addr> {
    v6(0x2000u16..=0xfeff)
}

fn dotted(address: Ipv4Addr) -> Written {
    same(address.to_string())
}

/// The address without any abbreviation, and canonical.
fn bracketed(address: Ipv6Addr) -> Written {
    let long: Vec<String> = address.segments().iter().map(|group| format!("{group:04X}")).collect();
    (format!("[{}]", long.join(":")), format!("[{address}]"))
}

fn ip() -> BoxedStrategy<(Written, Option<Written>)> {
    let any_source = prop_oneof![source4().prop_map(dotted), source6().prop_map(bracketed), host()];
    prop_oneof![
        (group4().prop_map(dotted), of(prop_oneof![source4().prop_map(dotted), host()])),
        (group6().prop_map(bracketed), of(prop_oneof![source6().prop_map(bracketed), host()])),
        (prop_oneof![host(), Just(same("*"))], of(any_source)),
    ]
    .boxed()
}

fn digest() -> BoxedStrategy<Written> {
    let last = |len: usize| match len % 4 {
        2 => "[AQgw]",
        3 => "[AEIMQUYcgkosw048]",
        _ => "[A-Za-z0-9_-]",
    };
    let all = "[A-Za-z0-9_-]{85}";
    (prop::sample::select(vec![6usize, 11, 16, 20, 22, 38, 43, 64, 86]), all)
        .prop_flat_map(move |(len, all)| (Just(all[..len - 1].to_string()), last(len)))
        .prop_map(|(start, last)| same(start + &last))
        .boxed()
}

fn instance() -> BoxedStrategy<Written> {
    prop_oneof![
        "[A-Z_~]{1,8}(%2F|%40)".prop_map(same),
        source4().prop_map(dotted),
        source6().prop_map(bracketed),
    ]
    .boxed()
}

fn uri() -> BoxedStrategy<Uri> {
    let group = || prop_oneof![4 => text(), 1 => Just(same("*"))];
    let named =
        |name: &'static str, parts: BoxedStrategy<_>| parts.prop_map(move |parts| (name.to_string(), parts));
    let hex = "([0-9a-fA-F]{2}){1,40}".prop_map(|id: String| (id.clone(), id.to_ascii_lowercase()));
    let superset = (group(), of(prop_oneof![text(), instance()])).boxed();
    let some = prop_oneof![
        3 => named("ip", ip()),
        1 => named("sha-2", (digest(), of(digest())).boxed()),
        1 => named("opaque", superset.clone()),
        1 => named("sip", (group(), of(prop_oneof![host(), instance()])).boxed()),
        1 => named("reload", (hex, of(host())).boxed()),
        1 => ("[a-z][a-z0-9+.-]{0,8}x", superset),
    ];
    (some, of(1u16..))
        .prop_map(|((namespace, (group, instantiation)), port)| Uri { namespace, group, instantiation, port })
        .boxed()
}

/// Other spellings: coins choose the case, the percent-encoding, the zeros and the credentials.
struct Speller<'a> {
    coins: std::iter::Cycle<std::slice::Iter<'a, bool>>,
}

impl Speller<'_> {
    fn toss(&mut self) -> bool {
        self.coins.next().copied().unwrap_or(false)
    }

    fn case(&mut self, text: &str) -> String {
        text.chars().map(|letter| if self.toss() { letter.to_ascii_uppercase() } else { letter }).collect()
    }

    fn part(&mut self, part: &str) -> String {
        if part == "*" || part.starts_with('[') {
            return self.case(part);
        }
        let mut spelled = String::new();
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let (piece, behind) = rest.split_at(if first == '%' { 3 } else { 1 });
            rest = behind;
            if first == '%' {
                spelled += &self.case(&piece.to_ascii_lowercase());
            } else if self.toss() {
                let encoded = format!("%{:02x}", piece.as_bytes()[0]);
                spelled += &self.case(&encoded);
            } else {
                spelled += piece;
            }
        }
        spelled
    }

    fn uri(&mut self, uri: &Uri) -> String {
        let mut spelled = self.case("ham:");
        spelled += &self.case(&uri.namespace);
        spelled.push(':');
        spelled += &self.part(&uri.group.0);
        if let Some(part) = &uri.instantiation {
            spelled.push('@');
            spelled += &self.part(&part.0);
        }
        if let Some(port) = uri.port {
            spelled += if self.toss() { ":000" } else { ":" };
            spelled += &port.to_string();
        }
        if self.toss() {
            spelled += "/none;x";
        }
        spelled
    }
}

fn parse(uri: &str) -> Name {
    Name::parse(uri.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn hash(name: &Name) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        invariants::check(&bytes);
    }

    #[test]
    fn nearly_a_uri(
        uri in "(?i:ham)?(:(ip|sha-2|opaque|sip|reload|x))?:[-a-f0-9.%:@/;*\\[\\]x~! \u{e4}]{0,40}"
    ) {
        invariants::check(uri.as_bytes());
    }

    #[test]
    fn valid_uris_are_accepted(uri in uri()) {
        let name = parse(&uri.written());
        prop_assert_eq!(&**name.normal(), uri.normal());
        prop_assert_eq!(name.namespace().as_str(), &uri.namespace);
        prop_assert_eq!(name.port(), uri.port);
        prop_assert_eq!(*name.group() == Group::All, uri.group.0 == "*");
        prop_assert_eq!(name.instantiation().is_some(), uri.instantiation.is_some());
        prop_assert_eq!(matches!(name.namespace(), Namespace::Other(_)), uri.namespace.ends_with('x'));
        prop_assert!(invariants::check(uri.written().as_bytes()));
    }

    #[test]
    fn spellings_are_equal(uri in uri(), coins in proptest::collection::vec(any::<bool>(), 1..97)) {
        let spelled = Speller { coins: coins.iter().cycle() }.uri(&uri);
        prop_assume!(spelled.len() < URI_MAX);
        let (one, other) = (parse(&uri.written()), parse(&spelled));
        prop_assert_eq!(&one, &other, "{}", spelled);
        prop_assert_eq!(hash(&one), hash(&other));
        prop_assert_eq!(one.group(), other.group());
        prop_assert_eq!(one.instantiation(), other.instantiation());
    }

    /// A name tells its namespace, group, instantiation and port.
    #[test]
    fn other_groups_are_not_equal(uri in uri(), port in 1u16.., namespace in "[a-z]{1,5}-y") {
        let name = parse(&uri.written());
        let other_port = parse(&Uri { port: Some(port), ..uri.clone() }.written());
        prop_assert_eq!(name == other_port, uri.port == Some(port));
        let no_instantiation = parse(&Uri { instantiation: None, ..uri.clone() }.written());
        prop_assert_eq!(name == no_instantiation, uri.instantiation.is_none());
        if uri.group.0 != "*" {
            let all = parse(&Uri { group: same("*"), ..uri.clone() }.written());
            prop_assert_ne!(&name, &all);
        }
        let instantiation = Some(same("z"));
        let z = parse(&Uri { namespace, instantiation, ..Uri { group: same("g"), ..uri.clone() } }.written());
        prop_assert_ne!(name, z);
    }

    #[test]
    fn text_survives(text in "[^\0]{1,60}") {
        let encoded = encode(&text);
        let name = parse(&format!("ham:opaque:{encoded}@{encoded}/a;b"));
        prop_assert_eq!(name.group(), &Group::Part(Part::Text(text.clone())));
        if text.parse::<Ipv4Addr>().is_err() {
            prop_assert_eq!(name.instantiation(), Some(&Part::Text(text)));
        }
    }

    #[test]
    fn names_of_addresses_are_normal(
        (group4, source4, group6, source6) in (group4(), source4(), group6(), source6()),
        with_source in any::<bool>(),
        port in of(1u16..),
    ) {
        for (group, source) in [
            (IpAddr::V4(group4), IpAddr::V4(source4)),
            (IpAddr::V6(group6), IpAddr::V6(source6)),
        ] {
            let source = with_source.then_some(source);
            let uri = ip_name(group, source, port);
            let name = parse(&uri);
            prop_assert_eq!(&**name.normal(), uri);
            let Group::Part(part) = name.group() else { panic!("{name}") };
            prop_assert_eq!(part.address(), Some(group));
            prop_assert_eq!(name.instantiation().and_then(Part::address), source);
            prop_assert_eq!(name.port(), port);
        }
    }

    /// The standard library's reading of an address is the measure.
    #[test]
    fn ipv4_as_the_standard_library(text in prop_oneof![
        group4().prop_map(|address| address.to_string()),
        "(22[0-9]|23[0-9]|24[01]|0[0-9]{3}|0xe0|10)([.](0?[0-9]{1,3}|0x[0-9a-f]{1,2})){0,4}[.]?",
        "[0-9.x]{1,16}",
    ]) {
        let parsed = Name::parse(format!("ham:ip:{text}").as_bytes());
        match text.parse::<Ipv4Addr>() {
            Ok(address) if address.is_multicast() => {
                let name = parsed.unwrap();
                prop_assert_eq!(name.group(), &Group::Part(Part::V4(address)));
            }
            _ => {
                // What inet_aton could read has digits alone, or digits behind 0x, at its end.
                let last = text.strip_suffix('.').unwrap_or(&text).rsplit('.').next().unwrap_or_default();
                let number = last.strip_prefix("0x").map_or_else(
                    || last.bytes().all(|byte| byte.is_ascii_digit()),
                    |hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
                );
                prop_assert!(!number || parsed.is_err(), "{}", text);
                if let Ok(name) = parsed {
                    prop_assert!(matches!(name.group(), Group::Part(Part::Host(_))), "{}", text);
                }
            }
        }
    }

    #[test]
    fn ipv6_as_the_standard_library(text in prop_oneof![
        group6().prop_map(|address| address.to_string()),
        "ff0[0-9a-f](:[0-9a-f]{0,4}){0,7}",
        "ff0[0-9a-f](:[0-9a-f]{1,4}){0,3}::([0-9a-f]{1,4}:){0,3}([0-9a-f]{1,5}|[0-9]{1,3}([.][0-9]{1,3}){3})",
        "[0-9a-fA-F:.]{0,30}",
    ]) {
        let parsed = Name::parse(format!("ham:ip:[{text}]").as_bytes());
        match text.parse::<Ipv6Addr>() {
            Ok(address) if address.is_multicast() => {
                let name = parsed.unwrap();
                prop_assert_eq!(name.group(), &Group::Part(Part::V6(address)));
            }
            _ => prop_assert!(parsed.is_err(), "{}", text),
        }
    }
}
