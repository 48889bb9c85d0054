//! Signatures of incoming requests: three formats of HMAC-SHA256, computed while the body arrives.
//!
//! | sender | header | signed content | format |
//! |---|---|---|---|
//! | Stripe | `Stripe-Signature` | `t.body` | `t=…,v1=…`, hex |
//! | Middesk, structured intake | `X-Middesk-Signature-256`, `X-MC-Signature` | body | hex, with or without `sha256=` |
//! | DocuSign | `X-DocuSign-Signature-1…n` | body | base64 |
//!
//! Several lines of a header are one list, and any signature in it may match any of several keys. Sources:
//! <https://docs.stripe.com/webhooks#verify-manually>, RFC 2104.
//!
//! Compares in constant time, over the raw body. Never reads a clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use subtle::ConstantTimeEq as _;

use super::signature::{HmacSha256, SignatureError, within_tolerance};

/// The most signatures of one request that are compared.
const MAX_CANDIDATES: usize = 32;

/// A signature whose body has not arrived completely.
#[derive(Clone, Debug)]
pub struct BodySignature {
    candidates: Vec<Vec<u8>>,
    /// One for each key, over the parts so far.
    macs: Vec<HmacSha256>,
    /// The signed time, in seconds of the Unix epoch.
    signed_at_s: Option<i64>,
}

impl BodySignature {
    /// Begins the check of Stripe's `t=…,v1=…`. Any `v1` may match; other schemes are ignored.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`] or [`SignatureError::Malformed`].
    pub fn stripe(headers: &[&str], keys: &[&[u8]]) -> Result<Self, SignatureError> {
        let mut signed_at: Option<&str> = None;
        let mut candidates = Vec::new();
        let parts = headers.iter().flat_map(|line| line.split(','));
        for (name, value) in parts.filter_map(|part| part.trim().split_once('=')) {
            match name {
                "t" if signed_at.is_some_and(|known| known != value) => {
                    return Err(SignatureError::Malformed);
                }
                "t" => signed_at = Some(value),
                "v1" => candidates.extend(hex::decode(value)),
                _ => {}
            }
        }
        let signed_at = signed_at.ok_or(SignatureError::Malformed)?;
        let mut signature = Self::begin(candidates, keys)?;
        signature.signed_at_s = Some(signed_at.parse().map_err(|_| SignatureError::Malformed)?);
        signature.update(signed_at.as_bytes());
        signature.update(b".");
        Ok(signature)
    }

    /// Begins the check of hex signatures, with or without the prefix `sha256=`.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`] or [`SignatureError::Malformed`].
    pub fn hex(headers: &[&str], keys: &[&[u8]]) -> Result<Self, SignatureError> {
        let parts = headers
            .iter()
            .flat_map(|line| line.split(','))
            .map(str::trim);
        let encoded = parts.map(|part| part.strip_prefix("sha256=").unwrap_or(part));
        Self::begin(
            encoded.filter_map(|part| hex::decode(part).ok()).collect(),
            keys,
        )
    }

    /// Begins the check of base64 signatures.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`] or [`SignatureError::Malformed`].
    pub fn base64(headers: &[&str], keys: &[&[u8]]) -> Result<Self, SignatureError> {
        let parts = headers
            .iter()
            .flat_map(|line| line.split(','))
            .map(str::trim);
        Self::begin(
            parts
                .filter_map(|part| STANDARD.decode(part).ok())
                .collect(),
            keys,
        )
    }

    fn begin(mut candidates: Vec<Vec<u8>>, keys: &[&[u8]]) -> Result<Self, SignatureError> {
        if keys.is_empty() || keys.iter().any(|key| key.is_empty()) {
            return Err(SignatureError::EmptyKey);
        }
        candidates.retain(|candidate| !candidate.is_empty());
        candidates.truncate(MAX_CANDIDATES);
        if candidates.is_empty() {
            return Err(SignatureError::Malformed);
        }
        // HMAC takes a key of any length (RFC 2104).
        let macs = keys
            .iter()
            .filter_map(|key| HmacSha256::new_from_slice(key).ok());
        Ok(Self {
            candidates,
            macs: macs.collect(),
            signed_at_s: None,
        })
    }

    /// Adds the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.macs.iter_mut().for_each(|mac| mac.update(part));
    }

    /// Ends the check. Returns which key matches, counted from 0.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`], [`SignatureError::OutsideTolerance`].
    pub fn verify(self, now_s: i64) -> Result<usize, SignatureError> {
        let mut found = None;
        for (index, mac) in self.macs.into_iter().enumerate() {
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            let mut is_equal = subtle::Choice::from(0);
            for candidate in &self.candidates {
                is_equal |= candidate.as_slice().ct_eq(&expected);
            }
            if bool::from(is_equal) {
                found = found.or(Some(index));
            }
        }
        let index = found.ok_or(SignatureError::Mismatch)?;
        // After the signature, so that an unauthenticated caller learns nothing about the clock.
        if let Some(signed_at_s) = self.signed_at_s {
            within_tolerance(signed_at_s, now_s)?;
        }
        Ok(index)
    }
}

#[cfg(test)]
#[path = "body_signature_tests.rs"]
mod tests;
