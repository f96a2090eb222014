//! Sealing: from the group key of a URI's credentials (RFC 7046 §4.2.2) to the key of each sender, and with that
//! every frame encrypted and authenticated in place.
//!
//! docs/security.md says what this protects, and what it does not.

use super::Tag;
use hkdf::Hkdf;
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use sys::wipe::Wiped;
use zeroize::{Zeroize, Zeroizing};

/// The length of the authenticator behind a sealed payload, in bytes.
pub const SEAL: usize = 16;

/// An algorithm of authenticated encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
    /// AES-256 in Galois/Counter Mode (NIST SP 800-38D).
    Aes256Gcm,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 2] = [Algorithm::ChaCha20Poly1305, Algorithm::Aes256Gcm];

    /// As it stands in a URI and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::ChaCha20Poly1305 => "chacha20-poly1305",
            Algorithm::Aes256Gcm => "aes-256-gcm",
        }
    }

    /// As it stands in a frame; 0 is a frame that is not sealed.
    pub const fn code(self) -> u8 {
        match self {
            Algorithm::ChaCha20Poly1305 => 1,
            Algorithm::Aes256Gcm => 2,
        }
    }

    /// The algorithm of a frame.
    pub fn from_code(code: u8) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.code() == code)
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Algorithm, UnknownAlgorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is the name of no [`Algorithm`]. It is not repeated here: it may be a key in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the algorithm is none of chacha20-poly1305, aes-256-gcm")
    }
}

impl std::error::Error for UnknownAlgorithm {}

/// The key that the members of a group share. Cheap to clone; wiped from memory with the last clone.
///
/// Two keys are equal when their algorithms and secrets are.
#[derive(Clone)]
pub struct GroupKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    secret: Zeroizing<[u8; 32]>,
    id: [u8; 16],
}

impl GroupKey {
    /// A group key of 32 random bytes.
    pub fn new(algorithm: Algorithm, mut secret: [u8; 32]) -> GroupKey {
        let id = *derive(None, &secret, &[b"ham key id 1", &[algorithm.code()]]);
        let key = GroupKey(Arc::new(Inner { algorithm, secret: Zeroizing::new(secret), id }));
        secret.zeroize();
        key
    }

    /// What it seals with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// A digest by which keys can be compared without being shown.
    pub fn id(&self) -> [u8; 16] {
        self.0.id
    }

    /// The key for the frames of one sender to one group. No two senders share one, so each has the nonces to itself.
    pub fn sender_key(&self, tag: &Tag, sender: &[u8; 16]) -> SenderKey {
        let info: [&[u8]; 3] = [b"ham frame 1", &[self.0.algorithm.code()], &tag.0];
        SenderKey::new(self.0.algorithm, &derive(Some(sender), &self.0.secret[..], &info))
    }
}

impl PartialEq for GroupKey {
    fn eq(&self, other: &GroupKey) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for GroupKey {}

impl fmt::Debug for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupKey").field("algorithm", &self.0.algorithm).finish_non_exhaustive()
    }
}

/// HKDF-SHA-256 (RFC 5869).
fn derive<const N: usize>(salt: Option<&[u8]>, secret: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    // It refuses only what is longer.
    const { assert!(N <= 255 * 32) };
    let mut key = Zeroizing::new([0; N]);
    let _ = Hkdf::<Sha256>::new(salt, secret).expand_multi_info(info, &mut key[..]);
    key
}

/// The key for the frames of one sender to one group. Wiped from memory when dropped.
// ring does not wipe its keys; and they are half a kibibyte, too much to stand in every sender that a receiver remembers.
pub struct SenderKey(Box<Wiped<LessSafeKey>>);

impl SenderKey {
    fn new(algorithm: Algorithm, key: &[u8; 32]) -> SenderKey {
        let algorithm = match algorithm {
            Algorithm::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Algorithm::Aes256Gcm => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, key).expect("both algorithms take keys of 32 bytes");
        SenderKey(Wiped::boxed(LessSafeKey::new(key)))
    }

