//! The normal form of a Group Name, and the names of addresses.

use super::{Group, Namespace, Part, percent};
use std::fmt::Write;
use std::net::IpAddr;

pub(super) fn write(
    namespace: &Namespace,
    group: &Group,
    instantiation: Option<&Part>,
    port: Option<u16>,
) -> String {
    let mut uri = format!("ham:{}:", namespace.as_str());
    match group {
        Group::All => uri.push('*'),
        Group::Part(part) => push(&mut uri, part),
    }
    if let Some(part) = instantiation {
        uri.push('@');
        push(&mut uri, part);
    }
    push_port(&mut uri, port);
    uri
}

/// The Group Name, in normal form, of a Group Address: of any source, or of one (RFC 7046 §3.5.1).
pub fn ip_name(group: IpAddr, source: Option<IpAddr>, port: Option<u16>) -> String {
    let mut uri = String::from("ham:ip:");
    push_address(&mut uri, group);
    if let Some(source) = source {
        uri.push('@');
        push_address(&mut uri, source);
    }
    push_port(&mut uri, port);
    uri
}

fn push(uri: &mut String, part: &Part) {
    match part {
        Part::V4(address) => push_address(uri, IpAddr::V4(*address)),
        Part::V6(address) => push_address(uri, IpAddr::V6(*address)),
        Part::Host(name) => uri.push_str(name),
        Part::Text(text) => percent::encode(text, uri),
    }
}

fn push_address(uri: &mut String, address: IpAddr) {
    // Writing to a String cannot fail.
    let _ = match address {
        IpAddr::V4(address) => write!(uri, "{address}"),
        IpAddr::V6(address) => write!(uri, "[{address}]"),
    };
}

fn push_port(uri: &mut String, port: Option<u16>) {
    if let Some(port) = port {
        let _ = write!(uri, ":{port}");
    }
}
