//! Names and secrets that no other run of the demo has.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `bytes` random bytes, in hex.
pub(super) fn hex(bytes: usize) -> String {
    hex::encode(&draw()[..bytes.min(32)])
}

/// 32 random bytes, in base64.
pub(super) fn base64() -> String {
    STANDARD.encode(draw())
}

fn draw() -> [u8; 32] {
    rand::random()
}
