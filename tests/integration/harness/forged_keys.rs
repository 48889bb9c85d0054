//! Keys that nobody has.

use actors::domain::api_key::{KeyPrefix, full_key, generate_prefix, generate_secret};
use secrecy::ExposeSecret as _;

/// A well-formed key that nobody has: of a prefix that nobody has, unless one is given.
pub(crate) fn made_up(prefix: Option<&str>, number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut entropy = move |bytes: &mut [u8]| {
        for byte in bytes {
            // xorshift64: any spread will do.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_be_bytes()[3];
        }
    };
    let prefix = match prefix {
        Some(prefix) => KeyPrefix::parse(prefix).unwrap(),
        None => generate_prefix(&mut entropy),
    };
    let secret = generate_secret(&prefix, &mut entropy);
    full_key(&prefix, &secret).expose_secret().to_owned()
}
