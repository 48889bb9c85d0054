//! Events of the three providers, in the providers' formats and with their signatures.
//!
//! Never sends anything: [`ProviderEvent::call`] returns the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::random;
use super::request::Call;

/// A signed provider event.
#[derive(Clone)]
pub(super) struct ProviderEvent {
    path: &'static str,
    header: &'static str,
    signature: String,
    body: Vec<u8>,
    says: String,
}

impl ProviderEvent {
    /// The request that delivers the event.
    pub(super) fn call(&self) -> Call<'static> {
        Call::post(self.path)
            .header(self.header, self.signature.clone())
            .bytes(self.body.clone())
            .says(self.says.clone())
            .shows(&["/outcome"])
    }
}

/// Stripe Connect: payouts were enabled for a connected account.
pub(super) fn stripe_payouts_enabled(secret: &str, account: &str, now_ms: i64) -> ProviderEvent {
    let now_s = now_ms / 1_000;
    let body = json!({
        "id": format!("evt_{}", random::hex(12)),
        "object": "event",
        "api_version": "2025-03-31.basil",
        "account": account,
        "created": now_s,
        "livemode": false,
        "pending_webhooks": 1,
        "type": "account.updated",
        "data": {
            "object": {
                "id": account, "object": "account",
                "charges_enabled": true, "details_submitted": true, "payouts_enabled": true,
            },
            "previous_attributes": {"payouts_enabled": false},
        },
    });
    let body = bytes(&body);
    let signed = [format!("{now_s}.").as_bytes(), &body].concat();
    ProviderEvent {
        path: "/integrations/stripe/webhook",
        header: "Stripe-Signature",
        signature: format!("t={now_s},v1={}", hex::encode(hmac(secret, &signed))),
        says: format!("account.updated of {account}: payouts_enabled true"),
        body,
    }
}

/// Middesk: the business verification was approved.
pub(super) fn middesk_approved(secret: &str, creditor: &str, now_ms: i64) -> ProviderEvent {
    let body = json!({
        "object": "event",
        "id": Uuid::now_v7().to_string(),
        "type": "business.updated",
        "created_at": instant(now_ms).to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {"object": {
            "object": "business", "id": Uuid::now_v7().to_string(),
            "external_id": creditor, "status": "approved",
        }},
    });
    let body = bytes(&body);
    ProviderEvent {
        path: "/integrations/middesk/webhook",
        header: "X-Middesk-Signature-256",
        signature: hex::encode(hmac(secret, &body)),
        says: "business.updated: status approved".to_owned(),
        body,
    }
}

/// DocuSign Connect: all parties have signed the agreement.
pub(super) fn docusign_completed(secret: &str, creditor: &str, now_ms: i64) -> ProviderEvent {
    let body = json!({
        "event": "envelope-completed",
        "apiVersion": "v2.1",
        "retryCount": 0,
        "generatedDateTime": instant(now_ms).format("%Y-%m-%dT%H:%M:%S%.3f0000Z").to_string(),
        "data": {
            "accountId": Uuid::now_v7().to_string(),
            "envelopeId": Uuid::now_v7().to_string(),
            "envelopeSummary": {
                "status": "completed",
                "emailSubject": "Master Services Agreement",
                "customFields": {
                    "textCustomFields": [
                        {"name": "creditor_id", "value": creditor, "required": "true", "show": "false"},
                    ],
                    "listCustomFields": [],
                },
            },
        },
    });
    let body = bytes(&body);
    ProviderEvent {
        path: "/integrations/docusign/webhook",
        header: "X-DocuSign-Signature-1",
        signature: STANDARD.encode(hmac(secret, &body)),
        says: "envelope-completed: the agreement is signed".to_owned(),
        body,
    }
}

/// The dates of an overdue invoice: `(invoice_date, due_date)`, 75 and 45 days ago.
pub(super) fn overdue(now_ms: i64) -> (String, String) {
    let days_ago = |days| {
        (instant(now_ms) - chrono::Days::new(days))
            .date_naive()
            .to_string()
    };
    (days_ago(75), days_ago(45))
}

fn instant(now_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now_ms).unwrap_or_default()
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn hmac(secret: &str, message: &[u8]) -> Vec<u8> {
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
            hex::encode(hmac("It's a Secret to Everybody", b"Hello, World!")),
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        );
    }

    #[test]
    fn stripe_signature_covers_the_timestamp() {
        let event = stripe_payouts_enabled("whsec_x", "acct_1", 1_700_000_000_123);
        let signed = [b"1700000000.".as_slice(), &event.body].concat();
        let expected = format!("t=1700000000,v1={}", hex::encode(hmac("whsec_x", &signed)));
        assert_eq!(event.signature, expected);
    }

    #[test]
    fn docusign_timestamp_has_seven_fraction_digits() {
        let event = docusign_completed("k", "c", 1_700_000_000_123);
        let body: Value = serde_json::from_slice(&event.body).unwrap();
        assert_eq!(body["generatedDateTime"], "2023-11-14T22:13:20.1230000Z");
    }

    #[test]
    fn overdue_invoice_has_past_dates() {
        let (invoiced, due) = overdue(1_700_000_000_000);
        assert_eq!(
            (invoiced.as_str(), due.as_str()),
            ("2023-08-31", "2023-09-30")
        );
    }
}
