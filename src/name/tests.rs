//! Every example of the RFC, every rule of a namespace, and every error with its place.

use super::*;
use crate::error::Error;

fn name(uri: &str) -> Name {
    match Name::parse(uri.as_bytes()) {
        Ok(name) => name,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn normal(uri: &str, expected: &str) {
    assert_eq!(&**name(uri).normal(), expected, "{uri}");
    assert_eq!(&**name(expected).normal(), expected, "{expected}");
}

#[track_caller]
fn fails(uri: &[u8], at: usize, what: &str) {
    let Err(error) = Name::parse(uri) else {
        panic!("accepted: {}", uri.escape_ascii());
    };
    assert_eq!(error.errno(), libc::EINVAL);
    let Error::Invalid(text) = error else {
        panic!("{error:?}");
    };
    let (place, sentence) = text.rsplit_once("\": byte ").expect(&text).1.split_once(": ").expect(&text);
    assert!(sentence.contains(what), "{sentence:?} lacks {what:?}");
    assert_eq!(place, at.to_string(), "{text}");
}

fn host(text: &str) -> Part {
    Part::Host(text.into())
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

#[track_caller]
fn parts(uri: &str, namespace: Namespace, group: Group, instantiation: Option<Part>, port: Option<u16>) {
    let name = name(uri);
    assert_eq!(*name.namespace(), namespace, "{uri}");
    assert_eq!(*name.group(), group, "{uri}");
    assert_eq!(name.instantiation(), instantiation.as_ref(), "{uri}");
    assert_eq!(name.port(), port, "{uri}");
}

#[test]
fn the_examples_of_the_rfc() {
    let group = Group::Part(Part::V4([224, 1, 2, 3].into()));
    parts("ham:ip:224.1.2.3:5000", Namespace::Ip, group, None, Some(5000));
    let group = Group::Part(Part::V6("ff02::3".parse().unwrap()));
    parts("ham:ip:[ff02:0:0:0:0:0:0:3]:6000", Namespace::Ip, group, None, Some(6000));
    let news = || Group::Part(text("news"));
    parts("ham:opaque:news@cnn.com", Namespace::Opaque, news(), Some(text("cnn.com")), None);
    parts("ham:sip:news@cnn.com", Namespace::Sip, news(), Some(host("cnn.com")), None);
    // §1 names it without the scheme of §4.2.
    parts("ham:sip:*@peanuts.org", Namespace::Sip, Group::All, Some(host("peanuts.org")), None);
    fails(b"sip:*@peanuts.org", 0, "ham:");
    fails(b"<sip:*@peanuts.org>", 0, "ham:");
}

#[test]
fn normal_forms() {
    normal("ham:ip:224.1.2.3:5000", "ham:ip:224.1.2.3:5000");
    normal("HAM:Ip:224.1.2.3:005000", "ham:ip:224.1.2.3:5000");
    normal("ham:ip:224.1.2.3:00000000000000000000065535", "ham:ip:224.1.2.3:65535");
    normal("ham:ip:2%324.1%2e2%2E3", "ham:ip:224.1.2.3");
    normal("ham:ip:[FF02:0:0:0:0:0:0:3]:6000", "ham:ip:[ff02::3]:6000");
    normal("ham:ip:[ff0e:0:0:1:0:0:0:1]", "ham:ip:[ff0e:0:0:1::1]");
    normal("ham:ip:[ff0e:1:0:1:1:1:1:1]", "ham:ip:[ff0e:1:0:1:1:1:1:1]");
    normal("ham:ip:[ff05::1:0003]", "ham:ip:[ff05::1:3]");
    normal("ham:ip:[ff05::1.2.3.4]", "ham:ip:[ff05::102:304]");
    normal("ham:ip:[FF3E::1]@[2001:DB8:0::1]:7", "ham:ip:[ff3e::1]@[2001:db8::1]:7");
    normal("ham:ip:News.Example.COM@10.0.0.1", "ham:ip:news.example.com@10.0.0.1");
    normal("ham:ip:Example.COM.", "ham:ip:example.com.");
    normal("ham:ip:b%C3%BCcher.Example", "ham:ip:xn--bcher-kva.example");
    normal("ham:ip:B%C3%9CCHER.example", "ham:ip:xn--bcher-kva.example");
    normal("ham:ip:XN--BCHER-kva.example", "ham:ip:xn--bcher-kva.example");
    normal("ham:ip:*:5000", "ham:ip:*:5000");
    normal("ham:ip:3com.example", "ham:ip:3com.example");
    normal("ham:OPAQUE:News@CNN.com:1", "ham:opaque:News@CNN.com:1");
    normal("ham:opaque:%7e%41%2f%c3%a4%20", "ham:opaque:~A%2F%C3%A4%20");
    normal("ham:opaque:%2a", "ham:opaque:%2A");
    normal("ham:opaque:224.1.515@010.0.0.1", "ham:opaque:224.1.515@010.0.0.1");
    normal("ham:opaque:x@[FE80::0:1]", "ham:opaque:x@[fe80::1]");
    normal("ham:sip:News@CNN.com", "ham:sip:News@cnn.com");
    normal("ham:sip:news@Two%20Words", "ham:sip:news@Two%20Words");
    normal("ham:sip:*@10.0.0.1", "ham:sip:*@10.0.0.1");
    normal("ham:reload:00FFaB@Overlay.Example", "ham:reload:00ffab@overlay.example");
    normal("ham:X-Chat.v1+b:Room", "ham:x-chat.v1+b:Room");
    normal("ham:ip:224.1.2.3:5000/hmac;c2VjcmV0", "ham:ip:224.1.2.3:5000");
}

#[test]
fn ip_names() {
    let source = Some(Part::V4([10, 0, 0, 1].into()));
    let group = Group::Part(Part::V4([232, 1, 2, 3].into()));
    parts("ham:ip:232.1.2.3@10.0.0.1:5000", Namespace::Ip, group, source.clone(), Some(5000));
    let group = Group::Part(Part::V4([224, 1, 2, 3].into()));
    parts("ham:ip:224.1.2.3@10.0.0.1", Namespace::Ip, group, source.clone(), None);
    parts("ham:ip:news@10.0.0.1", Namespace::Ip, Group::Part(host("news")), source.clone(), None);
    parts("ham:ip:*@10.0.0.1", Namespace::Ip, Group::All, source, None);
    let group = Group::Part(Part::V4([239, 255, 255, 255].into()));
    parts("ham:ip:239.255.255.255@s.example", Namespace::Ip, group, Some(host("s.example")), None);

    fails(b"ham:ip:224.1.515:5000", 7, "no IPv4 address");
    fails(b"ham:ip:0xe0010203", 7, "no IPv4 address");
    fails(b"ham:ip:0xe0.0x1.0x2.0x3", 20, "no IPv4 address");
    fails(b"ham:ip:0344.1.2.3", 7, "no IPv4 address");
    fails(b"ham:ip:3758162435", 7, "no IPv4 address");
    fails(b"ham:ip:224.1.2.3.", 7, "no IPv4 address");
    fails(b"ham:ip:224.1.2.256", 7, "no IPv4 address");
    fails(b"ham:ip:news.1", 12, "its last label is a number");
    fails(b"ham:ip:news.0x", 12, "its last label is a number");
    fails(b"ham:ip:224.1.2.3@10.1:5000", 17, "no IPv4 address");
    fails(b"ham:ip:10.0.0.1:5000", 7, "10.0.0.1 is not a multicast address");
    fails(b"ham:ip:[fe80::1]", 7, "fe80::1 is not a multicast address");
    fails(b"ham:ip:[::ffff:224.1.2.3]", 7, "is not a multicast address");
    fails(b"ham:ip:224.1.2.3@[fe80::1]", 17, "different IP versions");
    fails(b"ham:ip:[ff3e::1]@10.0.0.1", 17, "different IP versions");
    for source in ["224.1.2.4", "0.0.0.0", "255.255.255.255", "[ff02::1]", "[::]", "[::ffff:10.0.0.1]"] {
        fails(format!("ham:ip:*@{source}").as_bytes(), 9, "is not a unicast address");
    }
}

#[test]
fn brackets() {
    fails(b"ham:ip:ff02::3", 12, "an IPv6 address stands in brackets");
    fails(b"ham:ip:[ff02::1%25eth0]:5000", 15, "Interfaces choose the link");
    fails(b"ham:ip:[ff02::1%eth0]", 15, "Interfaces choose the link");
    fails(b"ham:ip:[ff02::1", 7, "'[' without ']'");
    fails(b"ham:ip:[]", 8, "no IPv6 address");
    fails(b"ham:ip:[ff02::1::2]", 8, "no IPv6 address");
    fails(b"ham:ip:[ff02:00000::1]", 8, "no IPv6 address");
    fails(b"ham:ip:[224.1.2.3]", 8, "no IPv6 address");
    fails(b"ham:ip:[v1.x]", 8, "'v' cannot stand in an IPv6 address");
    fails(b"ham:ip:[ff02::1]x", 16, "'x' cannot stand behind ']'");
    fails(b"ham:ip:x[ff02::1]", 8, "'[' stands in the group only as %5B");
    fails(b"ham:opaque:[ff02::1]", 11, "no address in brackets");
    fails(b"ham:opaque:x@[ff02::1]", 13, "is not a unicast address");
    fails(b"ham:sha-2:AAAAAA@[fe80::1]", 17, "no address in brackets");
    fails(b"ham:reload:00@[fe80::1]", 14, "no address in brackets");
}

#[test]
fn dns_names() {
    let label = "a".repeat(63);
    let long = [&label[..61], &label, &label, &label].join(".");
    assert_eq!(long.len(), 253);
    normal(&format!("ham:ip:{long}."), &format!("ham:ip:{long}."));
    normal(&format!("ham:ip:{label}"), &format!("ham:ip:{label}"));
    fails(format!("ham:ip:a{long}").as_bytes(), 7 + 253, "longer than 253 bytes");
    fails(format!("ham:ip:x.{label}a").as_bytes(), 9, "longer than 63 bytes");
    fails(b"ham:ip:a..b", 9, "a label of a DNS name is empty");
    fails(b"ham:ip:.", 7, "a label of a DNS name is empty");
    fails(b"ham:ip:a.b..", 11, "a label of a DNS name is empty");
    fails(b"ham:ip:-a.b", 7, "does not begin with '-'");
    fails(b"ham:ip:%61.b-.c", 12, "does not end with '-'");
    fails(b"ham:ip:a_b", 8, "'_' cannot stand in a DNS name");
    fails(b"ham:ip:%61%40b", 10, "'@' cannot stand in a DNS name");
    fails(b"ham:ip:%C3%A4%5Fb", 13, "'_' cannot stand in a DNS name");
    fails(b"ham:ip:a~b", 8, "'~' cannot stand in a DNS name");
    // Full-width digits: IDNA makes 224.1.2.3 of them.
    fails("ham:ip:%EF%BC%92%EF%BC%92%EF%BC%94.1.2.3".as_bytes(), 7, "ASCII digits");
    fails(b"ham:ip:a%E2%80%A8b", 7, "no DNS name");
    fails(format!("ham:ip:{}%C3%A4", &label[..60]).as_bytes(), 7, "longer than 63 bytes");
}

#[test]
fn digests() {
    // The example of RFC 6920 §8.1, and its truncation to 32 bits of §8.2.
    normal(
        "ham:sha-2:UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
        "ham:sha-2:UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
    );
    normal("ham:SHA-2:UyaQVw:1", "ham:sha-2:UyaQVw:1");
    let name = name("ham:sha-2:%55yaQVw@UyaQVw");
    assert_eq!(*name.group(), Group::Part(text("UyaQVw")));
    assert_eq!(name.instantiation(), Some(&text("UyaQVw")));
    let mut lengths = Vec::new();
    for len in 1..=100 {
        // 'A' is six zero bits, so no bit can be left over.
        if Name::parse(format!("ham:sha-2:{}", "A".repeat(len)).as_bytes()).is_ok() {
            lengths.push(len);
        }
    }
    assert_eq!(lengths, [6, 11, 16, 20, 22, 38, 43, 64, 86]);
    fails(b"ham:sha-2:UyaQV", 10, "5 characters of base64url are no SHA-2 digest");
    fails(b"ham:sha-2:UyaQVwAAA", 10, "9 characters of base64url are no SHA-2 digest");
    fails(b"ham:sha-2:UyaQVx", 15, "bits beyond its end");
    fails(b"ham:sha-2:Uya.Vw", 13, "not a character of base64url");
    fails(b"ham:sha-2:Uya%3DVw", 13, "not a character of base64url");
    fails(b"ham:sha-2:UyaQVw@%20", 17, "not a character of base64url");
}

#[test]
fn sip_and_reload() {
    let group = Group::Part(text("a!*'()&=+$,;?/:"));
    parts("ham:sip:a%21%2A%27%28%29%26%3D%2B%24%2C%3B%3F%2F%3A", Namespace::Sip, group, None, None);
    parts("ham:sip:x@a%24b", Namespace::Sip, Group::Part(text("x")), Some(text("a$b")), None);
    parts("ham:sip:x@224.1.2.3", Namespace::Sip, Group::Part(text("x")), Some(text("224.1.2.3")), None);
    fails(b"ham:sip:a!", 9, "'!' stands in the group only as %21");

    normal(&format!("ham:reload:{}", "00".repeat(255)), &format!("ham:reload:{}", "00".repeat(255)));
    fails(format!("ham:reload:{}", "00".repeat(256)).as_bytes(), 11, "1 to 255 bytes");
    fails(b"ham:reload:123", 11, "1 to 255 bytes");
    fails(b"ham:reload:%312g4", 15, "not a hexadecimal digit");
    fails(b"ham:reload:12@a_b", 15, "'_' cannot stand in a DNS name");
}

#[test]
fn components() {
    fails(b"", 0, "begins with \"ham:\"");
    fails(b"ham", 0, "begins with \"ham:\"");
    fails(b"http:x", 0, "begins with \"ham:\"");
    fails(b" ham:ip:224.1.2.3", 0, "begins with \"ham:\"");
    fails(b"ham:", 4, "the namespace is empty");
    fails(b"ham::x", 4, "the namespace is empty");
    fails(b"ham:1p:x", 4, "a namespace begins with a letter, not with '1'");
    fails(b"ham:ip", 6, "the group is missing");
    fails(b"ham:i_p:x", 5, "'_' cannot stand in a namespace");
    fails(b"ham:%69p:x", 4, "'%' cannot stand in a namespace");
    fails(b"ham:ip:", 7, "the group is empty");
    fails(b"ham:opaque::5000", 11, "the group is empty");
    fails(b"ham:opaque:@x", 11, "the group is empty");
    fails(b"ham:opaque:x@", 13, "the instantiation is empty");
    fails(b"ham:opaque:x@:5", 13, "the instantiation is empty");
    fails(b"ham:opaque:x@y@z", 14, "'@' stands in the instantiation only as %40");
    fails(b"ham:opaque:x@*", 13, "'*' stands in the instantiation only as %2A");
    fails(b"ham:opaque:*x", 11, "'*' stands alone as the group");
    fails(b"ham:opaque:x*", 12, "'*' stands in the group only as %2A");
    fails(b"ham:opaque:a b", 12, "a space stands in the group only as %20");
    fails(b"ham:opaque:a\nb", 12, "the byte 0x0A stands in the group only as %0A");
    fails("ham:opaque:\u{e4}".as_bytes(), 11, "the byte 0xC3 stands in the group only as %C3");
}

#[test]
fn percent_encoding() {
    fails(b"ham:opaque:%", 11, "'%' without two hexadecimal digits");
    fails(b"ham:opaque:a%4", 12, "'%' without two hexadecimal digits");
    fails(b"ham:opaque:%%41", 11, "'%' without two hexadecimal digits");
    fails(b"ham:opaque:%+1", 12, "'+' stands in the group");
    fails(b"ham:opaque:%4g", 11, "'%' without two hexadecimal digits");
    fails(b"ham:opaque:a@b%00", 14, "%00");
    fails(b"ham:opaque:a\0", 12, "a NUL");
    fails(b"ham:opaque:%61%ff", 14, "no UTF-8");
    fails(b"ham:opaque:%61%C3", 14, "no UTF-8");
    fails(b"ham:opaque:x/a;%ED%A0%80", 15, "no UTF-8");
}

#[test]
fn ports() {
    assert_eq!(name("ham:opaque:x:1").port(), Some(1));
    assert_eq!(name("ham:opaque:x:65535").port(), Some(65535));
    fails(b"ham:opaque:x:0", 13, "from 1 to 65535");
    fails(b"ham:opaque:x:000", 13, "from 1 to 65535");
    fails(b"ham:opaque:x:65536", 13, "from 1 to 65535");
    fails(b"ham:opaque:x:99999999999999999999999", 13, "from 1 to 65535");
    fails(b"ham:opaque:x:", 13, "the port is empty");
    fails(b"ham:opaque:x:/a;b", 13, "the port is empty");
    fails(b"ham:opaque:x:5000x", 17, "'x' is no digit of a port");
    fails(b"ham:opaque:x:%35", 13, "'%' is no digit of a port");
    fails(b"ham:opaque:x:-1", 13, "'-' is no digit of a port");
    fails(b"ham:opaque:x:1:2", 14, "':' is no digit of a port");
}

#[test]
fn credentials() {
    let with = name("ham:opaque:x@y:1/HMAC%2d256;s%65cret%2F");
    let credentials = with.credentials().unwrap();
    assert_eq!((&*credentials.alg, &*credentials.val), ("HMAC-256", "secret/"));
    assert_eq!(with, name("ham:opaque:x@y:1"));
    assert!(name("ham:opaque:x@y:1").credentials().is_none());
    assert!(name("ham:opaque:*/a;b").credentials().is_some());
    assert!(name("ham:opaque:x@y/a;b").credentials().is_some());
    assert!(name("ham:ip:[ff02::1]/a;b").credentials().is_some());
    fails(b"ham:opaque:x/", 13, "have no algorithm");
    fails(b"ham:opaque:x/;v", 13, "have no algorithm");
    fails(b"ham:opaque:x/a", 14, "not of the form algorithm;value");
    fails(b"ham:opaque:x/a;", 15, "have no value");
    fails(b"ham:opaque:x/a;b/", 16, "only percent-encoded");
    fails(b"ham:opaque:x/a;b;c", 16, "only percent-encoded");
    fails(b"ham:opaque:x/a;b:5", 16, "only percent-encoded");
}

#[test]
fn secrets_stay_secret() {
    let debug = format!("{:?}", name("ham:opaque:x/hmac;topsecret"));
    assert!(debug.contains("hmac") && !debug.contains("topsecret"), "{debug}");
    for uri in [
        "ham:opaque:x/hmac;topsecret!",
        "ham:opaque:x/hmac!topsecret",
        "ham:opaque:x/topsecret",
        "ham:opaque:x;topsecret",
        "ham:ip:10.0.0.1/hmac;topsecret",
        "ham:ip:224.1.2.3/hmac;topsecret%",
        "http://topsecret",
    ] {
        let Err(error) = Name::parse(uri.as_bytes()) else {
            panic!("accepted: {uri}");
        };
        assert!(!error.to_string().contains("topsecret"), "{error}");
    }
}

#[test]
fn lengths() {
    let longest = format!("ham:opaque:{}", "x".repeat(URI_MAX - 1 - 11));
    assert_eq!(name(&longest).normal().len(), URI_MAX - 1);
    fails(format!("{longest}x").as_bytes(), URI_MAX - 1, "longer than 1023 bytes");
    // "xn--tda" is one byte longer than what it stands for.
    let domain = "%C3%BC";
    let uri = format!("ham:sip:{}@{domain}", "x".repeat(URI_MAX - 1 - 9 - domain.len()));
    assert_eq!(uri.len(), URI_MAX - 1);
    fails(uri.as_bytes(), 0, "normal form is longer");
}

#[test]
fn error_texts() {
    let text = |uri: &[u8]| Name::parse(uri).unwrap_err().to_string();
    assert_eq!(
        text(b"ham:ip:224.1.515:5000"),
        "ham-URI \"ham:ip:224.1.515:5000\": byte 7: no IPv4 address, and no DNS name either: its last label is a number"
    );
    assert_eq!(
        text(b"ham:opaque:\xff\"\n/a;b"),
        r#"ham-URI "ham:opaque:\xff\"\n/***": byte 11: the byte 0xFF stands in the group only as %FF"#
    );
    assert!(text(&[b'x'; 5000]).len() < 250);
    assert!(text(&[b'\n'; 5000]).len() < 450);
}

#[test]
fn equality_and_hash() {
    use std::collections::HashSet;
    let names: HashSet<Name> =
        ["ham:ip:224.1.2.3", "HAM:IP:224.1.2.3/a;b", "ham:ip:%3224.1.2.3", "ham:ip:224.1.2.3:1"]
            .map(name)
            .into();
    assert_eq!(names.len(), 2);
    assert_ne!(name("ham:opaque:*"), name("ham:opaque:%2A"));
    assert_ne!(name("ham:opaque:a"), name("ham:opaque:A"));
    assert_ne!(name("ham:opaque:a"), name("ham:sip:a"));
    assert_ne!(name("ham:opaque:a%40b"), name("ham:opaque:a@b"));
    assert_eq!(name("HAM:ip:[ff02::0:1]").to_string(), "ham:ip:[ff02::1]");
}

#[test]
fn names_of_addresses() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(ip_name(ip("224.1.2.3"), None, Some(5000)), "ham:ip:224.1.2.3:5000");
    assert_eq!(ip_name(ip("232.1.2.3"), Some(ip("10.0.0.1")), None), "ham:ip:232.1.2.3@10.0.0.1");
    assert_eq!(ip_name(ip("ff3e::1"), Some(ip("2001:db8::1")), Some(1)), "ham:ip:[ff3e::1]@[2001:db8::1]:1");
}

#[test]
fn names_of_groups_in_normal_form_are_told_from_others() {
    assert!(is_group_name("ham:opaque:news") && is_group_name("ham:ip:239.1.1.1"));
    let others =
        ["", "news", "ham:opaque:", "ham:opaque:\0", "ham:opaque:a\nb", "ham:opaque:*", "ham:ip:239.001.1.1"];
    let long = format!("ham:opaque:{}", "a".repeat(URI_MAX));
    for text in others.into_iter().chain([&*long]) {
        assert!(!is_group_name(text), "{text:?}");
    }
}
