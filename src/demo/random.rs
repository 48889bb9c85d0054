//! Random names and secrets, unique to each run of the demo.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `bytes` random bytes in hex, at most 32.
pub(super) fn hex(bytes: usize) -> String {
    hex::encode(&draw()[..bytes.min(32)])
}

/// 32 random bytes in base64.
pub(super) fn base64() -> String {
    STANDARD.encode(draw())
}

fn draw() -> [u8; 32] {
    rand::random()
}
