//! Pagination cursors: the instant and id of a page's last row, encoded as one opaque text.
//!
//! Owns the encoding. A cursor is not a secret and grants no access, because every query also
//! filters by tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The version of the layout. Other versions are refused, so that the layout can change.
const VERSION: u8 = 1;
/// Bytes of version, instant and id.
const LEN: usize = 1 + 8 + 16;

/// The text is not a cursor that this server issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor is not valid: pass next_cursor of the previous page unchanged, or leave it out to start again"
)]
pub struct CursorError;

/// Encodes the instant (Unix epoch milliseconds) and id of a page's last row as base64url without
/// padding.
#[must_use]
pub fn encode(at_ms: i64, id: Uuid) -> String {
    let mut packed = [VERSION; LEN];
    packed[1..9].copy_from_slice(&at_ms.to_be_bytes());
    packed[9..].copy_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(packed)
}

/// Decodes a cursor from [`encode`] into instant (Unix epoch milliseconds) and id.
///
/// # Errors
/// [`CursorError`] for every text that [`encode`] cannot produce.
pub fn decode(cursor: &str) -> Result<(i64, Uuid), CursorError> {
    let mut packed = [0_u8; LEN];
    let length = URL_SAFE_NO_PAD
        .decode_slice(cursor, &mut packed)
        .map_err(|_| CursorError)?;
    if length != LEN || packed[0] != VERSION {
        return Err(CursorError);
    }
    let (instant, id) = packed[1..].split_first_chunk::<8>().ok_or(CursorError)?;
    let id = Uuid::from_slice(id).map_err(|_| CursorError)?;
    Ok((i64::from_be_bytes(*instant), id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invalid_cursors_are_refused() {
        let good = encode(1, Uuid::nil());
        for text in [
            "",
            "x",
            "====",
            "25",
            "not a cursor",
            &good[1..],
            &format!("{good}A"),
            &format!("{good}="),
        ] {
            assert_eq!(decode(text), Err(CursorError), "{text}");
        }
        assert_eq!(
            decode(&URL_SAFE_NO_PAD.encode([2_u8; LEN])),
            Err(CursorError)
        );
    }

    proptest! {
        #[test]
        fn cursor_round_trips(at_ms: i64, id: u128) {
            let id = Uuid::from_u128(id);
            let text = encode(at_ms, id);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(decode(&text), Ok((at_ms, id)));
        }

        #[test]
        fn decode_never_panics(text in ".*") {
            let _ = decode(&text);
        }
    }
}
