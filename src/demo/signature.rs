//! Verifies Standard Webhooks signatures with the public library.
//!
//! Never uses the server's own signing code: a bug in shared code would go unnoticed.

use http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;

/// The largest accepted difference between the timestamp and the current time, in seconds.
const TOLERANCE_S: i64 = 300;

/// The signed parts of a webhook.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// The `webhook-id` header.
    pub(super) id: &'a str,
    /// The `webhook-timestamp` header, in Unix seconds.
    pub(super) timestamp: &'a str,
    /// The `webhook-signature` header.
    pub(super) signature: &'a str,
    /// The body as received.
    pub(super) body: &'a [u8],
}

/// Why a webhook is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The receiver has no valid signing secret.
    #[error("the signing secret is not whsec_ followed by base64")]
    Secret,
    /// The timestamp is too old, in the future or not a number.
    #[error("webhook-timestamp is not within {TOLERANCE_S} s of now")]
    Timestamp,
    /// No signature matches the body.
    #[error("no v1 signature matches the body")]
    Signature,
}

/// Verifies the signature and the timestamp of a webhook.
///
/// # Errors
/// Returns the first check that fails: [`Refusal::Timestamp`], [`Refusal::Secret`] or [`Refusal::Signature`].
pub(super) fn verify(secret: &str, signed: Signed<'_>, now_ms: i64) -> Result<(), Refusal> {
    let sent_s: i64 = signed.timestamp.parse().map_err(|_| Refusal::Timestamp)?;
    if (now_ms / 1_000).abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() {
        return Err(Refusal::Timestamp);
    }
    let verifier = Webhook::new(secret).map_err(|_| Refusal::Secret)?;
    let headers = headers(signed).ok_or(Refusal::Signature)?;
    verifier
        .verify(signed.body, &headers)
        .map_err(|_| Refusal::Signature)
}

fn headers(signed: Signed<'_>) -> Option<HeaderMap> {
    let parts = [
        ("webhook-id", signed.id),
        ("webhook-timestamp", signed.timestamp),
        ("webhook-signature", signed.signature),
    ];
    parts
        .into_iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).ok()?;
            Some((HeaderName::from_static(name), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use actors::clock::Clock;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    #[test]
    fn signature_verifies_only_for_signed_body_timestamp_and_secret() {
        let now_ms = Clock::system().now_ms();
        let sent_s = now_ms / 1_000;
        let webhook = Webhook::new(SECRET).unwrap();
        let signature = webhook.sign("msg_1", sent_s, BODY).unwrap();
        let timestamp = sent_s.to_string();
        let signed = |body, timestamp| Signed {
            id: "msg_1",
            timestamp,
            signature: &signature,
            body,
        };
        assert_eq!(verify(SECRET, signed(BODY, &timestamp), now_ms), Ok(()));
        let tampered = br#"{"test": 2432232315}"#;
        let refused = verify(SECRET, signed(tampered, &timestamp), now_ms);
        assert_eq!(refused, Err(Refusal::Signature));
        let refused = verify(SECRET, signed(BODY, "1614265330"), now_ms);
        assert_eq!(refused, Err(Refusal::Timestamp));
        let refused = verify("whsec_?", signed(BODY, &timestamp), now_ms);
        assert_eq!(refused, Err(Refusal::Secret));
    }
}
