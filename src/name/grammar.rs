//! The ABNF of RFC 7046 §4.2.1, with the brackets of its examples: cuts a URI into its components.

use super::URI_MAX;
use super::fault::{Fault, show};

/// A URI, cut up. Only the components that its ABNF makes certain are read already.
pub(super) struct Cut<'a> {
    pub(super) namespace: &'a [u8],
    pub(super) group: Component<'a>,
    pub(super) instantiation: Option<Component<'a>>,
    pub(super) port: Option<u16>,
    /// alg and val
    pub(super) credentials: Option<(Component<'a>, Component<'a>)>,
}

/// A component and the offset of its first byte.
pub(super) struct Component<'a> {
    pub(super) at: usize,
    pub(super) form: Form,
    /// For `Bracketed`, what stands between the brackets, and `at` is the offset of the bracket.
    pub(super) raw: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Star,
    Bracketed,
    /// Unreserved characters and `%XX`.
    Plain,
}

pub(super) fn cut(uri: &[u8]) -> Result<Cut<'_>, Fault> {
    if uri.len() >= URI_MAX {
        return Err(Fault::new(URI_MAX - 1, format!("the URI is longer than {} bytes", URI_MAX - 1)));
    }
    let mut cursor = Cursor { uri, at: 0 };
    cursor.scheme()?;
    let namespace = cursor.namespace()?;
    let group = cursor.group()?;
    let instantiation = if cursor.skip(b'@') { Some(cursor.instantiation()?) } else { None };
    let port = if cursor.skip(b':') { Some(cursor.port()?) } else { None };
    let credentials = if cursor.skip(b'/') { Some(cursor.credentials()?) } else { None };
    match cursor.peek() {
        None => Ok(Cut { namespace, group, instantiation, port, credentials }),
        // Every component before has read all that it can.
        Some(byte) => Err(Fault::new(cursor.at, format!("{} cannot stand here", show(byte)))),
    }
}

/// RFC 3986 §2.3.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

struct Cursor<'a> {
    uri: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.uri.get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.uri[self.at..];
        let len = rest.iter().position(|&byte| !fits(byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn fault<T>(&self, what: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, what))
    }

    fn scheme(&mut self) -> Result<(), Fault> {
        match self.uri.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case(b"ham:") => {
                self.at = 4;
                Ok(())
            }
            _ => self.fault("a Group Name begins with \"ham:\""),
        }
    }

    fn namespace(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        let namespace =
            self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        match (namespace.first(), self.peek()) {
            (None, Some(b':') | None) => self.fault("the namespace is empty"),
            (Some(first), _) if !first.is_ascii_alphabetic() => {
                Err(Fault::new(start, format!("a namespace begins with a letter, not with {}", show(*first))))
            }
            (Some(_), Some(b':')) => {
                self.at += 1;
                Ok(namespace)
            }
            (_, None) => self.fault("the group is missing"),
            (_, Some(byte)) => self.fault(format!("{} cannot stand in a namespace", show(byte))),
        }
    }

    fn group(&mut self) -> Result<Component<'a>, Fault> {
        let at = self.at;
        if self.skip(b'*') {
            let raw = &self.uri[at..self.at];
            return match self.peek() {
                None | Some(b'@' | b':' | b'/') => Ok(Component { at, form: Form::Star, raw }),
                Some(_) => Err(Fault::new(at, "'*' stands alone as the group, or is written %2A")),
            };
        }
        self.component("group", b"@:/")
    }

    fn instantiation(&mut self) -> Result<Component<'a>, Fault> {
        self.component("instantiation", b":/")
    }

    /// `ends` are the delimiters that may follow.
    fn component(&mut self, what: &str, ends: &[u8]) -> Result<Component<'a>, Fault> {
        let at = self.at;
        let (form, raw) = if self.skip(b'[') {
            let raw = self.take_while(|byte| byte != b']');
            if !self.skip(b']') {
                return Err(Fault::new(at, "'[' without ']'"));
            }
            (Form::Bracketed, raw)
        } else {
            (Form::Plain, self.take_while(|byte| is_unreserved(byte) || byte == b'%'))
        };
        match self.peek() {
            Some(byte) if !ends.contains(&byte) => self.fault(match form {
                Form::Bracketed => format!("{} cannot stand behind ']'", show(byte)),
                _ => format!("{} stands in the {what} only as %{byte:02X}", show(byte)),
            }),
            _ if form == Form::Plain && raw.is_empty() => self.fault(format!("the {what} is empty")),
            _ => Ok(Component { at, form, raw }),
        }
    }

    fn port(&mut self) -> Result<u16, Fault> {
        let at = self.at;
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        match self.peek() {
            None | Some(b'/') => {}
            Some(byte) => {
                return self.fault(format!(
                    "{} is no digit of a port (and an IPv6 address stands in brackets)",
                    show(byte)
                ));
            }
        }
        if digits.is_empty() {
            return self.fault("the port is empty");
        }
        let port = digits
            .iter()
            .try_fold(0u16, |port, digit| port.checked_mul(10)?.checked_add(u16::from(digit - b'0')));
        match port {
            Some(port) if port != 0 => Ok(port),
            _ => Err(Fault::new(at, "a port is a number from 1 to 65535")),
        }
    }

    /// No byte of it goes into an error text.
    fn credentials(&mut self) -> Result<(Component<'a>, Component<'a>), Fault> {
        let alg = self.credential("algorithm")?;
        if !self.skip(b';') {
            return self.fault("the credentials are not of the form algorithm;value");
        }
        let val = self.credential("value")?;
        match self.peek() {
            None => Ok((alg, val)),
            Some(_) => self.fault("this byte stands in the value of the credentials only percent-encoded"),
        }
    }

    fn credential(&mut self, what: &str) -> Result<Component<'a>, Fault> {
        let at = self.at;
        let raw = self.take_while(|byte| is_unreserved(byte) || byte == b'%');
        if raw.is_empty() {
            return self.fault(format!("the credentials have no {what}"));
        }
        Ok(Component { at, form: Form::Plain, raw })
    }
}
