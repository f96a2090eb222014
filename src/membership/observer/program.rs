//! The kernel's filter (classic BPF) of captured packets, which begin with the IP header: IGMP, MLD and PIM Hello, and of
//! these one part.

use libc::{
    BPF_ABS, BPF_ADD, BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_IND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_LDX,
};
use libc::{BPF_LSH, BPF_MISC, BPF_MSH, BPF_RET, BPF_TAX, BPF_W, sock_filter};
use sys::capture::{ETH_P_IP, ETH_P_IPV6};

/// Which of these packets are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// The reports in which hosts of IGMPv3 and MLDv2 say what they listen to still.
    Refreshes,
    /// All others.
    News,
}

const LENGTH: usize = 41;

const PROTOCOL: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PROTOCOL) as u32;
const VLAN_TAG: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_VLAN_TAG) as u32;
const VLAN_TAG_PRESENT: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_VLAN_TAG_PRESENT) as u32;
/// The VLAN's number in a tag; 0 is that of the device itself.
const VLAN: u32 = 0xfff;
const PIM: u32 = 103;
/// Version 2, type 0.
const HELLO: u32 = 0x20;
const IGMPV3_REPORT: u32 = 0x22;
const MLDV2_REPORT: u32 = 143;
/// Records that say how it is, not that it has changed (RFC 3376 §4.2.12, RFC 3810 §5.2.12); no report has both.
const IS_INCLUDE: u32 = 1;
const IS_EXCLUDE: u32 = 2;

const fn load(size: u32, mode: u32, at: u32) -> sock_filter {
    sock_filter { code: (BPF_LD | size | mode) as u16, jt: 0, jf: 0, k: at }
}

const fn when(value: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jt, jf, k: value }
}