    /// Encrypts `text` in place, and authenticates it and `aad`. The same nonce must never be used for anything else.
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; SEAL] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealed = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), text);
        sealed.ok().and_then(|seal| seal.as_ref().first_chunk().copied()).unwrap_or_else(|| {
            // It refuses only what is longer than some 2^36 bytes. Even then nothing goes out in the clear.
            text.zeroize();
            [0; SEAL]
        })
    }

    /// Decrypts `text` in place and gives true when it and `aad` are what was sealed; else there is nothing of use in it.
    #[must_use]
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8], seal: &[u8; SEAL]) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place_separate_tag(nonce, Aad::from(aad), (*seal).into(), text, 0..).is_ok()
    }
}

impl fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        bytes.try_into().expect("as many digits as the test says")
    }

    /// Seals, opens again, and checks both against what the standard says.
    fn known<const N: usize>(
        key: &SenderKey,
        nonce: &[u8; 12],
        aad: &[u8],
        plain: [u8; N],
        sealed: [u8; N],
        seal: [u8; SEAL],
    ) {
        let mut text = plain;
        assert_eq!(key.seal(nonce, aad, &mut text), seal);
        assert_eq!(text, sealed);
        assert!(key.open(nonce, aad, &mut text, &seal));
        assert_eq!(text, plain);
    }

    /// RFC 8439 §2.8.2.
    #[test]
    fn chacha20_poly1305_is_the_standards() {
        known(
            &SenderKey::new(
                Algorithm::ChaCha20Poly1305,
                &hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
            ),
            &hex("070000004041424344454647"),
            &hex::<12>("50515253c0c1c2c3c4c5c6c7"),
            *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
               sunscreen would be it.",
            hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
                 3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
                 92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                 3ff4def08e4b7a9de576d26586cec64b6116"),
            hex("1ae10b594f09e26a7e902ecbd0600691"),
        );
    }

    /// Test case 16 of the specification of GCM that NIST SP 800-38D refers to.
    #[test]
    fn aes_256_gcm_is_the_standards() {
        known(
            &SenderKey::new(
                Algorithm::Aes256Gcm,
                &hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
            ),
            &hex("cafebabefacedbaddecaf888"),
            &hex::<20>("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
            hex::<60>(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            ),
            hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"),
            hex("76fc6ece0f4e1768cddf8853bb2d551b"),
        );
    }

    /// RFC 5869 Appendix A.1, with the info in two pieces.
    #[test]
    fn key_derivation_is_the_standards() {
        let key = derive::<42>(
            Some(&hex::<13>("000102030405060708090a0b0c")),
            &[0x0b; 22],
            &[&hex::<4>("f0f1f2f3"), &hex::<6>("f4f5f6f7f8f9")],
        );
        let expected =
            hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
        assert_eq!(*key, expected);
    }

    fn group_key(algorithm: Algorithm) -> GroupKey {
        GroupKey::new(algorithm, std::array::from_fn(|i| i as u8))
    }

    /// The expected bytes are from another implementation of HKDF and of the algorithms.
    #[test]
    fn a_sender_key_is_derived_as_the_wire_format_says() {
        let sender = std::array::from_fn(|i| 0x40 + i as u8);
        let nonce = hex("00000007 0000000000000009");
        for (algorithm, id, sealed, seal) in [
            (
                Algorithm::ChaCha20Poly1305,
                "11a1ce9002924bfb5171fa51e978ce68",
                "2c348e9504381d7404",
                "a9775872735b6c14174f4986b7b11d0d",
            ),
            (
                Algorithm::Aes256Gcm,
                "fbd4e17ef5a9ca2b2e0608e2fc13525c",
                "8da113b5dc5ce2dfa5",
                "f8616958541502cf01c780d5ddca43e9",
            ),
        ] {
            let key = group_key(algorithm);
            assert_eq!(key.id(), hex(id));
            let key = key.sender_key(&Tag::of("ham:opaque:news"), &sender);
            let mut text = *b"a message";
            let authenticator = key.seal(&nonce, b"header", &mut text);
            assert_eq!(text, hex(sealed));
            assert_eq!(authenticator, hex(seal));
        }
    }

    #[test]
    fn whatever_is_changed_does_not_open() {
        for algorithm in Algorithm::ALL {
            let (tag, nonce) = (Tag::of("ham:opaque:news"), [3; 12]);
            let key = group_key(algorithm).sender_key(&tag, &[1; 16]);
            let mut sealed = *b"a message";
            let seal = key.seal(&nonce, b"header", &mut sealed);
            let opens = |key: &SenderKey, nonce: &[u8; 12], aad: &[u8], text: [u8; 9], seal: &[u8; SEAL]| {
                let mut opened = text;
                let good = key.open(nonce, aad, &mut opened, seal);
                // What does not open shows nothing of the text.
                assert_eq!(&opened == b"a message", good);
                good
            };
            assert!(opens(&key, &nonce, b"header", sealed, &seal));
            for bit in 0..8 {
                for i in 0..sealed.len() {
                    let mut text = sealed;
                    text[i] ^= 1 << bit;
                    assert!(!opens(&key, &nonce, b"header", text, &seal));
                }
                for i in 0..SEAL {
                    let mut other = seal;
                    other[i] ^= 1 << bit;
                    assert!(!opens(&key, &nonce, b"header", sealed, &other));
                }
                for i in 0..nonce.len() {
                    let mut other = nonce;
                    other[i] ^= 1 << bit;
                    assert!(!opens(&key, &other, b"header", sealed, &seal));
                }
            }
            assert!(!opens(&key, &nonce, b"headex", sealed, &seal));
            assert!(!opens(&key, &nonce, b"", sealed, &seal));
            let others = [
                group_key(algorithm).sender_key(&tag, &[2; 16]),
                group_key(algorithm).sender_key(&Tag::of("ham:opaque:newt"), &[1; 16]),
                GroupKey::new(algorithm, [9; 32]).sender_key(&tag, &[1; 16]),
            ];
            for other in others {
                assert!(!opens(&other, &nonce, b"header", sealed, &seal));
            }
        }
    }

    #[test]
    fn a_text_of_any_length_opens() {
        for algorithm in Algorithm::ALL {
            let key = group_key(algorithm).sender_key(&Tag::of("ham:opaque:news"), &[1; 16]);
            for length in [0, 1, 16, 1400, 65507] {
                let mut text = vec![7; length];
                let seal = key.seal(&[3; 12], b"header", &mut text);
                assert!(!key.open(&[3; 12], b"headex", &mut text.clone(), &seal));
                assert!(key.open(&[3; 12], b"header", &mut text, &seal));
                assert!(text == vec![7; length], "{length} bytes");
            }
        }
    }

    #[test]
    fn an_empty_text_is_authenticated_too() {
        for algorithm in Algorithm::ALL {
            let key = group_key(algorithm).sender_key(&Tag::of("ham:opaque:news"), &[1; 16]);
            let seal = key.seal(&[3; 12], b"header", &mut []);
            assert!(key.open(&[3; 12], b"header", &mut [], &seal));
            assert!(!key.open(&[3; 12], b"headex", &mut [], &seal));
        }
    }

    #[test]
    fn names_and_codes_go_both_ways() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            assert_eq!(Algorithm::from_code(algorithm.code()), Some(algorithm));
        }
        assert_eq!(Algorithm::ALL.map(Algorithm::code), [1, 2]);
        assert_eq!(Algorithm::from_code(0), None);
        for unknown in ["", "aes-128-gcm", "AES-256-GCM", "key"] {
            assert_eq!(unknown.parse::<Algorithm>(), Err(UnknownAlgorithm));
        }
    }

    #[test]
    fn equal_keys_have_equal_algorithms_and_secrets() {
        let [chacha, aes] = Algorithm::ALL.map(group_key);
        assert_eq!(chacha, chacha.clone());
        assert_eq!(chacha, group_key(Algorithm::ChaCha20Poly1305));
        assert_ne!(chacha, aes);
        assert_ne!(aes, GroupKey::new(Algorithm::Aes256Gcm, [0; 32]));
    }

    #[test]
    fn no_secret_is_shown() {
        for algorithm in Algorithm::ALL {
            let key = GroupKey::new(algorithm, *b"0123456789abcdef0123456789abcdef");
            let sender = key.sender_key(&Tag::of("ham:opaque:news"), &[1; 16]);
            assert_eq!(format!("{key:?}"), format!("GroupKey {{ algorithm: {algorithm:?}, .. }}"));
            assert_eq!(format!("{sender:?}"), "SenderKey { .. }");
        }
    }

    #[test]
    fn keys_are_wiped_when_dropped_and_can_be_shared_by_threads() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        fn shared<T: Send + Sync>() {}
        wiped::<Wiped<LessSafeKey>>();
        wiped::<Zeroizing<[u8; 32]>>();
        shared::<GroupKey>();
        shared::<SenderKey>();
    }
}
