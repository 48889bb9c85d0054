//! Wrong keys of every kind.

use actors::domain::api_key::{KeyPrefix, full_key, generate_prefix, generate_secret};
use rand::Rng as _;
use secrecy::ExposeSecret as _;

/// The nth wrong key: by turns random text, a right checksum under a prefix that nobody has, and a wrong secret under the
/// prefix of one of the `real` keys.
pub(crate) fn wrong_key(real: &[String], n: u64) -> String {
    match n % 3 {
        0 => wrong_checksum(),
        1 => unknown_prefix(),
        _ => {
            let turn = usize::try_from(n / 3).unwrap_or_default();
            wrong_secret(&real[turn % real.len()][3..11])
        }
    }
}

/// Well formed but for its checksum.
pub(crate) fn wrong_checksum() -> String {
    let mut key = unknown_prefix();
    let last = key.pop();
    key.push(if last == Some('0') { '1' } else { '0' });
    key
}

/// With a right checksum, under a prefix that nobody has.
pub(crate) fn unknown_prefix() -> String {
    under(&generate_prefix(&mut entropy))
}

/// With a right checksum, under this prefix.
pub(crate) fn wrong_secret(prefix: &str) -> String {
    under(&KeyPrefix::parse(prefix).expect("a prefix"))
}

fn under(prefix: &KeyPrefix) -> String {
    let secret = generate_secret(prefix, &mut entropy);
    full_key(prefix, &secret).expose_secret().to_owned()
}

fn entropy(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}