const fn plain(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Of IGMP, PIM Hello over both, and ICMPv6 types 130, 131, 132 and 143 behind one hop-by-hop header, those of the part.
#[rustfmt::skip]
pub fn program(part: Share) -> [sock_filter; LENGTH] {
    let pass = |of| plain(BPF_RET | BPF_K, if part == of { u32::MAX } else { 0 });
    [
        // What belongs to a VLAN is heard at the device that stands for it.
        load(BPF_W, BPF_ABS, VLAN_TAG_PRESENT),
        when(0, 3, 0),
        load(BPF_W, BPF_ABS, VLAN_TAG),
        plain(BPF_ALU | BPF_AND | BPF_K, VLAN),
        when(0, 0, 35),
        /*  0 */ load(BPF_H, BPF_ABS, PROTOCOL),
        /*  1 */ when(ETH_P_IP as u32, 0, 11),
        /*  2 */ load(BPF_B, BPF_ABS, 9),
        /*  3 */ when(libc::IPPROTO_IGMP as u32, 0, 5),
        /*  4 */ plain(BPF_LDX | BPF_B | BPF_MSH, 0),
        /*  5 */ load(BPF_B, BPF_IND, 0),
        /*  6 */ when(IGMPV3_REPORT, 0, 26),
        /*  7 */ load(BPF_B, BPF_IND, 8),
        /*  8 */ when(IS_INCLUDE, 25, 23),
        /*  9 */ when(PIM, 0, 25),
        /* 10 */ plain(BPF_LDX | BPF_B | BPF_MSH, 0),
        /* 11 */ load(BPF_B, BPF_IND, 0),
        /* 12 */ when(HELLO, 20, 22),
        /* 13 */ when(ETH_P_IPV6 as u32, 0, 21),
        /* 14 */ load(BPF_B, BPF_ABS, 6),
        /* 15 */ when(PIM, 0, 2),
        /* 16 */ load(BPF_B, BPF_ABS, 40),
        /* 17 */ when(HELLO, 15, 17),
        /* 18 */ when(0, 0, 16),
        /* 19 */ load(BPF_B, BPF_ABS, 40),
        /* 20 */ when(libc::IPPROTO_ICMPV6 as u32, 0, 14),
        // The length of the hop-by-hop header without its first eight bytes, in units of eight bytes.
        /* 21 */ load(BPF_B, BPF_ABS, 41),
        /* 22 */ plain(BPF_ALU | BPF_LSH | BPF_K, 3),
        /* 23 */ plain(BPF_ALU | BPF_ADD | BPF_K, 8),
        /* 24 */ plain(BPF_MISC | BPF_TAX, 0),
        /* 25 */ load(BPF_B, BPF_IND, 40),
        /* 26 */ when(130, 6, 0),
        /* 27 */ when(131, 5, 0),
        /* 28 */ when(132, 4, 0),
        /* 29 */ when(MLDV2_REPORT, 0, 5),
        /* 30 */ load(BPF_B, BPF_IND, 48),
        /* 31 */ when(IS_INCLUDE, 2, 0),
        /* 32 */ when(IS_EXCLUDE, 1, 0),
        /* 33 */ pass(Share::News),
        /* 34 */ pass(Share::Refreshes),
        /* 35 */ plain(BPF_RET | BPF_K, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel does with such a program; a load from beyond the packet ends it.
    fn runs(program: &[sock_filter], vlan: Option<u16>, protocol: u16, packet: &[u8]) -> Option<u32> {
        let (mut a, mut x, mut at) = (0u32, 0u32, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let code = u32::from(code);
            let byte = |i: u32| packet.get(i as usize).map(|byte| u32::from(*byte));
            const LOAD_PROTOCOL: u32 = BPF_LD | BPF_H | BPF_ABS;
            const LOAD_TAG: u32 = BPF_LD | BPF_W | BPF_ABS;
            const AND: u32 = BPF_ALU | BPF_AND | BPF_K;
            const LOAD: u32 = BPF_LD | BPF_B | BPF_ABS;
            const LOAD_AT_X: u32 = BPF_LD | BPF_B | BPF_IND;
            const HEADER_TO_X: u32 = BPF_LDX | BPF_B | BPF_MSH;
            const SHIFT: u32 = BPF_ALU | BPF_LSH | BPF_K;
            const ADD: u32 = BPF_ALU | BPF_ADD | BPF_K;
            const TO_X: u32 = BPF_MISC | BPF_TAX;
            const EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
            const RETURN: u32 = BPF_RET | BPF_K;
            match code {
                LOAD_PROTOCOL if k == PROTOCOL => a = protocol.into(),
                LOAD_TAG if k == VLAN_TAG_PRESENT => a = vlan.is_some().into(),
                LOAD_TAG if k == VLAN_TAG => a = vlan.unwrap_or_default().into(),
                LOAD => a = byte(k)?,
                LOAD_AT_X => a = byte(x + k)?,
                HEADER_TO_X => x = (byte(k)? & 15) * 4,
                SHIFT => a <<= k,
                AND => a &= k,
                ADD => a += k,
                TO_X => x = a,
                EQUAL => at += usize::from(if a == k { jt } else { jf }),
                RETURN => return Some(k),
                _ => panic!("code {code}"),
            }
        }
    }

    /// The part that a packet belongs to; `None`: neither.
    fn part(protocol: u16, packet: &[u8]) -> Option<Share> {
        let passes = |part| runs(&program(part), None, protocol, packet).is_some_and(|length| length > 0);
        match (passes(Share::News), passes(Share::Refreshes)) {
            (true, true) => panic!("{packet:?} passes twice"),
            (true, false) => Some(Share::News),
            (false, true) => Some(Share::Refreshes),
            (false, false) => None,
        }
    }

    fn v4(protocol: u8, options: usize, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 20 + 4 * options];
        packet[0] = 0x45 + options as u8;
        packet[9] = protocol;
        [&packet, body].concat()
    }

    fn v6(header: u8, extension: &[u8], body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 40];
        (packet[0], packet[6]) = (0x60, header);
        [&packet, extension, body].concat()
    }

    #[test]
    fn what_belongs_to_a_vlan_is_not_heard_at_the_trunk() {
        let report = v4(2, 1, &[0x16, 0, 0, 0, 239, 1, 1, 1]);
        let passes = |vlan| runs(&program(Share::News), vlan, ETH_P_IP, &report).unwrap() > 0;
        assert!(passes(None) && passes(Some(0)) && passes(Some(0xe000)));
        assert!(!passes(Some(1)) && !passes(Some(0x200a)) && !passes(Some(0xfff)));
    }

    #[test]
    fn igmp_and_pim() {
        let of = |protocol, options, body: &[u8]| part(ETH_P_IP, &v4(protocol, options, body));
        for options in [0, 1, 10] {
            for kind in [0x11, 0x12, 0x16, 0x17] {
                assert_eq!(of(2, options, &[kind, 0, 0, 0, 239, 1, 1, 1]), Some(Share::News));
            }
            for kind in 0..8 {
                let report = [0x22, 0, 0, 0, 0, 0, 0, 1, kind, 0, 0, 0, 239, 1, 1, 1];
                let expected = if matches!(kind, 1 | 2) { Share::Refreshes } else { Share::News };
                assert_eq!(of(2, options, &report), Some(expected), "{kind}");
            }
            assert_eq!(of(103, options, &[0x20, 0]), Some(Share::News));
            assert_eq!(of(103, options, &[0x23, 0]), None);
            assert_eq!(of(17, options, &[0x20, 0]), None);
        }
        assert_eq!(part(0x0806, &v4(2, 0, &[0x16; 8])), None);
    }

    #[test]
    fn mld_and_pim() {
        let of = |header, extension: &[u8], body: &[u8]| part(ETH_P_IPV6, &v6(header, extension, body));
        let (short, long) = ([58, 0, 5, 2, 0, 0, 1, 0], [&[58, 1][..], &[0; 14]].concat());
        for extension in [&short[..], &long] {
            for kind in [130, 131, 132] {
                assert_eq!(of(0, extension, &[kind, 0, 0, 0]), Some(Share::News));
            }
            for kind in 0..8 {
                let expected = if matches!(kind, 1 | 2) { Share::Refreshes } else { Share::News };
                assert_eq!(of(0, extension, &[143, 0, 0, 0, 0, 0, 0, 1, kind, 0]), Some(expected), "{kind}");
            }
            assert_eq!(of(0, extension, &[135, 0, 0, 0]), None);
        }
        assert_eq!(of(0, &[17, 0, 5, 2, 0, 0, 1, 0], &[130, 0, 0, 0]), None);
        assert_eq!(of(58, &[], &[135, 0, 0, 0]), None);
        assert_eq!(of(103, &[], &[0x20, 0]), Some(Share::News));
        assert_eq!(of(103, &[], &[0x21, 0]), None);
    }

    #[test]
    fn cut_packets_are_of_no_part_or_of_one() {
        let report = v4(2, 1, &[0x22, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0]);
        for end in 0..report.len() {
            let expected = (end > 32).then_some(Share::Refreshes);
            assert_eq!(part(ETH_P_IP, &report[..end]), expected, "{end}");
        }
    }
}
