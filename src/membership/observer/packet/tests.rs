use super::*;

// Heard on a running LAN: Linux 6.18 hosts behind its bridge, which is the querier.
const QUERY_3: &str = "46c00024000040000102041300000000e0000001940400001105ecf80000000002020000";
const IS_EXCLUDE_3: &str = "46c00028000040000102f9f80a000001e0000016940400002200e8f90000000104000000ef010203";
const TWO_RECORDS_3: &str = "46c00034000040000102f9ec0a000001e0000016940400002200efe90000000205000001\
    e80102030a00000904000000ef010203";
const REPORT_2: &str = "46c00020000040000102e9110a000001ef010204940400001600f8f9ef010204";
/// Made, from 10.0.0.2.
pub const QUERY_2: &str = "46c00020000040000102fa140a000002e0000001940400001164ee9b00000000";
const LEAVE_2: &str = "46c00020000040000102fa140a000001e0000002940400001700f7f9ef010204";
const MLD_QUERY_2: &str = "6000000000240001fe80000000000000f4f51afffee4b9e5ff020000000000000000000000000001\
    3a000502000000008200b36e01f400000000000000000000000000000000000002020000";
const MLD_REPORT_2: &str = "60000000005c0001fe800000000000004410ecfffe742ab6ff020000000000000000000000000016\
    3a000502000001008f00ef890000000301000001ff350000000000000000000000000099fd000000000000000000000000000009\
    02000000ff0200000000000000000001ff742ab602000000ff0200000000000000000001ff000001";
const MLD_REPORT_1: &str = "6000000000200001fe800000000000004410ecfffe742ab6ff150000000000000000000000000004\
    3a00050200000100830025bd00000000ff150000000000000000000000000004";
const MLD_DONE: &str = "6000000000200001fe800000000000004410ecfffe742ab6ff020000000000000000000000000002\
    3a00050200000100840024d200000000ff150000000000000000000000000004";
pub const SAMPLES: [&str; 9] = [
    QUERY_3,
    IS_EXCLUDE_3,
    TWO_RECORDS_3,
    REPORT_2,
    LEAVE_2,
    MLD_QUERY_2,
    MLD_REPORT_2,
    MLD_REPORT_1,
    MLD_DONE,
];

pub fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn heard(hex: &str) -> (IpAddr, Message) {
    let Heard { from, message } = read(&bytes(hex)).unwrap();
    (from, message)
}

fn record(kind: Kind, group: &str, sources: &[&str]) -> GroupRecord {
    GroupRecord { kind, group: ip(group), sources: sources.iter().map(|s| ip(s)).collect() }
}

#[test]
fn what_linux_says() {
    let query = Query {
        group: None,
        sources: vec![],
        response: Duration::from_millis(500),
        suppress: false,
        robustness: Some(2),
        interval: Some(Duration::from_secs(2)),
    };
    let (host, link) = (ip("10.0.0.1"), ip("fe80::4410:ecff:fe74:2ab6"));
    assert_eq!(heard(QUERY_3), (ip("0.0.0.0"), Message::Query(query.clone())));
    assert_eq!(heard(MLD_QUERY_2), (ip("fe80::f4f5:1aff:fee4:b9e5"), Message::Query(query)));
    let exclude = record(Kind::ToExclude, "239.1.2.3", &[]);
    assert_eq!(heard(IS_EXCLUDE_3), (host, Message::Records(vec![exclude.clone()])));
    let allow = record(Kind::Allow, "232.1.2.3", &["10.0.0.9"]);
    assert_eq!(heard(TWO_RECORDS_3), (host, Message::Records(vec![allow, exclude])));
    assert_eq!(heard(REPORT_2), (host, Message::Report(ip("239.1.2.4"))));
    assert_eq!(heard(LEAVE_2), (host, Message::Leave(ip("239.1.2.4"))));
    let records = vec![
        record(Kind::IsInclude, "ff35::99", &["fd00::9"]),
        record(Kind::IsExclude, "ff02::1:ff74:2ab6", &[]),
        record(Kind::IsExclude, "ff02::1:ff00:1", &[]),
    ];
    assert_eq!(heard(MLD_REPORT_2), (link, Message::Records(records)));
    assert_eq!(heard(MLD_REPORT_1), (link, Message::Report(ip("ff15::4"))));
    assert_eq!(heard(MLD_DONE), (link, Message::Leave(ip("ff15::4"))));
}

