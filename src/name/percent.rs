//! Percent-encoding (RFC 3986 §2.1): decoded once when a URI is read, encoded once in the normal form.

use super::fault::Fault;
use super::grammar::{Component, is_unreserved};

/// A decoded component that still knows where its bytes stood.
pub(super) struct Decoded<'a> {
    pub(super) text: String,
    at: usize,
    raw: &'a [u8],
}

impl Decoded<'_> {
    /// A fault of the whole component.
    pub(super) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.at, what)
    }

    /// A fault at a byte of `text`.
    pub(super) fn fault_at(&self, index: usize, what: impl Into<String>) -> Fault {
        Fault::new(self.at + raw_index(self.raw, index), what)
    }
}

/// Decodes a plain component. The text must be UTF-8 without NUL.
pub(super) fn decode<'a>(component: &Component<'a>) -> Result<Decoded<'a>, Fault> {
    let Component { at, raw, .. } = *component;
    let mut bytes = Vec::with_capacity(raw.len());
    let mut next = 0;
    while let Some(&byte) = raw.get(next) {
        if byte != b'%' {
            bytes.push(byte);
            next += 1;
            continue;
        }
        let digits = (raw.get(next + 1).copied().and_then(hex), raw.get(next + 2).copied().and_then(hex));
        match digits {
            (Some(0), Some(0)) => return Err(Fault::new(at + next, "%00 cannot stand in a ham-URI")),
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err(Fault::new(at + next, "'%' without two hexadecimal digits")),
        }
        next += 3;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Decoded { text, at, raw }),
        Err(error) => {
            let index = raw_index(raw, error.utf8_error().valid_up_to());
            Err(Fault::new(at + index, "the percent-encoded bytes are no UTF-8"))
        }
    }
}

/// Appends `text`, all but the unreserved characters encoded.
pub(super) fn encode(text: &str, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    // At most 15: the cast loses nothing.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Where in `raw` the decoded byte `index` begins.
fn raw_index(raw: &[u8], index: usize) -> usize {
    let mut at = 0;
    for _ in 0..index {
        at += if raw.get(at) == Some(&b'%') { 3 } else { 1 };
    }
    at
}
