//! Sends signed events of Stripe, Middesk and DocuSign.

use test_support::provider_events::{DocusignEvent, MiddeskEvent, SignedEvent, StripeEvent};

use super::{Http, Response};

pub(crate) const STRIPE_SECRET: &str = "stripe-endpoint-secret";
pub(crate) const MIDDESK_SECRET: &str = "middesk-webhook-secret";
pub(crate) const DOCUSIGN_KEY: &str = "docusign-hmac-key";

pub(crate) async fn stripe(http: &Http, event: &StripeEvent<'_>) -> Response {
    let now_s = actors::clock::Clock::system().now_ms() / 1_000;
    send(http, event.sign(STRIPE_SECRET, now_s)).await
}

pub(crate) async fn middesk(http: &Http, event: &MiddeskEvent<'_>) -> Response {
    send(http, event.sign(MIDDESK_SECRET)).await
}

/// Sends the event with two signature headers, of which the first is invalid.
pub(crate) async fn docusign(http: &Http, event: &DocusignEvent<'_>) -> Response {
    let mut signed = event.sign(DOCUSIGN_KEY);
    signed.headers[0].0 = "X-DocuSign-Signature-2";
    let invalid = ("X-DocuSign-Signature-1", "bm90IHRoaXMgb25l".to_owned());
    signed.headers.insert(0, invalid);
    send(http, signed).await
}

async fn send(http: &Http, event: SignedEvent) -> Response {
    let headers: Vec<_> = event
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    http.post_raw(event.path, event.body, &headers).await
}
