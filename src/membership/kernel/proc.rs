//! The tables of `/proc/net`: igmp, igmp6, mcfilter and mcfilter6.

use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A group that this host has joined at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The device.
    pub ifindex: u32,
    /// The Group Address.
    pub address: IpAddr,
    /// How many sockets hold it (the kernel itself counts as one).
    pub users: u32,
}

/// A source that sockets of this host ask for, or will not hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketFilter {
    /// The device.
    pub ifindex: u32,
    /// The Group Address.
    pub address: IpAddr,
    /// The source.
    pub source: IpAddr,
    /// How many sockets ask for it.
    pub include: u32,
    /// How many exclude it.
    pub exclude: u32,
}

/// Every group of this host, both families.
pub fn joined() -> Result<Vec<Joined>> {
    let mut all = parse_igmp(&read("igmp")?);
    all.extend(parse_igmp6(&read("igmp6")?));
    Ok(all)
}

/// Every source filter of this host, both families.
pub fn filters() -> Result<Vec<SocketFilter>> {
    let mut all = parse_filters(&read("mcfilter")?);
    all.extend(parse_filters(&read("mcfilter6")?));
    Ok(all)
}

/// A table; empty when this kernel is without that family.
fn read(table: &str) -> Result<String> {
    // The calling thread's own: a program may have moved it to another network namespace.
    let path = format!("/proc/thread-self/net/{table}");
    match std::fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.kind() == ErrorKind::NotFound && std::path::Path::new("/proc/thread-self").exists() => {
            Ok(String::new())
        }
        Err(e) => Err(Error::from_io(&e, format!("reading {path} (is /proc mounted?)"))),
    }
}

/// `/proc/net/igmp`: a line for each device, then indented lines for its groups.
pub fn parse_igmp(text: &str) -> Vec<Joined> {
    let mut all = Vec::new();
    let mut ifindex = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !line.starts_with(char::is_whitespace) {
            ifindex = first.parse().ok();
            continue;
        }
        // The address is the machine's word of four bytes in the network's order.
        let address = (first.len() == 8).then(|| u32::from_str_radix(first, 16).ok()).flatten();
        let users = words.next().and_then(|w| w.parse().ok());
        if let (Some(ifindex), Some(address), Some(users)) = (ifindex, address, users) {
            let address = Ipv4Addr::from(address.to_ne_bytes()).into();
            all.push(Joined { ifindex, address, users });
        }
    }
    all
}

/// `/proc/net/igmp6`: index, device, address, users, flags, timer.
pub fn parse_igmp6(text: &str) -> Vec<Joined> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let ifindex = words.next()?.parse().ok()?;
        let address = address(words.nth(1)?)?;
        Some(Joined { ifindex, address, users: words.next()?.parse().ok()? })
    };
    text.lines().filter_map(line).collect()
}

/// `/proc/net/mcfilter` and `mcfilter6`: index, device, group, source, including, excluding.
pub fn parse_filters(text: &str) -> Vec<SocketFilter> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let ifindex = words.next()?.parse().ok()?;
        let (group, source) = (address(words.nth(1)?)?, address(words.next()?)?);
        let (include, exclude) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(SocketFilter { ifindex, address: group, source, include, exclude })
    };
    text.lines().filter_map(line).collect()
}

/// Hexadecimal digits in the network's order: 8 of them after `0x`, or 32.
fn address(word: &str) -> Option<IpAddr> {
    if let Some(v4) = word.strip_prefix("0x") {
        let v4 = (v4.len() == 8).then(|| u32::from_str_radix(v4, 16).ok())??;
        return Some(Ipv4Addr::from(v4).into());
    }
    let v6 = (word.len() == 32).then(|| u128::from_str_radix(word, 16).ok())??;
    Some(Ipv6Addr::from(v6).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Taken from a running kernel, 6.18.
    const IGMP: &str = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
        1\tlo        :     1      V3\n\
        \t\t\t\t010000E0     1 0:00000000\t\t0\n\
        3\th0        :     3      V3\n\
        \t\t\t\t030201E8     1 0:00000000\t\t0\n\
        \t\t\t\t030201EF     2 0:00000000\t\t0\n\
        \t\t\t\t010000E0     1 0:00000000\t\t0\n";
    const IGMP6: &str = "\
1    lo              ff020000000000000000000000000001     1 0000000C 0
3    h0              ff350000000000000000000000000099     1 00000004 0
3    h0              ff0200000000000000000001ff6a5a28     1 00000004 0
";
    const MCFILTER: &str = "\
Idx Device        MCA        SRC    INC    EXC
  3     h0 0xe8010203 0x0a000007      1      0
  3     h0 0xe8010203 0x0a000008      0      2
";
    const MCFILTER6: &str = "\
Idx Device                Multicast Address                   Source Address    INC    EXC
  3     h0 ff350000000000000000000000000099 20010db8000000000000000000000007      1      0
";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn igmp() {
        let of = |ifindex, address, users| Joined { ifindex, address: ip(address), users };
        let expected =
            [of(1, "224.0.0.1", 1), of(3, "232.1.2.3", 1), of(3, "239.1.2.3", 2), of(3, "224.0.0.1", 1)];
        assert_eq!(parse_igmp(IGMP), expected);
    }

    #[test]
    fn igmp6() {
        let of = |ifindex, address| Joined { ifindex, address: ip(address), users: 1 };
        assert_eq!(parse_igmp6(IGMP6), [of(1, "ff02::1"), of(3, "ff35::99"), of(3, "ff02::1:ff6a:5a28")]);
    }

    #[test]
    fn source_filters() {
        let of = |address, source, include, exclude| SocketFilter {
            ifindex: 3,
            address: ip(address),
            source: ip(source),
            include,
            exclude,
        };
        assert_eq!(
            parse_filters(MCFILTER),
            [of("232.1.2.3", "10.0.0.7", 1, 0), of("232.1.2.3", "10.0.0.8", 0, 2)]
        );
        assert_eq!(parse_filters(MCFILTER6), [of("ff35::99", "2001:db8::7", 1, 0)]);
    }

    #[test]
    fn every_cut_of_a_table_is_harmless() {
        for text in
            [IGMP, IGMP6, MCFILTER, MCFILTER6, "\t\t\t\t010000E0 1\n", "9\n\t-1 -1\n", "4294967296 a b c"]
        {
            for end in 0..=text.len() {
                let (a, b, c) =
                    (parse_igmp(&text[..end]), parse_igmp6(&text[..end]), parse_filters(&text[..end]));
                assert!(a.len() + b.len() + c.len() <= 4);
            }
        }
    }

    #[test]
    fn this_host_is_read() {
        let joined = joined().unwrap();
        assert!(joined.iter().any(|j| j.address == ip("224.0.0.1")), "{joined:?}");
        filters().unwrap();
    }
}
