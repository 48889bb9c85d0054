//! Is this the same request again? The fingerprint that an idempotency record keeps, and the shape
//! of its key.
//!
//! Owns the hash and the key's rule. Never stores a record, never decides what is replayed.

use sha2::{Digest, Sha256};

/// The longest `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

/// SHA-256 over the route and the request in canonical form.
///
/// `route` is method and path with its ids (`POST /v1/placements/0190…/recall`); `canonical_json`
/// is the typed request, serialized again, so that white space and the order of fields do not
/// matter. The route's length goes first, so that no two pairs run into the same text.
#[must_use]
pub fn request_fingerprint(route: &str, canonical_json: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(u64::try_from(route.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(route.as_bytes());
    hash.update(canonical_json);
    hash.finalize().into()
}

/// Whether a text can be an `Idempotency-Key`: 1–255 printable ASCII characters.
#[must_use]
pub fn idempotency_key_ok(key: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len())
        && key.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha256_of_length_route_and_body() {
        let mut text = vec![0, 0, 0, 0, 0, 0, 0, 2];
        text.extend_from_slice(b"/a{}");
        let expected: [u8; 32] = Sha256::digest(&text).into();
        assert_eq!(request_fingerprint("/a", b"{}"), expected);
    }

    #[test]
    fn route_and_body_cannot_be_shifted_into_each_other() {
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
    fn a_key_is_printable_and_bounded() {
        assert!(idempotency_key_ok("a"));
        assert!(idempotency_key_ok("order 17/retry~1"));
        assert!(idempotency_key_ok(&"k".repeat(255)));
        for key in [
            "",
            "tab\there",
            "line\n",
            "\u{7f}",
            "schlüssel",
            &"k".repeat(256),
        ] {
            assert!(!idempotency_key_ok(key), "{key:?}");
        }
    }
}
