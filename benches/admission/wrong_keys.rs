//! Generates wrong keys.

use actors::domain::api_key::{KeyPrefix, full_key, generate_prefix, generate_secret};
use rand::Rng as _;
use secrecy::ExposeSecret as _;

/// The nth wrong key.
///
/// It has a wrong checksum, an unknown prefix, or a wrong secret for the prefix of one of the `real` keys, in rotation.
pub(crate) fn wrong_key(real: &[String], n: u64) -> String {
    match n % 3 {
        0 => wrong_checksum(),
        1 => unknown_prefix(),
        _ => {
            let index = usize::try_from(n / 3).unwrap_or_default();
            wrong_secret(&real[index % real.len()][3..11])
        }
    }
}

/// A key with a wrong checksum.
pub(crate) fn wrong_checksum() -> String {
    let mut key = unknown_prefix();
    let last = key.pop();
    key.push(if last == Some('0') { '1' } else { '0' });
    key
}

/// A key with a valid checksum and an unknown prefix.
pub(crate) fn unknown_prefix() -> String {
    random_key(&generate_prefix(&mut entropy))
}

/// A key with a valid checksum and a wrong secret for this prefix.
pub(crate) fn wrong_secret(prefix: &str) -> String {
    random_key(&KeyPrefix::parse(prefix).expect("a prefix"))
}

fn random_key(prefix: &KeyPrefix) -> String {
    let secret = generate_secret(prefix, &mut entropy);
    full_key(prefix, &secret).expose_secret().to_owned()
}

fn entropy(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}
