//! Group keys as they are written.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Base64url (RFC 4648 §5), with or without its padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The 32 bytes of a group key. The error says what is wrong with the text, and not the text.
pub fn secret(text: &str) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    const WRONG: &str =
        "is not 32 bytes in base64url (make some with: head -c 32 /dev/urandom | basenc --base64url)";
    // Three bytes for each four characters: room for all that can be right.
    let mut bytes = Zeroizing::new([0; 33]);
    match BASE64URL.decode_slice(text, &mut bytes[..]) {
        Ok(32) => {}
        _ => return Err(WRONG),
    }
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&bytes[..32]);
    Ok(secret)
}
