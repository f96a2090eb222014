//! Group Names: the ham-URI (RFC 7046 §4.2).
//!
//! `grammar` cuts a URI into its components, `percent` decodes them, `namespace` reads them by the syntax of their
//! namespace (with `host` and `digest`), `normal` writes the normal form, `fault` the sentence of an error.

mod digest;
mod fault;
mod grammar;
mod host;
mod namespace;
mod normal;
mod percent;
#[cfg(test)]
mod tests;

use crate::error::Result;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use zeroize::Zeroize;

pub use normal::ip_name;

/// The size of a buffer that holds any ham-URI with its NUL.
pub const URI_MAX: usize = 1024;

/// A Group Name: a ham-URI, read and checked. Cheap to clone.
///
/// Two names are equal when their normal forms are; credentials are no part of the name (RFC 7046 §4.2.2).
#[derive(Clone)]
pub struct Name(Arc<Inner>);

struct Inner {
    namespace: Namespace,
    group: Group,
    instantiation: Option<Part>,
    port: Option<u16>,
    credentials: Option<Credentials>,
    normal: Arc<str>,
}

/// True for the Group Name of one group, in normal form.
pub fn is_group_name(text: &str) -> bool {
    Name::parse(text.as_bytes()).is_ok_and(|name| **name.normal() == *text && *name.group() != Group::All)
}

/// The Multicast Namespace (RFC 7046 §4.2.3 to §4.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// `ip`: addresses and DNS names, the host of RFC 3986 §3.2.2.
    Ip,
    /// `sha-2`: digests, the val of RFC 6920 §3.
    Sha2,
    /// `opaque`: text without a meaning of its own.
    Opaque,
    /// `sip`: the userinfo of RFC 3261 §25.1.
    Sip,
    /// `reload`: hexadecimal Resource-IDs and Node-IDs in an overlay of RFC 6940.
    Reload,
    /// Any other, in lower case, with the superset syntax.
    Other(String),
}

/// The group of a Group Name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Group {
    /// `*`: every group of the namespace.
    All,
    /// One group.
    Part(Part),
}

/// What stands as a group or as an instantiation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// An IPv4 address, written as one.
    V4(Ipv4Addr),
    /// An IPv6 address, written as one in brackets.
    V6(Ipv6Addr),
    /// A DNS name or the name of an overlay: ASCII (IDNA where needed), lower case.
    Host(String),
    /// Any other text, percent-decoded; never empty, never with a NUL. A digest of `sha-2` stays as it is written,
    /// an identifier of `reload` is in lower case.
    Text(String),
}

/// The security credentials of a URI (RFC 7046 §4.2.2), percent-decoded. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The algorithm.
    pub alg: String,
    /// Its value: a secret, left out of `Debug` and of every error text.
    pub val: String,
}

impl Name {
    /// Reads a ham-URI. The error is [`Error::Invalid`](crate::error::Error::Invalid) and says what is wrong at which byte,
    /// counted from 0.
    pub fn parse(uri: &[u8]) -> Result<Name> {
        read(uri).map_err(|fault| fault.describe(uri))
    }

    /// The Multicast Namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// The group in the namespace.
    pub fn group(&self) -> &Group {
        &self.0.group
    }

    /// Who made this instance of the group: in namespace `ip`, the source (RFC 7046 §4.2.2).
    pub fn instantiation(&self) -> Option<&Part> {
        self.0.instantiation.as_ref()
    }

    /// The port, never 0.
    pub fn port(&self) -> Option<u16> {
        self.0.port
    }

    /// The credentials, if the URI has any. They are no part of the name.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.0.credentials.as_ref()
    }

    /// The one URI that stands for all URIs of this group: scheme, namespace and host names in lower case,
    /// percent-encoding and addresses canonical, no credentials.
    pub fn normal(&self) -> &Arc<str> {
        &self.0.normal
    }
}

fn read(uri: &[u8]) -> std::result::Result<Name, fault::Fault> {
    let cut = grammar::cut(uri)?;
    let namespace = namespace::recognise(cut.namespace);
    let (group, instantiation) = namespace::read(&namespace, &cut.group, cut.instantiation.as_ref())?;
    let port = cut.port;
    let credentials = match &cut.credentials {
        None => None,
        Some((alg, val)) => {
            Some(Credentials { alg: percent::decode(alg)?.text, val: percent::decode(val)?.text })
        }
    };
    let normal = normal::write(&namespace, &group, instantiation.as_ref(), port);
    // IDNA can write a name longer than its percent-encoding was.
    if normal.len() >= URI_MAX {
        return Err(fault::Fault::new(0, format!("its normal form is longer than {} bytes", URI_MAX - 1)));
    }
    Ok(Name(Arc::new(Inner { namespace, group, instantiation, port, credentials, normal: normal.into() })))
}

impl Namespace {
    /// As it stands in the normal form.
    pub fn as_str(&self) -> &str {
        match self {
            Namespace::Ip => "ip",
            Namespace::Sha2 => "sha-2",
            Namespace::Opaque => "opaque",
            Namespace::Sip => "sip",
            Namespace::Reload => "reload",
            Namespace::Other(name) => name,
        }
    }
}

impl Part {
    /// The IP address, when it is one.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Part::V4(address) => Some(IpAddr::V4(*address)),
            Part::V6(address) => Some(IpAddr::V6(*address)),
            Part::Host(_) | Part::Text(_) => None,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.0.normal == other.0.normal
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.normal.hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.normal)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Name")
            .field("normal", &self.0.normal)
            .field("credentials", &self.0.credentials)
            .finish()
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // Both: it may be that they were given in the wrong order.
        self.alg.zeroize();
        self.val.zeroize();
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("alg", &self.alg).finish_non_exhaustive()
    }
}
