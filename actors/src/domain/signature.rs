//! Signatures: Standard Webhooks on what we send, HMAC-SHA256 in three dialects on what providers
//! and partners send us.
//!
//! | who | header | what is signed | how it is written |
//! |---|---|---|---|
//! | we | `webhook-signature` | `id.timestamp.body` | `v1,` + base64, one a live secret, separated by spaces |
//! | Stripe | `Stripe-Signature` | `t.body` | `t=…,v1=…`, hex |
//! | Middesk, structured intake | `X-Middesk-Signature-256`, `X-MC-Signature` | body | hex, with or without `sha256=` |
//! | DocuSign | `X-DocuSign-Signature-1…n` | body | base64 |
//!
//! Sources:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! <https://docs.stripe.com/webhooks#verify-manually>, RFC 2104.
//!
//! Owns keys of signatures and their comparison, always in constant time and always over the raw
//! body. Never prints a secret, never reads a clock.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// How far a signed timestamp may be from now, seconds, either way.
pub const TOLERANCE_S: i64 = 300;
/// What the text of a webhook secret begins with.
pub const SECRET_MARKER: &str = "whsec_";
/// Bytes of a secret that we draw.
const GENERATED_LEN: usize = 32;

type HmacSha256 = Hmac<Sha256>;

/// Why a signature was not accepted. Answer all of them alike; the cause is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is missing, or not in the form that its scheme prescribes.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// Well formed, but no signature in it is right for this body.
    #[error("no signature matches: sign the exact bytes of the body with the right secret")]
    Mismatch,
    /// Right, but signed too long ago or too far ahead: a replay, or a wrong clock.
    #[error("the signed timestamp is more than 300 seconds from now")]
    OutsideTolerance,
    /// An empty key signs for everybody.
    #[error("no signing key is configured")]
    EmptyKey,
}

/// Why a text is not a webhook secret. No variant carries any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFormatError {
    /// Does not begin with `whsec_`.
    #[error("a webhook secret begins with whsec_")]
    Marker,
    /// What follows is not base64.
    #[error("a webhook secret is whsec_ followed by base64 with padding")]
    Base64,
    /// Decodes to fewer than 24 or more than 64 bytes.
    #[error("a webhook secret holds 24 to 64 bytes")]
    Length,
}

/// A key of Standard Webhooks: 24–64 bytes. Does not print, and is wiped when dropped.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// Reads `whsec_` + base64.
    ///
    /// # Errors
    /// [`SecretFormatError`], by cause.
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

    /// Draws 32 bytes. `entropy` fills the buffer that it is given, from a cryptographic source.
    pub fn generate(entropy: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = Zeroizing::new(vec![0; GENERATED_LEN]);
        entropy(&mut bytes);
        Self(bytes)
    }

    /// The text form, for the answer that shows it and for encryption at rest.
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

/// The `webhook-signature` of one attempt: `v1,` + base64 a secret, in the order given, separated
/// by spaces.
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

/// Checks a `webhook-signature` as a receiver does: any `v1` may match any secret, other versions
/// are ignored.
///
/// # Errors
/// [`SignatureError`], by cause.
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

/// Checks Stripe's `t=…,v1=…`: any `v1` may match, other schemes are ignored, [`TOLERANCE_S`]
/// either way.
///
/// # Errors
/// [`SignatureError`], by cause.
pub fn verify_stripe(
    header: &str,
    body: &[u8],
    secret: &str,
    now_s: i64,
) -> Result<(), SignatureError> {
    refuse_empty(secret.as_bytes())?;
    let mut signed_at: Option<&str> = None;
    let mut candidates: Vec<Vec<u8>> = Vec::new();
    for (name, value) in header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
    {
        match name {
            "t" if signed_at.is_some() => return Err(SignatureError::Malformed),
            "t" => signed_at = Some(value),
            "v1" => candidates.extend(hex::decode(value)),
            _ => {}
        }
    }
    let signed_at = signed_at.ok_or(SignatureError::Malformed)?;
    let timestamp_s: i64 = signed_at.parse().map_err(|_| SignatureError::Malformed)?;
    if candidates.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let expected = hmac_sha256(secret.as_bytes(), &[signed_at.as_bytes(), b".", body]);
    any_equal(&candidates, &[expected])?;
    within_tolerance(timestamp_s, now_s)
}

/// Checks a hex HMAC-SHA256 of the body, with or without `sha256=` before it.
///
/// # Errors
/// [`SignatureError`], by cause.
pub fn verify_hex(header: &str, body: &[u8], key: &[u8]) -> Result<(), SignatureError> {
    refuse_empty(key)?;
    let header = header.trim();
    let encoded = header.strip_prefix("sha256=").unwrap_or(header);
    let candidate = hex::decode(encoded).map_err(|_| SignatureError::Malformed)?;
    if candidate.is_empty() {
        return Err(SignatureError::Malformed);
    }
    any_equal(&[candidate], &[hmac_sha256(key, &[body])])
}

/// Checks base64 HMAC-SHA256s of the body (`X-DocuSign-Signature-1…n`): any may match.
///
/// # Errors
/// [`SignatureError`], by cause.
pub fn verify_docusign(headers: &[&str], body: &[u8], key: &[u8]) -> Result<(), SignatureError> {
    refuse_empty(key)?;
    let candidates: Vec<Vec<u8>> = headers
        .iter()
        .filter_map(|header| STANDARD.decode(header.trim()).ok())
        .collect();
    if candidates.is_empty() {
        return Err(SignatureError::Malformed);
    }
    any_equal(&candidates, &[hmac_sha256(key, &[body])])
}

/// HMAC-SHA256 of the body in lower-case hex: what `X-MC-Signature` carries after `sha256=`.
#[must_use]
pub fn hmac_sha256_hex(key: &[u8], body: &[u8]) -> String {
    hex::encode(hmac_sha256(key, &[body]))
}

/// HMAC-SHA256 over the parts one after another, without joining them in memory.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = HmacSha256::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length (RFC 2104)");
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether any candidate equals any expected signature. Looks at all pairs, each in constant time.
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

/// After the signature, so that a stranger learns nothing about our clock.
const fn within_tolerance(timestamp_s: i64, now_s: i64) -> Result<(), SignatureError> {
    if timestamp_s.abs_diff(now_s) <= TOLERANCE_S.unsigned_abs() {
        Ok(())
    } else {
        Err(SignatureError::OutsideTolerance)
    }
}

const fn refuse_empty(key: &[u8]) -> Result<(), SignatureError> {
    if key.is_empty() {
        Err(SignatureError::EmptyKey)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
