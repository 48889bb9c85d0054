//! Verifies a Standard Webhooks signature as any receiver would.
//!
//! Written from the published specification (standardwebhooks.com) and on purpose without the
//! server's own code: a mistake that both shared would go unseen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or(Refusal::Secret)?;
    let mac = mac_of(&key, signed).ok_or(Refusal::Secret)?;
    let matches = |given: &str| {
        let claimed = given
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        // Compares in constant time.
        claimed.is_some_and(|claimed| mac.clone().verify_slice(&claimed).is_ok())
    };
    // During a rotation of the secret there is one signature per live secret.
    if signed.signature.split(' ').any(matches) {
        Ok(())
    } else {
        Err(Refusal::Signature)
    }
}

fn mac_of(key: &[u8], signed: Signed<'_>) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.id.as_bytes());
    mac.update(b".");
    mac.update(signed.timestamp.as_bytes());
    mac.update(b".");
    mac.update(signed.body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NOW_MS: i64 = 1_614_265_330_000;

    /// The vector that standardwebhooks.com publishes.
    const VECTOR: Signed<'static> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        body: br#"{"test": 2432232314}"#,
    };

    #[test]
    fn the_published_vector_verifies() {
        assert_eq!(verify(SECRET, VECTOR, NOW_MS), Ok(()));
    }

    #[test]
    fn one_good_signature_of_several_is_enough() {
        let signature = format!("v1,AAAA v1a,xyz {}", VECTOR.signature);
        let signed = Signed {
            signature: &signature,
            ..VECTOR
        };
        assert_eq!(verify(SECRET, signed, NOW_MS), Ok(()));
    }

    #[test]
    fn a_changed_byte_fails() {
        let signed = Signed {
            body: br#"{"test": 2432232315}"#,
            ..VECTOR
        };
        assert_eq!(verify(SECRET, signed, NOW_MS), Err(Refusal::Signature));
        let signed = Signed {
            id: "msg_other",
            ..VECTOR
        };
        assert_eq!(verify(SECRET, signed, NOW_MS), Err(Refusal::Signature));
    }

    #[test]
    fn an_old_webhook_fails() {
        assert_eq!(
            verify(SECRET, VECTOR, NOW_MS + 301_000),
            Err(Refusal::Timestamp)
        );
        assert_eq!(
            verify(SECRET, VECTOR, NOW_MS - 301_000),
            Err(Refusal::Timestamp)
        );
    }

    #[test]
    fn a_strange_secret_fails() {
        assert_eq!(verify("whsec_%", VECTOR, NOW_MS), Err(Refusal::Secret));
        assert_eq!(verify("secret", VECTOR, NOW_MS), Err(Refusal::Secret));
    }
}
