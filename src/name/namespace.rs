//! The syntax of each namespace (RFC 7046 §4.2.3 to §4.2.5): from components to what they mean.

use super::fault::Fault;
use super::grammar::{Component, Form};
use super::percent::{self, Decoded};
use super::{Group, Namespace, Part, digest, host};
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn recognise(namespace: &[u8]) -> Namespace {
    // The grammar lets only ASCII through.
    let name = String::from_utf8_lossy(namespace).to_ascii_lowercase();
    match name.as_str() {
        "ip" => Namespace::Ip,
        "sha-2" => Namespace::Sha2,
        "opaque" => Namespace::Opaque,
        "sip" => Namespace::Sip,
        "reload" => Namespace::Reload,
        _ => Namespace::Other(name),
    }
}

pub(super) fn read(
    namespace: &Namespace,
    group: &Component<'_>,
    instantiation: Option<&Component<'_>>,
) -> Result<(Group, Option<Part>), Fault> {
    let read_group = if group.form == Form::Star {
        Group::All
    } else {
        Group::Part(match namespace {
            Namespace::Ip => ip_group(group)?,
            Namespace::Sha2 => sha2(group)?,
            Namespace::Reload => reload_group(group)?,
            Namespace::Sip | Namespace::Opaque | Namespace::Other(_) => text(group)?,
        })
    };
    let read_instantiation = match instantiation {
        None => None,
        Some(instantiation) => Some(match namespace {
            Namespace::Ip => ip_source(instantiation, &read_group)?,
            Namespace::Sha2 => sha2(instantiation)?,
            Namespace::Reload => Part::Host(host::dns_name(&plain(instantiation)?)?),
            Namespace::Sip => sip_instantiation(instantiation)?,
            Namespace::Opaque | Namespace::Other(_) => instance(instantiation)?,
        }),
    };
    Ok((read_group, read_instantiation))
}

/// A component where no brackets may stand.
fn plain<'a>(component: &Component<'a>) -> Result<Decoded<'a>, Fault> {
    match component.form {
        Form::Bracketed => {
            Err(Fault::new(component.at, "no address in brackets can stand here in this namespace"))
        }
        Form::Star | Form::Plain => percent::decode(component),
    }
}

fn text(component: &Component<'_>) -> Result<Part, Fault> {
    Ok(Part::Text(plain(component)?.text))
}

/// Literals first, then a DNS name (RFC 3986 §3.2.2).
fn ip(component: &Component<'_>) -> Result<Part, Fault> {
    if component.form == Form::Bracketed {
        return Ok(Part::V6(host::bracketed(component)?));
    }
    let decoded = percent::decode(component)?;
    match decoded.text.parse::<Ipv4Addr>() {
        Ok(address) => Ok(Part::V4(address)),
        Err(_) => Ok(Part::Host(host::dns_name(&decoded)?)),
    }
}

fn ip_group(component: &Component<'_>) -> Result<Part, Fault> {
    let group = ip(component)?;
    match group.address() {
        Some(address) if !address.is_multicast() => {
            Err(Fault::new(component.at, format!("{address} is not a multicast address")))
        }
        _ => Ok(group),
    }
}

fn ip_source(component: &Component<'_>, group: &Group) -> Result<Part, Fault> {
    let source = ip(component)?;
    let group = match group {
        Group::All => None,
        Group::Part(part) => part.address(),
    };
    match (source.address(), group) {
        (Some(address), _) if !host::is_unicast(address) => Err(Fault::new(
            component.at,
            format!("{address} is not a unicast address, so it can be no source"),
        )),
        (Some(address), Some(group)) if address.is_ipv4() != group.is_ipv4() => Err(Fault::new(
            component.at,
            format!("the source {address} and the group {group} are of different IP versions"),
        )),
        _ => Ok(source),
    }
}

fn sha2(component: &Component<'_>) -> Result<Part, Fault> {
    let val = plain(component)?;
    digest::check(&val.text).map_err(|(index, what)| val.fault_at(index, what))?;
    Ok(Part::Text(val.text))
}

/// A Resource-ID has at most 255 bytes, a Node-ID 16 to 20 (RFC 6940 §6.3.2).
fn reload_group(component: &Component<'_>) -> Result<Part, Fault> {
    let id = plain(component)?;
    if let Some(index) = id.text.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(id.fault_at(index, "not a hexadecimal digit of a RELOAD identifier"));
    }
    if id.text.len() % 2 != 0 || id.text.len() > 510 {
        return Err(id.fault("a RELOAD identifier is 1 to 255 bytes, two hexadecimal digits each"));
    }
    Ok(Part::Text(id.text.to_ascii_lowercase()))
}

/// An address that can be a source, else text.
fn instance(component: &Component<'_>) -> Result<Part, Fault> {
    if component.form == Form::Bracketed {
        let address = host::bracketed(component)?;
        return match host::is_unicast(IpAddr::V6(address)) {
            true => Ok(Part::V6(address)),
            false => Err(Fault::new(component.at, format!("{address} is not a unicast address"))),
        };
    }
    let text = percent::decode(component)?.text;
    match text.parse::<Ipv4Addr>() {
        Ok(address) if host::is_unicast(IpAddr::V4(address)) => Ok(Part::V4(address)),
        _ => Ok(Part::Text(text)),
    }
}

/// A SIP domain where it is one (§4.2.2), so that `CNN.com` and `cnn.com` are the same; else a userinfo.
fn sip_instantiation(component: &Component<'_>) -> Result<Part, Fault> {
    match instance(component)? {
        Part::Text(text) => match host::dns_name(&percent::decode(component)?) {
            Ok(name) => Ok(Part::Host(name)),
            Err(_) => Ok(Part::Text(text)),
        },
        address => Ok(address),
    }
}
