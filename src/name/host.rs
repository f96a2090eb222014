//! Addresses and DNS names: the host of RFC 3986 §3.2.2, strictly.

use super::fault::{Fault, show};
use super::grammar::Component;
use super::percent::Decoded;
use std::net::{IpAddr, Ipv6Addr};

/// What stands between brackets: an IPv6 address without a zone.
pub(super) fn bracketed(component: &Component<'_>) -> Result<Ipv6Addr, Fault> {
    let inside = component.at + 1;
    let odd = component.raw.iter().position(|byte| !matches!(byte, b':' | b'.') && !byte.is_ascii_hexdigit());
    match odd.map(|at| (at, component.raw[at])) {
        Some((at, b'%')) => {
            return Err(Fault::new(inside + at, "an address has no zone here: Interfaces choose the link"));
        }
        Some((at, byte)) => {
            return Err(Fault::new(inside + at, format!("{} cannot stand in an IPv6 address", show(byte))));
        }
        None => {}
    }
    std::str::from_utf8(component.raw)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Fault::new(inside, "between the brackets stands no IPv6 address"))
}

/// Can be the source of a message. An IPv4-mapped address never stands in an IPv6 header.
pub(super) fn is_unicast(address: IpAddr) -> bool {
    !address.is_unspecified()
        && !address.is_multicast()
        && match address {
            IpAddr::V4(address) => !address.is_broadcast(),
            IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
        }
}

/// A DNS name (RFC 1123 §2.1) in ASCII and lower case; text beyond ASCII goes through IDNA. A dot at the end is kept:
/// it makes the name absolute.
pub(super) fn dns_name(name: &Decoded<'_>) -> Result<String, Fault> {
    if name.text.is_ascii() {
        check(&name.text).map_err(|(index, what)| name.fault_at(index, what))?;
        return Ok(name.text.to_ascii_lowercase());
    }
    // The `url` crate would decode and interpret further; only letters, digits, hyphens and dots may reach it.
    if let Some(index) = name.text.bytes().position(|byte| byte.is_ascii() && !is_dns(byte)) {
        return Err(
            name.fault_at(index, format!("{} cannot stand in a DNS name", show(name.text.as_bytes()[index])))
        );
    }
    match url::Host::parse(&name.text) {
        Ok(url::Host::Domain(ascii)) => {
            check(&ascii).map_err(|(_, what)| name.fault(format!("as IDNA writes it: {what}")))?;
            Ok(ascii.to_ascii_lowercase())
        }
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => {
            Err(name.fault("an address is written in ASCII digits"))
        }
        Err(error) => Err(name.fault(format!("no DNS name: {error}"))),
    }
}

fn is_dns(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

/// The index of what is wrong, and what it is.
fn check(name: &str) -> Result<(), (usize, String)> {
    if let Some(index) = name.bytes().position(|byte| !is_dns(byte)) {
        return Err((index, format!("{} cannot stand in a DNS name", show(name.as_bytes()[index]))));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let (mut start, mut last) = (0, (0, ""));
    for label in name.split('.') {
        if label.is_empty() {
            return Err((start, "a label of a DNS name is empty".into()));
        }
        if label.len() > 63 {
            return Err((start, "a label of a DNS name is longer than 63 bytes".into()));
        }
        if label.starts_with('-') {
            return Err((start, "a label of a DNS name does not begin with '-'".into()));
        }
        if label.ends_with('-') {
            return Err((start + label.len() - 1, "a label of a DNS name does not end with '-'".into()));
        }
        last = (start, label);
        start += label.len() + 1;
    }
    // What a resolver could take for an address (1.2.3, 0x7f000001, 0344.1.2.3) never reaches one.
    if is_number(last.1) {
        let start = if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') { 0 } else { last.0 };
        return Err((start, "no IPv4 address, and no DNS name either: its last label is a number".into()));
    }
    if name.len() > 253 {
        return Err((253, "a DNS name is longer than 253 bytes".into()));
    }
    Ok(())
}

fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
