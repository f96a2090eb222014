//! The val of RFC 6920 §3: a SHA-2 digest in base64url without padding.

/// SHA-2 (224, 256, 384 and 512 bits), and the truncations that RFC 6920 §9.4 registers.
const BYTES: [usize; 9] = [4, 8, 12, 15, 16, 28, 32, 48, 64];

/// The index of what is wrong, and what it is.
pub(super) fn check(val: &str) -> Result<(), (usize, String)> {
    let val = val.as_bytes();
    if let Some(index) = val.iter().position(|&byte| digit(byte).is_none()) {
        return Err((index, "not a character of base64url (letters, digits, '-' and '_')".into()));
    }
    let bytes = val.len() / 4 * 3 + (val.len() % 4).saturating_sub(1);
    if val.len() % 4 == 1 || !BYTES.contains(&bytes) {
        return Err((
            0,
            format!(
                "{} characters of base64url are no SHA-2 digest, nor a truncation of RFC 6920",
                val.len()
            ),
        ));
    }
    // Bits beyond the digest would give it several spellings.
    let spare = match val.len() % 4 {
        2 => 0b1111,
        3 => 0b11,
        _ => 0,
    };
    match val.last().copied().and_then(digit) {
        Some(last) if last & spare != 0 => {
            Err((val.len() - 1, "the last character of the digest has bits beyond its end".into()))
        }
        _ => Ok(()),
    }
}

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}
