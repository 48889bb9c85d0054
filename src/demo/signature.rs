//! Verifies a Standard Webhooks signature as any receiver would: with the public library.
//!
//! On purpose without the server's own code: a mistake that both shared would go unseen.

use http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;

/// How far the sender's clock may be off.
const TOLERANCE_S: i64 = 300;

/// The signed parts of a webhook.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// `webhook-id`.
    pub(super) id: &'a str,
    /// `webhook-timestamp`.
    pub(super) timestamp: &'a str,
    /// `webhook-signature`.
    pub(super) signature: &'a str,
    /// The bytes as received.
    pub(super) body: &'a [u8],
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The receiver's own secret cannot be read.
    #[error("the signing secret is not whsec_ and base64")]
    Secret,
    /// Too old, from the future, or no number.
    #[error("webhook-timestamp is not within {TOLERANCE_S} s of now")]
    Timestamp,
    /// No signature matches.
    #[error("no v1 signature matches the body")]
    Signature,
}

/// Whether the holder of `secret` sent exactly these bytes, about now.
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
    fn what_was_signed_verifies_and_a_changed_byte_does_not() {
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
