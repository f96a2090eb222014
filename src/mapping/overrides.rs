//! Where the configuration puts Group Names (RFC 7046 §1.2.2): by name, or by how they begin.

use crate::name::{Group, Name, Namespace};
use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// The places of the names that the configuration puts somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    names: HashMap<Arc<str>, Override>,
    /// The longest first.
    prefixes: Vec<(String, Override)>,
}

/// Where a name, or all names that begin alike, are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// All of them are joined and sent to.
    pub addresses: Vec<PlacedAddress>,
    /// Messages travel in HAM frames; else raw, as those of other programs do.
    pub framed: bool,
}

/// A Group Address, with its source where it is source-specific, and the port where it says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedAddress {
    /// The Group Address.
    pub group: IpAddr,
    /// The source.
    pub source: Option<IpAddr>,
    /// The UDP port; without one, that of the name.
    pub port: Option<u16>,
}

/// Which names an override is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this normal form.
    Name(Arc<str>),
    /// Those whose normal forms begin so.
    Prefix(String),
}

impl Overrides {
    /// Adds one; false when there is one for the same names already.
    #[must_use]
    pub fn insert(&mut self, which: Which, place: Override) -> bool {
        match which {
            Which::Name(name) => {
                let new = !self.names.contains_key(&name);
                self.names.entry(name).or_insert(place);
                new
            }
            Which::Prefix(prefix) => {
                let new = self.prefixes.iter().all(|(other, _)| *other != prefix);
                let at = self.prefixes.partition_point(|(other, _)| other.len() >= prefix.len());
                if new {
                    self.prefixes.insert(at, (prefix, place));
                }
                new
            }
        }
    }

    /// The one for the name with this normal form: its own, else that of its longest prefix.
    pub fn find(&self, normal: &str) -> Option<&Override> {
        let by_prefix = || self.prefixes.iter().find(|(prefix, _)| normal.starts_with(prefix.as_str()));
        self.names.get(normal).or_else(|| by_prefix().map(|(_, place)| place))
    }
}

impl Which {
    /// The name as it is written in the configuration; in any spelling of it.
    pub fn name(text: &str) -> Result<Which, String> {
        let name = Name::parse(text.as_bytes()).map_err(|e| e.to_string())?;
        check(&name)?;
        Ok(Which::Name(name.normal().clone()))
    }

    /// How names begin. Where that is a name, in any spelling of it; else as normal forms begin.
    pub fn prefix(text: &str) -> Result<Which, String> {
        if let Ok(name) = Name::parse(text.as_bytes()) {
            check(&name)?;
            return Ok(Which::Prefix(name.normal().to_string()));
        }
        let namespace =
            text.strip_prefix("ham:").and_then(|rest| rest.split_once(':')).map(|(first, _)| first);
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
        match namespace {
            Some("ip") => return Err(IP.into()),
            Some(namespace) if !namespace.is_empty() && namespace.bytes().all(fits) => {}
            _ => return Err("a prefix begins as Group Names do, with \"ham:NAMESPACE:\"".into()),
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%@:[]+".contains(&byte)) {
            return Err("a prefix has only characters that can stand in a Group Name".into());
        }
        Ok(Which::Prefix(text.into()))
    }
}

const IP: &str = "a name of namespace ip says its address itself and cannot be put elsewhere";

fn check(name: &Name) -> Result<(), String> {
    if name.credentials().is_some() {
        return Err(format!("{name}: credentials are no part of a name, and do not belong here"));
    }
    if *name.namespace() == Namespace::Ip {
        return Err(IP.into());
    }
    if *name.group() == Group::All {
        return Err(format!("{name}: '*' is no group that could be put somewhere"));
    }
    Ok(())
}

impl FromStr for PlacedAddress {
    type Err = String;

