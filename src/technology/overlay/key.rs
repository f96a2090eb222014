//! The key expressions of an overlay: `ham/v1/<group>/…`, the Group Name percent-encoded so that it is one chunk.

use crate::membership::known::Role;
use crate::name::{URI_MAX, encode, is_unreserved};

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

/// No node, and no domain, has a longer one.
const ID_MAX: usize = 256;

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

/// The group that a frame came to.
pub fn group(key: &str) -> Option<String> {
    decode(key.strip_prefix("ham/v1/")?.strip_suffix("/d")?)
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
    let fits = |id: &str| (1..=ID_MAX).contains(&id.len());
    if !fits(node) || !fits(via) || chunks.next().is_some() {
        return None;
    }
    Some(Token { group: decode(group)?, says, node, via })
}

/// Text as one chunk.
pub fn chunk(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    encode(text, &mut out);
    out
}

/// The inverse of [`encode`]: what that would not have written is nobody's Group Name.
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
    String::from_utf8(bytes).ok().filter(|text| (1..URI_MAX).contains(&text.len()))
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
