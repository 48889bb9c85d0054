//! Idempotency: the fingerprint that identifies a repeated request, and the rule for its key.
//!
//! Owns the hash and the rule for `Idempotency-Key`. Never stores a record, never decides whether a
//! response is replayed.

use sha2::{Digest, Sha256};

/// The maximum length of an `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

/// Returns the SHA-256 of the route and the canonical request.
///
/// `route` is the method and the path with its ids (`POST /v1/placements/0190…/recall`).
/// `canonical_json` is the parsed request, serialized again, so that white space and field order do
/// not matter. The hash covers the length of the route first, so that two different pairs never
/// produce the same input.
#[must_use]
pub fn request_fingerprint(route: &str, canonical_json: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(u64::try_from(route.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(route.as_bytes());
    hash.update(canonical_json);
    hash.finalize().into()
}

/// Whether a text is a valid `Idempotency-Key`: 1–255 printable ASCII characters.
#[must_use]
pub fn is_valid_idempotency_key(key: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len())
        && key.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_sha256_of_length_route_and_body() {
        let mut text = vec![0, 0, 0, 0, 0, 0, 0, 2];
        text.extend_from_slice(b"/a{}");
        let expected: [u8; 32] = Sha256::digest(&text).into();
        assert_eq!(request_fingerprint("/a", b"{}"), expected);
    }

    #[test]
    fn boundary_of_route_and_body_is_hashed() {
        assert_ne!(
            request_fingerprint("/a", b"b{}"),
            request_fingerprint("/ab", b"{}")
        );
        assert_ne!(
            request_fingerprint("/a", b"{}"),
            request_fingerprint("/a", b"{ }")
        );
    }

    #[test]
    fn key_must_be_printable_and_bounded() {
        assert!(is_valid_idempotency_key("a"));
        assert!(is_valid_idempotency_key("order 17/retry~1"));
        assert!(is_valid_idempotency_key(&"k".repeat(255)));
        for key in [
            "",
            "tab\there",
            "line\n",
            "\u{7f}",
            "schlüssel",
            &"k".repeat(256),
        ] {
            assert!(!is_valid_idempotency_key(key), "{key:?}");
        }
    }
}
