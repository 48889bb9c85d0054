//! The signatures of outgoing webhooks (Standard Webhooks): `webhook-signature` is `v1,` + base64 HMAC-SHA256 of
//! `id.timestamp.body`, one for each live secret, separated by spaces. `body_signature` has those of incoming requests.
//!
//! Source:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//!
//! Owns the signing secrets and the comparison of signatures, which is always in constant time and
//! over the raw body. Never prints a secret, never reads a clock.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The maximum distance of a signed timestamp from now in either direction, in seconds.
pub const TOLERANCE_S: i64 = 300;
/// The text that every webhook secret starts with.
pub const SECRET_MARKER: &str = "whsec_";
/// The length of a generated secret, in bytes.
const GENERATED_LEN: usize = 32;

pub(super) type HmacSha256 = Hmac<Sha256>;

/// Why a signature is refused. Send the same response for every cause, and log the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is missing, or does not have the format of its scheme.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// The header is well formed, but no signature in it matches this body.
    #[error("no signature matches: sign the exact bytes of the body with the right secret")]
    Mismatch,
    /// The signature matches, but its timestamp is too old or too far in the future, because of a
    /// replayed request or a wrong clock.
    #[error("the signed timestamp is more than 300 seconds from now")]
    OutsideTolerance,
    /// The signing key is empty, so anyone could forge a signature.
    #[error("no signing key is configured")]
    EmptyKey,
}

/// Why a text is not a webhook secret. No variant carries any part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFormatError {
    /// The text does not begin with `whsec_`.
    #[error("a webhook secret begins with whsec_")]
    Marker,
    /// The rest of the text is not base64.
    #[error("a webhook secret is whsec_ followed by base64 with padding")]
    Base64,
    /// The text decodes to fewer than 24 or more than 64 bytes.
    #[error("a webhook secret holds 24 to 64 bytes")]
    Length,
}

/// A Standard Webhooks secret of 24–64 bytes. `Debug` output is redacted, and the memory is wiped on
/// drop.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// Parses `whsec_` followed by base64.
    ///
    /// # Errors
    /// [`SecretFormatError`] with the first rule that the text violates.
    pub fn parse(text: &str) -> Result<Self, SecretFormatError> {
        let encoded = text
            .strip_prefix(SECRET_MARKER)
            .ok_or(SecretFormatError::Marker)?;
        let bytes = Zeroizing::new(
            STANDARD
                .decode(encoded)
                .map_err(|_| SecretFormatError::Base64)?,
        );
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretFormatError::Length);
        }
        Ok(Self(bytes))
    }

    /// Generates a secret of 32 bytes. `entropy` fills its buffer from a cryptographic source.
    pub fn generate(entropy: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = Zeroizing::new(vec![0; GENERATED_LEN]);
        entropy(&mut bytes);
        Self(bytes)
    }

    /// The text form, for the response that reveals the secret and for encryption at rest.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        let mut text = String::with_capacity(SECRET_MARKER.len() + self.0.len().div_ceil(3) * 4);
        text.push_str(SECRET_MARKER);
        STANDARD.encode_string(&*self.0, &mut text);
        SecretString::from(text)
    }

    fn signature(&self, msg_id: &str, timestamp_s: i64, body: &[u8]) -> [u8; 32] {
        hmac_sha256(
            &self.0,
            &[
                msg_id.as_bytes(),
                b".",
                timestamp_s.to_string().as_bytes(),
                b".",
                body,
            ],
        )
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(redacted)")
    }
}

/// Creates the `webhook-signature` header of one attempt: `v1,` + base64 for each secret, in the given
/// order, separated by spaces.
#[must_use]
pub fn sign(secrets: &[WebhookSecret], msg_id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mut header = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !header.is_empty() {
            header.push(' ');
        }
        header.push_str("v1,");
        STANDARD.encode_string(secret.signature(msg_id, timestamp_s, body), &mut header);
    }
    header
}

/// Verifies a `webhook-signature` header as a receiver does. Any `v1` signature may match any secret.
/// Other versions are ignored.
///
/// # Errors
/// [`SignatureError::Malformed`], [`SignatureError::Mismatch`] or
/// [`SignatureError::OutsideTolerance`].
pub fn verify(
    secrets: &[WebhookSecret],
    msg_id: &str,
    timestamp_s: i64,
    body: &[u8],
    header: &str,
    now_s: i64,
) -> Result<(), SignatureError> {
    let candidates: Vec<Vec<u8>> = header
        .split_ascii_whitespace()
        .filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok())
        .collect();
    if candidates.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let expected: Vec<[u8; 32]> = secrets
        .iter()
        .map(|secret| secret.signature(msg_id, timestamp_s, body))
        .collect();
    any_equal(&candidates, &expected)?;
    within_tolerance(timestamp_s, now_s)
}

/// Returns the HMAC-SHA256 of the body in lower-case hex, which follows `sha256=` in `X-MC-Signature`.
#[must_use]
pub fn hmac_sha256_hex(key: &[u8], body: &[u8]) -> String {
    hex::encode(hmac_sha256(key, &[body]))
}

/// Returns the HMAC-SHA256 of the concatenated parts without joining them in memory.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = HmacSha256::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length (RFC 2104)");
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Checks that a candidate equals an expected signature. Compares all pairs, each in constant time.
fn any_equal(candidates: &[Vec<u8>], expected: &[[u8; 32]]) -> Result<(), SignatureError> {
    let mut found = subtle::Choice::from(0);
    for candidate in candidates {
        for signature in expected {
            found |= candidate.as_slice().ct_eq(signature);
        }
    }
    if found.into() {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// Runs after the signature check, so that an unauthenticated caller learns nothing about the clock.
pub(super) const fn within_tolerance(timestamp_s: i64, now_s: i64) -> Result<(), SignatureError> {
    if timestamp_s.abs_diff(now_s) <= TOLERANCE_S.unsigned_abs() {
        Ok(())
    } else {
        Err(SignatureError::OutsideTolerance)
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
