//! Signed events from providers about the onboarding of a creditor.
//!
//! The routes pass on the signature headers and the raw body. They never parse the body: the platform verifies the
//! signature first.

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

/// The effect of the event.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderOutcome)]
pub(crate) struct Outcome {
    /// `applied`, `no_effect` (a duplicate, older than the current state, or not a type that we use) or `stored` (the
    /// account is not known yet; linking it replays the stored events).
    outcome: &'static str,
}

/// Passes an event to onboarding. Every accepted event gets a 2xx, so that the provider does not send it again.
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
