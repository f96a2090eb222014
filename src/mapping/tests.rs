//! Where names go, with fixed values: two hosts must agree on them, whatever their versions.

use super::overrides::Which;
use super::*;
use crate::frame::GroupKey;
use crate::frame::seal::Algorithm;
use std::path::PathBuf;

fn name(uri: &str) -> Name {
    Name::parse(uri.as_bytes()).unwrap()
}

fn mapped(uri: &str, config: &Rules) -> Result<Mapped> {
    map(&name(uri), config, true)
}

fn place(group: &str, source: Option<&str>, port: u16) -> MappedPlace {
    MappedPlace { group: group.parse().unwrap(), source: source.map(|s| s.parse().unwrap()), port }
}

fn tag(mapped: &Mapped) -> String {
    let bytes = mapped.framed().unwrap().tag.bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with_override(which: Which, addresses: &[&str], framed: bool) -> Rules {
    let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let mut config = Rules::default();
    assert!(config.overrides.insert(which, Override { addresses, framed }));
    config
}

/// The table of docs/wire-format.md; its values are from another implementation.
#[test]
fn names_of_any_source() {
    for (uri, v4, v6, expected, port) in [
        (
            "ham:opaque:news",
            "239.193.95.220",
            "ff15:3241:5fdc:9088:488:bc99:81ed:277e",
            "2a6b029799e3240893d9397c9f49d6e9",
            7046,
        ),
        (
            "ham:opaque:news:5000",
            "239.195.234.83",
            "ff15:66ff:ea53:7358:ce74:5739:5c21:181b",
            "feb236d724eb721c16393775b423362a",
            5000,
        ),
        (
            "ham:sip:news@cnn.com",
            "239.194.114.34",
            "ff15:a4e:7222:b5b5:c9ff:f874:5326:946f",
            "91d2cbe9d5203e6339811cf6b75efb0e",
            7046,
        ),
        (
            "ham:sha-2:UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
            "239.193.95.58",
            "ff15:bccd:5f3a:c06a:e8d0:2b14:df48:1d7c",
            "8a5c211606d56ae4c8ee8e9e26ab2be8",
            7046,
        ),
        (
            "ham:reload:0123456789abcdef@overlay.example.org",
            "239.192.82.82",
            "ff15:5f20:5252:a0c1:6cc3:4090:bb3b:4e6c",
            "5d622855ccd2c39d3468f0c533dc9739",
            7046,
        ),
        (
            "ham:opaque:f%C3%BCr%20alle",
            "239.192.24.240",
            "ff15:f518:18f0:c624:2e1a:2db3:1980:e58e",
            "6705e76b8d7a385f433a738ac9dd818f",
            7046,
        ),
        // Its 18 bits would be in 239.195.255.0/24.
        (
            "ham:opaque:edge-385",
            "239.193.255.255",
            "ff15:b9eb:ffff:3741:2550:164f:53cf:3d1a",
            "6a56e0cdf62b0e377b952a11fd9c0cb9",
            7046,
        ),
    ] {
        let mapped = mapped(uri, &Rules::default()).unwrap();
        assert_eq!(mapped.places, [place(v4, None, port), place(v6, None, port)], "{uri}");
        assert_eq!(tag(&mapped), expected, "{uri}");
    }
}

#[test]
fn names_of_one_source() {
    for (uri, group, source, expected, port) in [
        ("ham:opaque:news@10.0.0.1", "232.129.145.228", "10.0.0.1", "efec2c854e29758089d5c5d139aa3b52", 7046),
        ("ham:sip:news@10.0.0.1:5000", "232.110.88.45", "10.0.0.1", "a92b71bb4cdbe283dc2e93130444c8ac", 5000),
        // Its 24 bits would be in 232.0.0.0/24, and of the next one in 232.128.0.0/24.
        (
            "ham:opaque:edge-59724@10.0.0.1",
            "232.64.0.52",
            "10.0.0.1",
            "486e83f60406959fcccb69373eb9b348",
            7046,
        ),
        (
            "ham:opaque:edge-21642@10.0.0.1",
            "232.192.0.234",
            "10.0.0.1",
            "441380ad8b8cd73bdf1d44c5bd6332e4",
            7046,
        ),
        (
            "ham:opaque:news@[2001:db8::1]",
            "ff35::9acc:14c7",
            "2001:db8::1",
            "1313eb78c7823b5380db06a948efda6e",
            7046,
        ),
        (
            "ham:sip:news@[2001:db8::1]:5000",
            "ff35::b0f3:d0f1",
            "2001:db8::1",
            "f162afffa841272313ca075b0fa0abd8",
            5000,
        ),
    ] {
        let mapped = mapped(uri, &Rules::default()).unwrap();
        assert_eq!(mapped.places, [place(group, Some(source), port)], "{uri}");
        assert_eq!(tag(&mapped), expected, "{uri}");
    }
}

#[test]
fn the_port_is_the_names_or_else_the_configured_one() {
    let config = Rules { port: 6000, ..Rules::default() };
    for (uri, port) in [
        ("ham:opaque:news", 6000),
        ("ham:opaque:news:5000", 5000),
        ("ham:opaque:news@10.0.0.1", 6000),
        ("ham:ip:239.1.2.3", 6000),
        ("ham:ip:239.1.2.3:5000", 5000),
    ] {
        assert!(mapped(uri, &config).unwrap().places.iter().all(|place| place.port == port), "{uri}");
    }
}

#[test]
fn addresses_map_to_themselves_and_travel_raw() {
    for (uri, group, source) in [
        ("ham:ip:239.1.2.3:5000", "239.1.2.3", None),
        ("ham:ip:[ff15::5]:5000", "ff15::5", None),
        ("ham:ip:232.1.2.3@10.0.0.1:5000", "232.1.2.3", Some("10.0.0.1")),
        ("ham:ip:[ff35::8000:1]@[2001:db8::1]:5000", "ff35::8000:1", Some("2001:db8::1")),
    ] {
        assert_eq!(mapped(uri, &Rules::default()), Ok(raw(uri, place(group, source, 5000))));
    }
}

fn raw(uri: &str, place: MappedPlace) -> Mapped {
    let framing = Framing { tag: Tag::of(uri), key: None };
    Mapped { places: vec![place], unplaced: None, framing, raw: true }
}

#[test]
fn without_technology_ip_no_dns_name_is_asked_for() {
    for uri in ["ham:ip:group.invalid", "ham:ip:239.1.2.3@source.invalid"] {
        let mapped = map(&name(uri), &Rules::default(), false).unwrap();
        assert!(mapped.places.is_empty() && mapped.raw);
        assert!(mapped.unplaced.unwrap().to_string().contains("has not been resolved"));
    }
    let literal = map(&name("ham:ip:239.1.2.3"), &Rules::default(), false).unwrap();
    assert_eq!(literal.places, [place("239.1.2.3", None, 7046)]);
}

#[test]
fn all_groups_are_more_than_ip_can_tell() {
    let prefix = with_override(Which::prefix("ham:opaque:").unwrap(), &["239.1.2.3"], true);
    for config in [&Rules::default(), &prefix] {
        for uri in ["ham:ip:*", "ham:opaque:*", "ham:sip:*@cnn.com"] {
            let mapped = mapped(uri, config).unwrap();
            assert_eq!(mapped.places, []);
            let error = mapped.unplaced.unwrap();
            assert_eq!(error.errno(), libc::EADDRNOTAVAIL);
            assert!(error.to_string().contains("technology ip cannot tell all groups"), "{error}");
        }
    }
}

#[test]
fn the_configuration_puts_names_elsewhere() {
    let addresses = ["239.1.2.3:5000", "[ff15::5]", "232.1.1.1@10.0.0.1:5001", "239.1.2.3:5000"];
    let config = with_override(Which::name("ham:opaque:news").unwrap(), &addresses, true);
    let there = mapped("HAM:opaque:%6Eews", &config).unwrap();
    assert_eq!(
        there.places,
        [
            place("239.1.2.3", None, 5000),
            place("ff15::5", None, 7046),
            place("232.1.1.1", Some("10.0.0.1"), 5001),
        ]
    );
    // The name is the same all over, so the tag is too.
    assert_eq!(tag(&there), "2a6b029799e3240893d9397c9f49d6e9");
    assert_eq!(mapped("ham:opaque:news:5000", &config), mapped("ham:opaque:news:5000", &Rules::default()));

    let config = with_override(Which::prefix("ham:opaque:news").unwrap(), &["[ff15::5]"], true);
    assert_eq!(mapped("ham:opaque:news:5000", &config).unwrap().places, [place("ff15::5", None, 5000)]);
}

#[test]
fn what_the_configuration_says_is_raw_is_raw_and_never_sealed() {
    let config = with_override(Which::prefix("ham:opaque:old").unwrap(), &["239.1.2.3:5000"], false);
    let raw = raw("ham:opaque:old-stream", place("239.1.2.3", None, 5000));
    assert_eq!(mapped("ham:opaque:old-stream", &config), Ok(raw));
    let uri = format!("ham:opaque:old-stream/aes-256-gcm;{SECRET}");
    let error = mapped(&uri, &config).unwrap_err();
    assert_eq!(error.errno(), libc::EACCES);
    assert!(error.to_string().contains("framed = false"), "{error}");
}

/// The bytes 0 to 31.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn key(algorithm: Algorithm) -> GroupKey {
    GroupKey::new(algorithm, std::array::from_fn(|i| i as u8))
}

