//! The key expressions of an overlay: `ham/v1/<group>/…`, the Group Name percent-encoded so that it is one chunk.

use carrier::Role;
use carrier::host::is_group_name;

/// What a liveliness token says of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It listens (`rx`), or sends (`tx`), behind the router `via`.
    Is(Role),
    /// It forwards between the group and the domain `via` (`gw`).
    Forwards,
}

/// A token, as its key says it.
#[derive(Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The Group Name.
    pub group: String,
    /// What the node does.
    pub says: Says,
    /// The node.
    pub node: &'a str,
    /// Its router, or the domain.
    pub via: &'a str,
}

/// No domain has a longer name, as a chunk.
const DOMAIN_MAX: usize = 256;

/// Where the frames of a group go.
pub fn data(group: &str) -> String {
    format!("ham/v1/{}/d", chunk(group))
}

/// Where the frames go of all groups whose names begin and end so.
pub fn all_data(prefix: &str, suffix: &str) -> String {
    match (prefix, suffix) {
        ("", "") => "ham/v1/*/d".to_owned(),
        _ => format!("ham/v1/{}$*{}/d", chunk(prefix), chunk(suffix)),
    }
}

/// The group that a frame came to; none when the key is not that of a Group Name in normal form.
pub fn group(key: &str) -> Option<String> {
    name(key.strip_prefix("ham/v1/")?.strip_suffix("/d")?)
}

/// The key of a token.
pub fn token(group: &str, says: Says, node: &str, via: &str) -> String {
    let group = chunk(group);
    match says {
        Says::Is(Role::Listener) => format!("ham/v1/{group}/rx/{node}/{via}"),
        Says::Is(Role::Sender) => format!("ham/v1/{group}/tx/{node}/{via}"),
        Says::Forwards => format!("ham/v1/{group}/gw/{}/{node}", chunk(via)),
    }
}

/// All tokens.
pub const TOKENS: &str = "ham/v1/*/*/*/*";

/// What a token says; none when the key is no token's.
pub fn read_token(key: &str) -> Option<Token<'_>> {
    let mut chunks = key.strip_prefix("ham/v1/")?.split('/');
    let [group, says, third, fourth] = std::array::from_fn(|_| chunks.next().unwrap_or_default());
    let (says, node, via) = match says {
        "rx" => (Says::Is(Role::Listener), third, fourth),
        "tx" => (Says::Is(Role::Sender), third, fourth),
        "gw" => (Says::Forwards, fourth, third),
        _ => return None,
    };
    let via_fits = if says == Says::Forwards { (1..=DOMAIN_MAX).contains(&via.len()) } else { is_id(via) };
    if !is_id(node) || !via_fits || chunks.next().is_some() {
        return None;
    }
    Some(Token { group: name(group)?, says, node, via })
}

/// Whether a node can have this id.
fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Text as one chunk.
pub fn chunk(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
            out.extend(['%'].into_iter().chain(digits));
        }
    }
    out
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The Group Name in normal form that a chunk is.
fn name(chunk: &str) -> Option<String> {
    decode(chunk).filter(|text| is_group_name(text))
}

/// The inverse of [`chunk`]: what that would not have written is nobody's Group Name.
fn decode(chunk: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(chunk.len());
    let mut rest = chunk.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let byte = digit(rest.next()?)? << 4 | digit(rest.next()?)?;
                (!is_unreserved(byte)).then_some(byte)?
            }
            _ => is_unreserved(byte).then_some(byte)?,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
