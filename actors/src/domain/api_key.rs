//! The API key's format: `ca_` + 8 characters that identify it + `_` + a secret of 38.
//!
//! ```text
//! ca_7Hq2LmZ9_kT4…(32 random)…w0aB3xZ
//!    └prefix┘ └────── secret ──────┘   the secret's last 6 characters are a checksum of all before it
//! ```
//!
//! The alphabet is base62 (`0-9A-Za-z`), drawn by rejection sampling, so 32 characters carry 32 ×
//! log2(62) = 190.5 bits. The checksum is CRC-32 (IEEE) in base62: a typing error or a truncated
//! paste is told apart from a wrong key without a look-up, and a secret scanner has no false
//! positives. The idea is GitHub's
//! (<https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>).
//!
//! Owns the shape of a key. Never draws entropy itself, never hashes, never stores, never prints a
//! secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroize;

/// What every key begins with.
pub const MARKER: &str = "ca_";
/// Characters of the prefix.
pub const PREFIX_LEN: usize = 8;
/// Random characters of the secret.
pub const RANDOM_LEN: usize = 32;
/// Checksum characters that end the secret: 62^6 is more than 2^32.
pub const CHECKSUM_LEN: usize = 6;
/// Characters of the whole secret.
pub const SECRET_LEN: usize = RANDOM_LEN + CHECKSUM_LEN;
/// Characters of the whole key.
pub const KEY_LEN: usize = MARKER.len() + PREFIX_LEN + 1 + SECRET_LEN;
/// For secret scanners. A match whose checksum [`PresentedKey::parse`] refuses is not one of our
/// keys.
pub const SCANNER_REGEX: &str = r"\bca_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a text cannot be one of our keys. No variant carries any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFormatError {
    /// Does not begin with `ca_`.
    #[error("an API key begins with ca_")]
    Marker,
    /// Too short or too long: usually an incomplete paste.
    #[error("an API key has 50 characters: check that it was copied whole")]
    Length,
    /// A character outside `0-9A-Za-z`, or the separator in another place.
    #[error("an API key is ca_, 8 letters or digits, an underscore and 38 letters or digits")]
    Alphabet,
    /// Well formed, but the checksum does not fit: a typing error.
    #[error("the API key's checksum does not fit: check for a typing error")]
    Checksum,
}

/// The public half of a key: what it is looked up by. Eight base62 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPrefix([u8; PREFIX_LEN]);

impl KeyPrefix {
    /// Reads a prefix, without `ca_`.
    ///
    /// # Errors
    /// [`KeyFormatError::Length`] or [`KeyFormatError::Alphabet`].
    pub fn parse(text: &str) -> Result<Self, KeyFormatError> {
        let bytes = text.as_bytes().try_into();
        let bytes = bytes.map_err(|_| KeyFormatError::Length)?;
        if !is_base62(text) {
            return Err(KeyFormatError::Alphabet);
        }
        Ok(Self(bytes))
    }

    /// The eight characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Letters and digits: every way to make one has checked that.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The secret half of a key, checksum included: what is hashed and compared. Does not print, and is
/// wiped when dropped.
#[derive(Clone, Debug)]
pub struct KeySecret(SecretString);

impl KeySecret {
    /// The 38 characters, for hashing and for the one answer that shows the key.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A key as a caller sent it: well formed and with a fitting checksum, but not yet known to be
/// anybody's.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    /// What to look up.
    pub prefix: KeyPrefix,
    /// What to verify.
    pub secret: KeySecret,
}

impl PresentedKey {
    /// Reads a whole key and checks everything that can be checked without a look-up.
    ///
    /// # Errors
    /// [`KeyFormatError`], by cause.
    pub fn parse(text: &str) -> Result<Self, KeyFormatError> {
        let rest = text.strip_prefix(MARKER).ok_or(KeyFormatError::Marker)?;
        if text.len() != KEY_LEN {
            return Err(KeyFormatError::Length);
        }
        let (prefix, secret) = rest.split_once('_').ok_or(KeyFormatError::Alphabet)?;
        if prefix.len() != PREFIX_LEN || !is_base62(secret) {
            return Err(KeyFormatError::Alphabet);
        }
        let prefix = KeyPrefix::parse(prefix)?;
        let (random, checksum) = secret.split_at(RANDOM_LEN);
        // Not a comparison of secrets: the checksum is a public function of what the caller sent.
        if checksum.as_bytes() != checksum_of(&prefix, random) {
            return Err(KeyFormatError::Checksum);
        }
        Ok(Self {
            prefix,
            secret: KeySecret(SecretString::from(secret)),
        })
    }
}

/// Draws a prefix. `entropy` fills the buffer that it is given with uniformly random bytes.
pub fn generate_prefix(entropy: &mut dyn FnMut(&mut [u8])) -> KeyPrefix {
    let mut prefix = String::with_capacity(PREFIX_LEN);
    push_base62(&mut prefix, PREFIX_LEN, entropy);
    let mut bytes = [0; PREFIX_LEN];
    bytes.copy_from_slice(prefix.as_bytes());
    KeyPrefix(bytes)
}

/// Draws the secret that belongs to `prefix`. `entropy` fills the buffer that it is given with
/// uniformly random bytes, from a cryptographic source.
pub fn generate_secret(prefix: &KeyPrefix, entropy: &mut dyn FnMut(&mut [u8])) -> KeySecret {
    // The exact capacity, so that no reallocation leaves a copy behind that nobody wipes.
    let mut secret = String::with_capacity(SECRET_LEN);
    push_base62(&mut secret, RANDOM_LEN, entropy);
    let checksum = checksum_of(prefix, &secret);
    secret.extend(checksum.iter().copied().map(char::from));
    KeySecret(SecretString::from(secret))
}

/// The key as its owner is shown it, once.
#[must_use]
pub fn full_key(prefix: &KeyPrefix, secret: &KeySecret) -> SecretString {
    let mut key = String::with_capacity(KEY_LEN);
    for part in [MARKER, prefix.as_str(), "_", secret.expose()] {
        key.push_str(part);
    }
    SecretString::from(key)
}

/// The key as everybody may see it: `ca_<prefix>…`.
#[must_use]
pub fn mask(prefix: &KeyPrefix) -> String {
    format!("{MARKER}{prefix}…")
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Appends `count` uniform base62 characters: six bits at a time, and the two values beyond 61 are
/// drawn again, because a remainder would favour the first characters.
fn push_base62(text: &mut String, count: usize, entropy: &mut dyn FnMut(&mut [u8])) {
    let mut buffer = [0_u8; 64];
    let mut missing = count;
    while missing > 0 {
        entropy(&mut buffer);
        let drawn = buffer
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte & 0x3f)));
        for character in drawn.take(missing) {
            text.push(char::from(*character));
            missing -= 1;
        }
    }
    buffer.zeroize();
}

/// CRC-32 (IEEE) of `ca_<prefix>_<random>` in base62, most significant first, padded with zeros.
fn checksum_of(prefix: &KeyPrefix, random: &str) -> [u8; CHECKSUM_LEN] {
    let mut crc = crc32fast::Hasher::new();
    for part in [MARKER, prefix.as_str(), "_", random] {
        crc.update(part.as_bytes());
    }
    let mut rest = u64::from(crc.finalize());
    let mut checksum = [b'0'; CHECKSUM_LEN];
    for character in checksum.iter_mut().rev() {
        *character = ALPHABET[usize::try_from(rest % 62).unwrap_or_default()];
        rest /= 62;
    }
    checksum
}

#[cfg(test)]
#[path = "api_key_tests.rs"]
mod tests;
