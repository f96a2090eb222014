//! Properties of the mapping from Group Names to Group Addresses, over generated names.

use ham::mapping::rules::Rules;
use ham::mapping::{Mapped, MappedPlace, map};
use ham::name::Name;
use proptest::prelude::*;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The multicast addresses that others own: what is reserved, well known or used by the network itself.
fn is_reserved(group: IpAddr) -> bool {
    match group {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let link_local_on_ethernet = b & 0x7f == 0 && c == 0;
            a == 224 || link_local_on_ethernet || (a, b, c) == (239, 195, 255) || (a, b, c) == (232, 0, 0)
        }
        // The flag T: not permanently assigned (RFC 4291 §2.7).
        IpAddr::V6(v6) => v6.octets()[1] & 0x10 == 0,
    }
}

/// The ranges of docs/wire-format.md.
fn is_in_range(place: &MappedPlace) -> bool {
    match (place.group, place.source) {
        (IpAddr::V4(v4), None) => v4.octets()[0] == 239 && v4.octets()[1] & 0xfc == 192,
        (IpAddr::V4(v4), Some(source)) => v4.octets()[0] == 232 && source.is_ipv4(),
        (IpAddr::V6(v6), None) => v6.segments()[0] == 0xff15,
        (IpAddr::V6(v6), Some(source)) => {
            let segments = v6.segments();
            source.is_ipv6() && segments[..6] == [0xff35, 0, 0, 0, 0, 0] && segments[6] & 0x8000 != 0
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._~-]{1,40}".prop_map(|group| format!("ham:opaque:{group}")),
        ("[a-z]{1,12}", "[a-z]{1,12}\\.[a-z]{2,4}").prop_map(|(user, host)| format!("ham:sip:{user}@{host}")),
        "([0-9a-f]{2}){1,16}".prop_map(|id| format!("ham:reload:{id}")),
        ("[a-z][a-z0-9]{2,8}", "[a-z0-9]{1,20}").prop_map(|(space, group)| format!("ham:x-{space}:{group}")),
    ]
}

fn source() -> impl Strategy<Value = IpAddr> {
    let v4 = any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | bits & 0xff_ffff)));
    let v6 =
        any::<u64>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(bits))));
    prop_oneof![v4, v6]
}

fn mapped(uri: &str, port: u16) -> Mapped {
    let config = Rules { port, ..Rules::default() };
    map(&Name::parse(uri.as_bytes()).unwrap(), &config, true).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_name_of_any_source_has_an_address_in_each_family(uri in name(), port in of_port()) {
        let places = mapped(&uri, port).places;
        prop_assert_eq!(&places, &mapped(&uri, port).places);
        prop_assert_eq!(places.len(), 2);
        prop_assert!(places[0].group.is_ipv4() && places[1].group.is_ipv6());
        for place in &places {
            prop_assert!(place.source.is_none() && place.port == port);
            prop_assert!(place.group.is_multicast() && is_in_range(place) && !is_reserved(place.group), "{place:?}");
        }
    }

    #[test]
    fn a_name_of_one_source_has_that_and_an_address_of_its_family(
        group in "[a-zA-Z0-9._~-]{1,40}",
        source in source(),
        port in of_port(),
    ) {
        let uri = match source {
            IpAddr::V4(v4) => format!("ham:opaque:{group}@{v4}:{port}"),
            IpAddr::V6(v6) => format!("ham:opaque:{group}@[{v6}]:{port}"),
        };
        let places = mapped(&uri, 1).places;
        prop_assert_eq!(&places, &mapped(&uri, 2).places);
        let [place] = places[..] else { panic!("{places:?}") };
        prop_assert_eq!((place.source, place.port), (Some(source), port));
        prop_assert!(place.group.is_multicast() && is_in_range(&place) && !is_reserved(place.group), "{place:?}");
    }

    #[test]
    fn every_spelling_of_a_name_maps_alike(uri in name()) {
        let (space, group) = uri[4..].split_once(':').unwrap();
        let spelled = format!("HAM:{}:%{:02x}{}", space.to_uppercase(), group.as_bytes()[0], &group[1..]);
        prop_assert_eq!(mapped(&spelled, 7046), mapped(&uri, 7046));
    }
}

fn of_port() -> impl Strategy<Value = u16> {
    1..=u16::MAX
}

/// Of n names in 2^18 addresses, about n * n / 2^19 share one: of 4096, 32. Of 112 bits none does.
#[test]
fn different_names_have_different_addresses_mostly() {
    const NAMES: usize = 4096;
    let all: Vec<Mapped> = (0..NAMES).map(|i| mapped(&format!("ham:opaque:sensor-{i}"), 7046)).collect();
    let different = |i: usize| all.iter().map(|m| m.places[i].group).collect::<HashSet<_>>().len();
    assert!(different(0) > NAMES - 64, "{}", different(0));
    assert_eq!(different(1), NAMES);
    let sourced = |i| mapped(&format!("ham:opaque:sensor-{i}@10.0.0.1"), 7046).places[0].group;
    assert!((0..NAMES).map(sourced).collect::<HashSet<_>>().len() > NAMES - 8);
    // What shares an address is told apart by its tag.
    let tags: HashSet<_> = all.iter().map(|m| m.framed().unwrap().tag).collect();
    assert_eq!(tags.len(), NAMES);
}
