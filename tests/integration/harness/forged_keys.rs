//! Well-formed API keys that were never issued.

use actors::domain::api_key::{KeyPrefix, full_key, generate_prefix, generate_secret};
use secrecy::ExposeSecret as _;

/// A well-formed key with a valid checksum and an unknown secret, under `prefix` or an unknown prefix.
pub(crate) fn forged_key(prefix: Option<&str>, number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut entropy = move |bytes: &mut [u8]| {
        for byte in bytes {
            // xorshift64: the quality of the randomness does not matter here.
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
