//! Events of Stripe, Middesk and DocuSign, in the providers' formats and with their signatures.
//!
//! Never uses the server's own signing code: a bug in shared code would go unnoticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

/// An event as its provider sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEvent {
    /// The path of the server that accepts the event.
    pub path: &'static str,
    /// The headers with the signatures.
    pub headers: Vec<(&'static str, String)>,
    /// The body that was signed.
    pub body: String,
}

/// Stripe's `account.updated` of a connected account.
#[derive(Debug, Clone, Copy)]
pub struct StripeEvent<'a> {
    /// The event id.
    pub id: &'a str,
    /// The connected account.
    pub account: &'a str,
    /// When the event was created, in seconds since the epoch.
    pub created: i64,
    /// The current value.
    pub payouts_enabled: bool,
    /// The value of `payouts_enabled` in `previous_attributes`, if any.
    pub previous: Option<bool>,
}

impl StripeEvent<'_> {
    /// The event, signed at `at_s` seconds since the epoch. It also has a signature of a scheme that is not in use.
    #[must_use]
    pub fn sign(&self, secret: &str, at_s: i64) -> SignedEvent {
        let previous = self
            .previous
            .map_or(json!({}), |was| json!({"payouts_enabled": was}));
        let body = json!({
            "id": self.id, "object": "event", "type": "account.updated", "account": self.account,
            "api_version": "2025-03-31.basil", "created": self.created, "livemode": false, "pending_webhooks": 1,
            "data": {
                "object": {
                    "id": self.account, "object": "account",
                    "charges_enabled": true, "details_submitted": true, "payouts_enabled": self.payouts_enabled,
                },
                "previous_attributes": previous,
            },
        })
        .to_string();
        let v1 = hex::encode(hmac(secret, &format!("{at_s}.{body}")));
        SignedEvent {
            path: "/integrations/stripe/webhook",
            headers: vec![("Stripe-Signature", format!("t={at_s},v1={v1},v0=ignored"))],
            body,
        }
    }
}

/// Middesk's `business.updated`.
#[derive(Debug, Clone, Copy)]
pub struct MiddeskEvent<'a> {
    /// The event id.
    pub id: &'a str,
    /// The creditor id, which Middesk stores as `external_id`.
    pub creditor: &'a str,
    /// The status of the business, e.g. `approved`.
    pub status: &'a str,
    /// When the event was created, in RFC 3339.
    pub created_at: &'a str,
}

impl MiddeskEvent<'_> {
    /// The signed event.
    #[must_use]
    pub fn sign(&self, secret: &str) -> SignedEvent {
        let body = json!({
            "object": "event", "id": self.id, "type": "business.updated", "created_at": self.created_at,
            "data": {"object": {
                "object": "business", "id": format!("business-of-{}", self.creditor),
                "external_id": self.creditor, "status": self.status,
            }},
        })
        .to_string();
        SignedEvent {
            path: "/integrations/middesk/webhook",
            headers: vec![("X-Middesk-Signature-256", hex::encode(hmac(secret, &body)))],
            body,
        }
    }
}

/// DocuSign's `envelope-completed`: all parties have signed the agreement.
#[derive(Debug, Clone, Copy)]
pub struct DocusignEvent<'a> {
    /// The envelope id.
    pub envelope: &'a str,
    /// The creditor id, in a custom field of the envelope.
    pub creditor: &'a str,
    /// When the event was generated, in RFC 3339.
    pub at: &'a str,
}

impl DocusignEvent<'_> {
    /// The signed event.
    #[must_use]
    pub fn sign(&self, key: &str) -> SignedEvent {
        let body = json!({
            "event": "envelope-completed", "apiVersion": "v2.1", "retryCount": 0, "generatedDateTime": self.at,
            "data": {"accountId": "account", "envelopeId": self.envelope, "envelopeSummary": {
                "status": "completed", "emailSubject": "Master Services Agreement",
                "customFields": {
                    "textCustomFields": [
                        {"name": "creditor_id", "value": self.creditor, "required": "true", "show": "false"},
                    ],
                    "listCustomFields": [],
                },
            }},
        })
        .to_string();
        SignedEvent {
            path: "/integrations/docusign/webhook",
            headers: vec![("X-DocuSign-Signature-1", STANDARD.encode(hmac(key, &body)))],
            body,
        }
    }
}

fn hmac(secret: &str, message: &str) -> Vec<u8> {
    // HMAC accepts keys of any length, so this never fails.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_matches_published_vector() {
        assert_eq!(
            hex::encode(hmac("It's a Secret to Everybody", "Hello, World!")),
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        );
    }

    #[test]
    fn stripe_signature_covers_the_timestamp() {
        let event = StripeEvent {
            id: "evt_1",
            account: "acct_1",
            created: 1_700_000_000,
            payouts_enabled: true,
            previous: Some(false),
        };
        let signed = event.sign("whsec_x", 1_700_000_000);
        let v1 = hex::encode(hmac("whsec_x", &format!("1700000000.{}", signed.body)));
        let expected = format!("t=1700000000,v1={v1},v0=ignored");
        assert_eq!(signed.headers, [("Stripe-Signature", expected)]);
    }
}