fn configured() -> Rules {
    let mut config = Rules { file: Some(PathBuf::from("/etc/ham/ham.toml")), ..Rules::default() };
    config.keys.insert("news desk".into(), key(Algorithm::Aes256Gcm));
    config
}

#[test]
fn credentials_give_the_key_and_are_no_part_of_the_name() {
    for (credentials, algorithm) in [
        (format!("chacha20-poly1305;{SECRET}"), Algorithm::ChaCha20Poly1305),
        (format!("chacha20-poly1305;{SECRET}%3D"), Algorithm::ChaCha20Poly1305),
        (format!("aes-256-gcm;{SECRET}"), Algorithm::Aes256Gcm),
        ("key;news%20desk".into(), Algorithm::Aes256Gcm),
    ] {
        for group in ["ham:opaque:news", "ham:ip:239.1.2.3:5000", "ham:sip:news@10.0.0.1"] {
            let plain = mapped(group, &configured()).unwrap();
            let sealed = mapped(&format!("{group}/{credentials}"), &configured()).unwrap();
            assert_eq!(sealed.places, plain.places);
            let framing = Framing { tag: Tag::of(group), key: Some(key(algorithm)) };
            assert_eq!(sealed.framed(), Some(&framing));
            let unsealed = (!group.contains(":ip:")).then(|| Framing { tag: Tag::of(group), key: None });
            assert_eq!(plain.framed(), unsealed.as_ref());
        }
    }
}