    /// Reads what stands behind `ham:ip:` in a Group Name of literal addresses.
    fn from_str(text: &str) -> Result<PlacedAddress, String> {
        if text.contains('/') {
            return Err("an address has no credentials".into());
        }
        let name = Name::parse(format!("ham:ip:{text}").as_bytes())
            .map_err(|e| format!("{text:?} is no Group Address: {e}"))?;
        let no_literal = || format!("{text:?} is no Group Address: it takes addresses, not DNS names");
        let Group::Part(group) = name.group() else { return Err(no_literal()) };
        let source = name.instantiation();
        Ok(PlacedAddress {
            group: group.address().ok_or_else(no_literal)?,
            source: source.map(|part| part.address().ok_or_else(no_literal)).transpose()?,
            port: name.port(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Override {
        let group = IpAddr::from([239, 1, 2, 3]);
        Override { addresses: vec![PlacedAddress { group, source: None, port: Some(port) }], framed: true }
    }

    #[test]
    fn the_name_goes_before_the_longest_prefix_and_that_before_shorter_ones() {
        let mut overrides = Overrides::default();
        for (port, which) in [
            (1, Which::prefix("ham:opaque:")),
            (2, Which::prefix("ham:opaque:sensors")),
            (3, Which::prefix("ham:opaque:sens")),
            (4, Which::name("ham:opaque:sensors-east")),
            (5, Which::prefix("ham:sip:news@")),
        ] {
            assert!(overrides.insert(which.unwrap(), place(port)));
        }
        for (name, port) in [
            ("ham:opaque:news", Some(1)),
            ("ham:opaque:sensors", Some(2)),
            ("ham:opaque:sensors-west", Some(2)),
            ("ham:opaque:sensation", Some(3)),
            ("ham:opaque:sensors-east", Some(4)),
            ("ham:opaque:sensors-east2", Some(2)),
            ("ham:sip:news@cnn.com", Some(5)),
            ("ham:sip:new", None),
            ("ham:opaqu:news", None),
        ] {
            let found = overrides.find(name).and_then(|found| found.addresses[0].port);
            assert_eq!(found, port, "{name}");
        }
        assert!(!overrides.insert(Which::prefix("HAM:Opaque:sens").unwrap(), place(9)));
        assert!(!overrides.insert(Which::name("ham:opaque:sensors%2Deast").unwrap(), place(9)));
        assert_eq!(overrides.find("ham:opaque:sens"), Some(&place(3)));
    }

    #[test]
    fn names_and_prefixes_are_taken_in_any_spelling() {
        assert_eq!(Which::name("HAM:SIP:news@CNN.com"), Ok(Which::Name("ham:sip:news@cnn.com".into())));
        assert_eq!(Which::prefix("ham:opaque:%41b"), Ok(Which::Prefix("ham:opaque:Ab".into())));
        assert_eq!(Which::prefix("ham:opaque:"), Ok(Which::Prefix("ham:opaque:".into())));
        assert_eq!(Which::prefix("ham:sip:a@"), Ok(Which::Prefix("ham:sip:a@".into())));
    }

    #[test]
    fn what_can_be_no_name_or_prefix_is_refused() {
        for bad in ["", "news", "ham:opaque:", "ham:ip:239.1.2.3", "ham:opaque:*", "ham:opaque:a/key;SECRET"]
        {
            let error = Which::name(bad).unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
        }
        for bad in [
            "",
            "ham",
            "ham:",
            "ham::",
            "ham:ip:",
            "ham:ip:239.",
            "ham:Opaque:",
            "opaque:a",
            "ham:opaque:*",
            "ham:opaque:a b",
            "ham:opaque:a/key;SECRET",
            "ham:opaque:a@/key;SECRET",
            "ham:op/aque:",
        ] {
            let error = Which::prefix(bad).unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn addresses_are_what_stands_behind_ham_ip() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (text, group, source, port) in [
            ("239.1.2.3", "239.1.2.3", None, None),
            ("239.1.2.3:5000", "239.1.2.3", None, Some(5000)),
            ("[ff15::5]:5000", "ff15::5", None, Some(5000)),
            ("232.1.1.1@10.0.0.1:5000", "232.1.1.1", Some("10.0.0.1"), Some(5000)),
            ("[ff35::8000:1]@[2001:db8::1]", "ff35::8000:1", Some("2001:db8::1"), None),
        ] {
            let expected = PlacedAddress { group: ip(group), source: source.map(ip), port };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "10.0.0.1",
            "239.1.2.3:0",
            "239.1.2.3:",
            "news.example.org:5000",
            "239.1.2.3@host.example.org",
            "232.1.1.1@[2001:db8::1]",
            "ff15::5",
            "*",
            "239.1.2.3/key;SECRET",
        ] {
            let error = bad.parse::<PlacedAddress>().unwrap_err();
            assert!(error.contains("address") || error.contains("Address"), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
