//! Signed events from providers about the onboarding of a creditor.
//!
//! The routes pass on the signature headers and the raw body, part by part. They never parse the body: the platform
//! verifies the signature first.

use actors::{PartnerApi, Provider, ProviderOutcome};
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::connections::source_of;
use crate::error::Result;
use crate::extract::client_address;
use crate::extract::json::BodyParts;

/// The effect of the event.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderOutcome)]
pub(crate) struct Outcome {
    /// `applied`, `no_effect` (a duplicate, older than the current state, or not a type that we use) or `stored` (the
    /// account is not known yet; linking it replays the stored events).
    outcome: &'static str,
}

/// Writes a handler for each provider: `name "path" "header" Provider check`, with the documentation of the route.
/// `check` tells whether a header is a signature.
macro_rules! provider_events {
    ($($(#[$text:meta])+ $name:ident $path:literal $header:literal $provider:ident $check:expr;)+) => {$(
        $(#[$text])+
        #[utoipa::path(
            post, path = $path, tag = "Provider events",
            params(($header = String, Header, description = "Signature of the raw body, computed by the provider")),
            request_body(content = Object, description = "The event as the provider sends it", content_type = "application/json"),
            responses(
                (status = 200, description = "The event was applied or had no effect", body = Outcome),
                (status = 202, description = "The event was stored until its account is known", body = Outcome),
                (status = 403, description = "`invalid_signature`; nothing was stored"),
                (status = 503, description = "`provider_not_configured`: this server has no signing secret for the provider"),
            )
        )]
        pub(crate) async fn $name(
            api: PartnerApi,
            request: Request,
        ) -> Result<Response> {
            receive(&api, Provider::$provider, $check, request).await
        }
    )+};
}

provider_events! {
    /// Stripe Connect event
    ///
    /// Processes `account.updated` and `account.application.deauthorized`.
    stripe "/integrations/stripe/webhook" "Stripe-Signature" Stripe |name| name == "stripe-signature";

    /// Middesk event
    ///
    /// Processes `business.updated`.
    middesk "/integrations/middesk/webhook" "X-Middesk-Signature-256" Middesk |name| name == "x-middesk-signature-256";

    /// DocuSign Connect event
    ///
    /// Processes `envelope-completed`. The request may have several signature headers, numbered from 1; one of them
    /// must match.
    docusign "/integrations/docusign/webhook" "X-DocuSign-Signature-1" Docusign is_docusign_signature;
}

/// Passes an event to onboarding. Every accepted event gets a 2xx, so that the provider does not send it again.
async fn receive(
    api: &PartnerApi,
    provider: Provider,
    is_signature: impl Fn(&HeaderName) -> bool,
    request: Request,
) -> Result<Response> {
    let headers = request.headers().clone();
    let signatures: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| is_signature(name))
        .filter_map(|(_, value)| value.to_str().ok())
        .collect();
    let client = source_of(client_address(&request));
    let mut receiver = api.receive_provider_event(provider, &signatures, client)?;
    let mut parts = BodyParts::of(request)?;
    while let Some(part) = parts.next().await? {
        receiver.push(&part).await?;
    }
    let (status, outcome) = match api.provider_event(receiver).await? {
        ProviderOutcome::Applied => (StatusCode::OK, "applied"),
        ProviderOutcome::NoEffect => (StatusCode::OK, "no_effect"),
        ProviderOutcome::Stored => (StatusCode::ACCEPTED, "stored"),
    };
    Ok((status, Json(Outcome { outcome })).into_response())
}

/// Whether this is a signature header: `X-DocuSign-Signature-1`, `-2`, …, one per configured HMAC key.
fn is_docusign_signature(name: &HeaderName) -> bool {
    let number = name.as_str().strip_prefix("x-docusign-signature-");
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_numbered_signature_headers_match() {
        for (name, expected) in [
            ("x-docusign-signature-1", true),
            ("x-docusign-signature-12", true),
            ("x-docusign-signature-", false),
            ("x-docusign-signature-x", false),
        ] {
            assert_eq!(
                is_docusign_signature(&HeaderName::from_static(name)),
                expected,
                "{name}"
            );
        }
    }
}
