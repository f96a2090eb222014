//! Stand-in.

use super::Tag;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of an authenticator.
pub const SEAL: usize = 16;

/// How a group is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 8439.
    ChaCha20Poly1305,
    /// NIST SP 800-38D.
    Aes256Gcm,
}

impl Algorithm {
    /// Its number in a frame.
    pub fn code(self) -> u8 {
        match self {
            Algorithm::ChaCha20Poly1305 => 1,
            Algorithm::Aes256Gcm => 2,
        }
    }

    /// The algorithm of this number.
    pub fn from_code(code: u8) -> Option<Algorithm> {
        match code {
            1 => Some(Algorithm::ChaCha20Poly1305),
            2 => Some(Algorithm::Aes256Gcm),
            _ => None,
        }
    }
}

/// The key of a group.
#[derive(Clone)]
pub struct GroupKey {
    algorithm: Algorithm,
    secret: [u8; 32],
}

impl fmt::Debug for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupKey({:?})", self.algorithm)
    }
}

impl GroupKey {
    /// A key.
    pub fn new(algorithm: Algorithm, secret: [u8; 32]) -> GroupKey {
        GroupKey { algorithm, secret }
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A digest.
    pub fn id(&self) -> [u8; 16] {
        let digest = Sha256::new().chain_update([self.algorithm.code()]).chain_update(self.secret).finalize();
        *digest.first_chunk().unwrap_or(&[0; 16])
    }

    /// The key of one sender.
    pub fn sender_key(&self, tag: &Tag, sender: &[u8; 16]) -> SenderKey {
        let mut key = [0; 32];
        let code = [self.algorithm.code()];
        let _ = Hkdf::<Sha256>::new(Some(sender), &self.secret)
            .expand_multi_info(&[b"ham frame 1", &code, tag.bytes()], &mut key);
        match self.algorithm {
            Algorithm::ChaCha20Poly1305 => SenderKey::ChaCha(ChaCha20Poly1305::new(&key.into())),
            Algorithm::Aes256Gcm => SenderKey::Aes(Box::new(Aes256Gcm::new(&key.into()))),
        }
    }
}

/// The key of one sender.
pub enum SenderKey {
    /// RFC 8439.
    ChaCha(ChaCha20Poly1305),
    /// NIST SP 800-38D.
    Aes(Box<Aes256Gcm>),
}

impl SenderKey {
    /// Seals in place.
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
        let text = InOutBuf::from(text);
        let seal = match self {
            SenderKey::ChaCha(cipher) => cipher.encrypt_inout_detached(nonce.into(), aad, text),
            SenderKey::Aes(cipher) => cipher.encrypt_inout_detached(nonce.into(), aad, text),
        };
        seal.map(|seal| seal.into()).unwrap_or_default()
    }

    /// Opens in place.
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8], seal: &[u8; 16]) -> bool {
        let text = InOutBuf::from(text);
        match self {
            SenderKey::ChaCha(cipher) => cipher.decrypt_inout_detached(nonce.into(), aad, text, seal.into()),
            SenderKey::Aes(cipher) => cipher.decrypt_inout_detached(nonce.into(), aad, text, seal.into()),
        }
        .is_ok()
    }
}
