//! Encryption at rest: XChaCha20-Poly1305 under the master key, with a random nonce for each secret.
//!
//! A sealed value is bound to its purpose, which is the associated data. A row that is copied from
//! one creditor to another cannot be opened. The vault never stores or logs a secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// An error of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The master key is not 32 bytes in base64.
    #[error("PARTNER_API_MASTER_KEY must be 32 bytes in base64")]
    BadMasterKey,
    /// The value was sealed under another key or for another purpose, or it is damaged.
    #[error("a sealed value cannot be opened: the master key is wrong or the value is damaged")]
    CannotDecrypt,
}

/// Seals and opens secrets.
pub(crate) struct Vault(XChaCha20Poly1305);

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Vault(…)")
    }
}

impl Vault {
    /// Creates a vault from a base64 master key of 32 bytes.
    pub(crate) fn new(master_key: &SecretString) -> Result<Self, VaultError> {
        let key = STANDARD
            .decode(master_key.expose_secret().trim())
            .map(Zeroizing::new);
        let key = key.map_err(|_| VaultError::BadMasterKey)?;
        XChaCha20Poly1305::new_from_slice(&key)
            .map(Self)
            .map_err(|_| VaultError::BadMasterKey)
    }

    /// Encrypts `secret` for `purpose`. Returns the nonce followed by the ciphertext.
    pub(crate) fn seal(&self, purpose: &str, secret: &str) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: purpose.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| VaultError::CannotDecrypt)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts a secret that was sealed for `purpose`.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::CannotDecrypt)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        let opened = self
            .0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| VaultError::CannotDecrypt)?;
        String::from_utf8(opened)
            .map(SecretString::from)
            .map_err(|_| VaultError::CannotDecrypt)
    }
}

/// Fills `bytes` with cryptographically secure random data. Domain rules take this function as a parameter.
pub(crate) fn entropy(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(&STANDARD.encode([7_u8; 32]).into()).unwrap()
    }

    #[test]
    fn sealed_secret_opens_only_unchanged_and_for_its_purpose() {
        let vault = vault();
        let sealed = vault.seal("webhook:1", "whsec_x").unwrap();
        assert_eq!(
            vault.open("webhook:1", &sealed).unwrap().expose_secret(),
            "whsec_x"
        );
        assert_eq!(
            vault.open("webhook:2", &sealed).unwrap_err(),
            VaultError::CannotDecrypt
        );
        let mut damaged = sealed.clone();
        damaged[30] ^= 1;
        assert_eq!(
            vault.open("webhook:1", &damaged).unwrap_err(),
            VaultError::CannotDecrypt
        );
        assert_ne!(
            vault.seal("webhook:1", "whsec_x").unwrap(),
            sealed,
            "every seal uses a new nonce"
        );
    }

    #[test]
    fn short_master_key_is_refused() {
        assert_eq!(
            Vault::new(&STANDARD.encode([7_u8; 16]).into()).unwrap_err(),
            VaultError::BadMasterKey
        );
    }
}