#[test]
fn credentials_that_are_wrong_are_refused_and_not_shown() {
    let short = &SECRET[..42];
    let long = format!("{SECRET}AA");
    for (credentials, why) in [
        (format!("hmac;{SECRET}"), "the algorithm is none of chacha20-poly1305, aes-256-gcm, key"),
        (format!("AES-256-GCM;{SECRET}"), "the algorithm is none"),
        // The two in the wrong order.
        (format!("{SECRET};aes-256-gcm"), "the algorithm is none"),
        (format!("aes-256-gcm;{short}"), "32 bytes in base64url"),
        (format!("aes-256-gcm;{long}"), "32 bytes in base64url"),
        (format!("aes-256-gcm;{SECRET}%3D%3D"), "32 bytes in base64url"),
        (format!("chacha20-poly1305;{}", SECRET.replace('A', "%2B")), "32 bytes in base64url"),
        // Two bits beyond the end.
        (format!("chacha20-poly1305;{}", SECRET.replace("h8", "h9")), "32 bytes in base64url"),
        ("key;nobody".into(), "the key \"nobody\" is not in the configuration file /etc/ham/ham.toml"),
        (format!("key;{SECRET}"), "a key stands where a key's name should"),
    ] {
        for group in ["ham:opaque:news", "ham:ip:239.1.2.3:5000", "ham:ip:*"] {
            let error = mapped(&format!("{group}/{credentials}"), &configured()).unwrap_err();
            assert_eq!(error.errno(), libc::EACCES);
            let text = format!("{error} {error:?}");
            assert!(text.contains(why) && text.contains(group), "{text}");
            assert!(!text.contains(&SECRET[..12]), "{text}");
        }
    }
    let error = mapped("ham:opaque:news/key;nobody", &Rules::default()).unwrap_err();
    assert!(error.to_string().contains("there is no configuration file"), "{error}");
}

#[test]
fn no_key_is_shown_with_what_it_maps_to() {
    let mapped = mapped(&format!("ham:opaque:news/aes-256-gcm;{SECRET}"), &configured()).unwrap();
    for text in [format!("{mapped:?}"), format!("{:?}", configured())] {
        assert!(text.contains("Aes256Gcm"), "{text}");
        assert!(!text.contains(SECRET) && !text.contains("0, 1, 2, 3") && !text.contains("000102"), "{text}");
    }
}
