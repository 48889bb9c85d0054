//! What providers tell us about a creditor's onboarding, as they sign it.
//!
//! The routes pass on the signature headers and the raw bytes; nothing is parsed before the signature has been checked.

pub(crate) mod docusign;
pub(crate) mod middesk;
pub(crate) mod stripe;

use actors::{PartnerApi, Provider, ProviderDelivery, ProviderOutcome};
use axum::Json;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::PartnerError;

/// What became of the event.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderOutcome)]
pub(crate) struct Outcome {
    /// `applied`, `no_effect` (seen before, older than what is known, or nothing we use) or `stored` (its account is unknown
    /// yet; linking it replays what was stored).
    outcome: &'static str,
}

/// Hands an event to onboarding; whatever is accepted is a 2xx, so that the provider does not send it again.
async fn receive(
    api: &PartnerApi,
    provider: Provider,
    headers: &HeaderMap,
    is_signature: impl Fn(&HeaderName) -> bool,
    body: &[u8],
) -> Result<Response, PartnerError> {
    let signatures = headers.iter().filter(|(name, _)| is_signature(name));
    let signatures = signatures
        .filter_map(|(_, value)| value.to_str().ok())
        .collect();
    let outcome = api
        .provider_event(provider, ProviderDelivery { signatures, body })
        .await?;
    let (status, outcome) = match outcome {
        ProviderOutcome::Applied => (StatusCode::OK, "applied"),
        ProviderOutcome::NoEffect => (StatusCode::OK, "no_effect"),
        ProviderOutcome::Stored => (StatusCode::ACCEPTED, "stored"),
    };
    Ok((status, Json(Outcome { outcome })).into_response())
}
