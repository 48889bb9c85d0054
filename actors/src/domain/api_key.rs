//! The API key format: `ca_`, a prefix of 8 characters, `_`, and a secret of 38 characters.
//!
//! ```text
//! ca_7Hq2LmZ9_kT4…(32 random)…w0aB3xZ
//!    └prefix┘ └────── secret ──────┘   the last 6 characters are a checksum of the preceding 44
//! ```
//!
//! The alphabet is base62 (`0-9A-Za-z`). Characters are drawn by rejection sampling, so 32
//! characters carry 32 × log2(62) = 190.5 bits. The checksum is CRC-32 (IEEE) in base62. It
//! distinguishes a typing error or a truncated paste from a wrong key without a lookup, and it
//! removes almost all false positives of secret scanners. GitHub's tokens use the same scheme
//! (<https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>).
//!
//! Owns the format of a key. Never draws entropy itself, and never hashes, stores or prints a
//! secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroize;

/// The text that every key starts with.
pub const MARKER: &str = "ca_";
/// Length of the prefix, in characters.
pub const PREFIX_LEN: usize = 8;
/// Number of random characters in the secret.
pub const RANDOM_LEN: usize = 32;
/// Number of checksum characters at the end of the secret. 62^6 exceeds 2^32.
pub const CHECKSUM_LEN: usize = 6;
/// Length of the secret with its checksum, in characters.
pub const SECRET_LEN: usize = RANDOM_LEN + CHECKSUM_LEN;
/// Length of the whole key, in characters.
pub const KEY_LEN: usize = MARKER.len() + PREFIX_LEN + 1 + SECRET_LEN;
/// A regular expression for secret scanners. A match that [`PresentedKey::parse`] refuses is not a
/// key of this service.
pub const SCANNER_REGEX: &str = r"\bca_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a text is not an API key. No variant carries any part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFormatError {
    /// The text does not begin with `ca_`.
    #[error("an API key begins with ca_")]
    Marker,
    /// The text is too short or too long, usually an incomplete paste.
    #[error("an API key has 50 characters: check that all of it was copied")]
    Length,
    /// A character outside `0-9A-Za-z`, or a misplaced separator.
    #[error("an API key is ca_, 8 letters or digits, an underscore and 38 letters or digits")]
    Alphabet,
    /// The text is well formed, but its checksum is wrong, usually a typing error.
    #[error("the API key's checksum does not match: check for a typing error")]
    Checksum,
}

/// The public part of a key: eight base62 characters by which the key is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPrefix([u8; PREFIX_LEN]);

impl KeyPrefix {
    /// Parses a prefix without `ca_`.
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
        // Always valid UTF-8: both constructors produce only ASCII letters and digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The secret part of a key with its checksum, which is hashed and compared. `Debug` output is
/// redacted, and the memory is wiped on drop.
#[derive(Clone, Debug)]
pub struct KeySecret(SecretString);

impl KeySecret {
    /// The 38 characters, for hashing and for the single response that reveals the key.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A key as a caller sent it: well formed with a valid checksum, but not yet verified.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    /// Identifies the stored key.
    pub prefix: KeyPrefix,
    /// Is verified against the stored hash.
    pub secret: KeySecret,
}

impl PresentedKey {
    /// Parses a whole key and checks everything that needs no lookup.
    ///
    /// # Errors
    /// [`KeyFormatError`] with the first rule that the text violates.
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
        // Needs no constant time: the checksum is a public function of what the caller sent.
        if checksum.as_bytes() != checksum_of(&prefix, random) {
            return Err(KeyFormatError::Checksum);
        }
        Ok(Self {
            prefix,
            secret: KeySecret(SecretString::from(secret)),
        })
    }
}

/// Generates a prefix. `entropy` fills its buffer with uniformly random bytes.
pub fn generate_prefix(entropy: &mut dyn FnMut(&mut [u8])) -> KeyPrefix {
    let mut prefix = String::with_capacity(PREFIX_LEN);
    push_base62(&mut prefix, PREFIX_LEN, entropy);
    let mut bytes = [0; PREFIX_LEN];
    bytes.copy_from_slice(prefix.as_bytes());
    KeyPrefix(bytes)
}

/// Generates the secret that belongs to `prefix`. `entropy` fills its buffer with uniformly random
/// bytes from a cryptographic source.
pub fn generate_secret(prefix: &KeyPrefix, entropy: &mut dyn FnMut(&mut [u8])) -> KeySecret {
    // The exact capacity avoids a reallocation, which would leave an unwiped copy in memory.
    let mut secret = String::with_capacity(SECRET_LEN);
    push_base62(&mut secret, RANDOM_LEN, entropy);
    let checksum = checksum_of(prefix, &secret);
    secret.extend(checksum.iter().copied().map(char::from));
    KeySecret(SecretString::from(secret))
}

/// The complete key, which its owner sees once.
#[must_use]
pub fn full_key(prefix: &KeyPrefix, secret: &KeySecret) -> SecretString {
    let mut key = String::with_capacity(KEY_LEN);
    for part in [MARKER, prefix.as_str(), "_", secret.expose()] {
        key.push_str(part);
    }
    SecretString::from(key)
}

/// The masked key, which is safe to show: `ca_<prefix>…`.
#[must_use]
pub fn mask(prefix: &KeyPrefix) -> String {
    format!("{MARKER}{prefix}…")
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Appends `count` uniformly distributed base62 characters. Each takes six bits. The values 62 and
/// 63 are discarded, because a modulo would favour the first characters.
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