/// An IPv4 packet around `body`, whose checksum (at bytes 2 and 3) is filled in, as is the header's.
fn v4(protocol: u8, from: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0xc0, 0, 0, 0, 0, 0, 0, 1, protocol, 0, 0];
    packet.extend(from);
    packet.extend([224, 0, 0, 22]);
    packet.extend(body);
    let length = (packet.len() as u16).to_be_bytes();
    packet[2..4].copy_from_slice(&length);
    seal(&mut packet);
    packet
}

/// Fills in the checksums of an IPv4 packet without options.
fn seal(packet: &mut [u8]) {
    let (header, body) = packet.split_at_mut(20);
    for (part, at) in [(header, 10), (body, 2)] {
        part[at..at + 2].fill(0);
        let check = !sum(part, 0);
        part[at..at + 2].copy_from_slice(&check.to_be_bytes());
    }
}

const HOST: [u8; 4] = [10, 0, 0, 7];

fn message(protocol: u8, body: &[u8]) -> Option<Message> {
    read(&v4(protocol, HOST, body)).map(|heard| heard.message)
}

#[test]
fn queries_of_each_version() {
    let of = |body: &[u8]| match message(IGMP, body).unwrap() {
        Message::Query(q) => (q.group, q.response.as_millis(), q.robustness, q.interval.map(|i| i.as_secs())),
        other => panic!("{other:?}"),
    };
    let group = Some(ip("239.1.1.1"));
    assert_eq!(of(&[0x11, 0, 0, 0, 0, 0, 0, 0]), (None, 10_000, None, None));
    assert_eq!(of(&[0x11, 20, 0, 0, 239, 1, 1, 1]), (group, 2000, None, None));
    assert_eq!(of(&[0x11, 0x9f, 0, 0, 239, 1, 1, 1, 3, 0x80, 0, 0]), (group, 49_600, Some(3), Some(128)));
    // It says neither.
    assert_eq!(of(&[0x11, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), (None, 1000, None, None));
    // RFC 3376 §7.1: no version has this length.
    assert_eq!(message(IGMP, &[0x11, 10, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    let with_sources = [0x11, 10, 0, 0, 239, 1, 1, 1, 8 | 2, 0, 0, 1, 10, 0, 0, 9];
    match message(IGMP, &with_sources).unwrap() {
        Message::Query(q) => assert_eq!((q.sources, q.suppress), (vec![ip("10.0.0.9")], true)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_that_are_none_are_passed_over() {
    let mut body = vec![0x22, 0, 0, 0, 0, 0, 0, 4];
    body.extend([9, 0, 0, 0, 239, 1, 1, 1]);
    body.extend([4, 0, 0, 0, 10, 1, 1, 1]);
    // With auxiliary data, and a source that can be none.
    body.extend([1, 1, 0, 2, 239, 1, 1, 2, 10, 0, 0, 9, 0, 0, 0, 0, 0xee, 0xee, 0xee, 0xee]);
    body.extend([4, 0, 0, 0, 239, 1, 1, 3]);
    let expected =
        vec![record(Kind::IsInclude, "239.1.1.2", &["10.0.0.9"]), record(Kind::ToExclude, "239.1.1.3", &[])];
    assert_eq!(message(IGMP, &body), Some(Message::Records(expected)));
    // One more is announced than there is.
    body[7] = 5;
    assert_eq!(message(IGMP, &body), None);
}

#[test]
fn hello() {
    let of = |options: &[u8]| message(PIM, &[&[0x20, 0, 0, 0], options].concat());
    let hello =
        |seconds, priority| Some(Message::Hello { holdtime: Some(Duration::from_secs(seconds)), priority });
    assert_eq!(of(&[0, 1, 0, 2, 0, 4, 0, 20, 0, 4, 1, 2, 3, 4, 0, 19, 0, 4, 0, 0, 0, 9]), hello(4, Some(9)));
    assert_eq!(of(&[]), hello(105, None));
    assert_eq!(of(&[0, 1, 0, 2, 0, 0]), hello(0, None));
    assert_eq!(of(&[0, 1, 0, 2, 255, 255]), Some(Message::Hello { holdtime: None, priority: None }));
    assert_eq!(of(&[0, 1, 0, 9, 0, 0]), None);
    // A register is not from the link.
    assert_eq!(message(PIM, &[0x21, 0, 0, 0, 0, 0, 0, 0]), None);
}

#[test]
fn what_is_forged_or_broken_is_nothing() {
    let good = v4(IGMP, HOST, &[0x16, 0, 0, 0, 239, 1, 1, 1]);
    assert!(read(&good).is_some());
    let changed = |at: usize, value: u8, sealed: bool| {
        let mut packet = good.clone();
        packet[at] = value;
        if sealed {
            seal(&mut packet);
        }
        read(&packet)
    };
    assert_eq!(changed(8, 2, true), None, "it comes from beyond the link");
    assert_eq!(changed(6, 0x20, true), None, "a fragment");
    assert_eq!(changed(9, 17, true), None, "UDP");
    assert_eq!(changed(12, 224, true), None, "from a group");
    assert_eq!(changed(12, 127, true), None, "from loopback");
    assert_eq!(changed(24, 10, true), None, "no group");
    assert_eq!(changed(10, good[10] ^ 1, false), None, "the header's checksum");
    assert_eq!(changed(22, good[22] ^ 1, false), None, "the checksum");
    assert_eq!(changed(3, 200, true), None, "longer than it is");
    // Padding behind it is no part of it.
    assert!(read(&[&good[..], &[0xaa; 18]].concat()).is_some());

    let mld = bytes(MLD_REPORT_1);
    let changed = |at: usize, value: u8| {
        let mut packet = mld.clone();
        packet[at] = value;
        // The type of the message or of its option, the source: what it adds to the sum is taken off there.
        read(&packet)
    };
    assert!(read(&mld).is_some());
    assert_eq!(changed(7, 2), None, "it comes from beyond the link");
    assert_eq!(changed(42, 6), None, "no Router Alert");
    assert_eq!(changed(9, 0x90), None, "the checksum");
}

#[test]
fn mld_from_elsewhere_is_nothing() {
    let mut packet = bytes(MLD_REPORT_1);
    // fd80:: in place of fe80::, and the checksum follows.
    packet[8] = 0xfd;
    let check = u16::from_be_bytes([packet[50], packet[51]]) + 0x0100;
    packet[50..52].copy_from_slice(&check.to_be_bytes());
    let pseudo = sum(&packet[8..40], 24 + 58);
    assert_eq!(sum(&packet[48..], pseudo.into()), 0xffff);
    assert_eq!(read(&packet), None);
}

#[test]
fn every_cut_of_a_packet_is_nothing() {
    for sample in SAMPLES.map(bytes) {
        assert!(read(&sample).is_some());
        for end in 0..sample.len() {
            assert_eq!(read(&sample[..end]), None);
        }
    }
}

#[test]
fn every_changed_byte_is_harmless() {
    for sample in SAMPLES.map(bytes) {
        for at in 0..sample.len() {
            for value in 0..=255 {
                let mut packet = sample.clone();
                packet[at] = value;
                let _ = read(&packet);
                // Past the checksums, into the parts that they protect.
                let _ = igmp(&packet[24.min(at)..]);
                let _ = mld(&packet[48.min(packet.len())..]);
                let _ = super::hello(&packet[at..]);
            }
        }
    }
}

#[test]
fn what_goes_to_one_host_comes_from_beyond_the_link() {
    for sample in SAMPLES {
        let Heard { message, .. } = read(&bytes(sample)).unwrap();
        for elsewhere in ["10.0.0.2", "239.200.1.1", "fe80::2", "ff15::200"] {
            assert!(!message.goes_to(ip(elsewhere)), "{sample}");
        }
    }
    // To 10.0.0.2, with the header's checksum put right.
    let unicast = QUERY_3.replace("04130000", "da120000").replace("e0000001", "0a000002");
    assert_eq!(sum(&bytes(&unicast)[..24], 0), 0xffff);
    assert_eq!(read(&bytes(&unicast)), None);
}
