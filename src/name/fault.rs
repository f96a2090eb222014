//! What is wrong in a URI, and at which byte.

use crate::error::Error;

/// At most this many bytes of a URI stand in an error text.
const QUOTED: usize = 120;

#[derive(Debug)]
pub(super) struct Fault {
    at: usize,
    what: String,
}

impl Fault {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Fault {
        Fault { at, what: what.into() }
    }

    /// The error that names the URI. It is made for logs: credentials are hidden, unprintable bytes escaped.
    pub(super) fn describe(self, uri: &[u8]) -> Error {
        let secret = uri.iter().position(|&byte| byte == b'/' || byte == b';');
        let open = secret.map_or(uri.len(), |at| at + 1);
        let shown = uri[..open.min(QUOTED)].escape_ascii();
        let rest = if open > QUOTED {
            "..."
        } else if open < uri.len() {
            "***"
        } else {
            ""
        };
        Error::Invalid(format!("ham-URI \"{shown}{rest}\": byte {}: {}", self.at, self.what))
    }
}

/// One byte, as it is shown in a sentence.
pub(super) fn show(byte: u8) -> String {
    match byte {
        b'!'..=b'~' => format!("'{}'", char::from(byte)),
        b' ' => "a space".into(),
        0 => "a NUL".into(),
        _ => format!("the byte 0x{byte:02X}"),
    }
}
