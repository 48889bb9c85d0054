//! Signed events of Stripe, Middesk and DocuSign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::Http;
use super::http::Answer;

pub(crate) const STRIPE_SECRET: &str = "stripe-endpoint-secret";
pub(crate) const MIDDESK_SECRET: &str = "middesk-webhook-secret";
pub(crate) const DOCUSIGN_KEY: &str = "docusign-hmac-key";

fn mac(key: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    parts
        .iter()
        .fold(mac, hmac::Mac::chain_update)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// The current time, in seconds since the epoch.
pub(crate) fn now_s() -> i64 {
    actors::clock::Clock::system().now_ms() / 1_000
}

/// Stripe's `account.updated`. `previous` is the value of `payouts_enabled` in `previous_attributes`, if any.
pub(crate) struct StripeEvent<'a> {
    pub(crate) id: &'a str,
    pub(crate) account: &'a str,
    pub(crate) created: i64,
    pub(crate) payouts_enabled: bool,
    pub(crate) previous: Option<bool>,
}

impl StripeEvent<'_> {
    pub(crate) fn body(&self) -> String {
        let previous = self
            .previous
            .map_or(json!({}), |was| json!({"payouts_enabled": was}));
        json!({
            "id": self.id, "object": "event", "type": "account.updated", "account": self.account,
            "created": self.created, "livemode": false,
            "data": {"object": {"id": self.account, "payouts_enabled": self.payouts_enabled}, "previous_attributes": previous},
        })
        .to_string()
    }

    pub(crate) async fn send(&self, http: &Http) -> Answer {
        let body = self.body();
        let at = now_s();
        let signature = hex::encode(mac(
            STRIPE_SECRET,
            &[at.to_string().as_bytes(), b".", body.as_bytes()],
        ));
        let header = format!("t={at},v1={signature},v0=ignored");
        http.post_raw(
            "/integrations/stripe/webhook",
            body,
            &[("Stripe-Signature", &header)],
        )
        .await
    }
}

/// Sends Middesk's `business.updated`.
pub(crate) async fn middesk(
    http: &Http,
    id: &str,
    creditor: &str,
    status: &str,
    created_at: &str,
) -> Answer {
    let body = json!({
        "object": "event", "id": id, "type": "business.updated", "created_at": created_at,
        "data": {"object": {"object": "business", "external_id": creditor, "status": status}},
    })
    .to_string();
    let signature = hex::encode(mac(MIDDESK_SECRET, &[body.as_bytes()]));
    http.post_raw(
        "/integrations/middesk/webhook",
        body,
        &[("X-Middesk-Signature-256", &signature)],
    )
    .await
}

/// Sends DocuSign's `envelope-completed`. The first of its two signature headers is invalid.
pub(crate) async fn docusign(http: &Http, envelope: &str, creditor: &str, at: &str) -> Answer {
    let body = json!({
        "event": "envelope-completed", "generatedDateTime": at,
        "data": {"envelopeId": envelope, "envelopeSummary": {"customFields": {"textCustomFields": [
            {"name": "creditor_id", "value": creditor},
        ]}}},
    })
    .to_string();
    let signature = STANDARD.encode(mac(DOCUSIGN_KEY, &[body.as_bytes()]));
    let headers = [
        ("X-DocuSign-Signature-1", "bm90IHRoaXMgb25l"),
        ("X-DocuSign-Signature-2", signature.as_str()),
    ];
    http.post_raw("/integrations/docusign/webhook", body, &headers)
        .await
}
