//! `POST /integrations/stripe/webhook`: receives events about payout accounts.

use actors::{PartnerApi, Provider};
use axum::extract::{Request, State};
use axum::response::Response;

use super::Outcome;
use crate::error::PartnerError;
use crate::extract::json;

/// Stripe Connect event
///
/// Processes `account.updated` and `account.application.deauthorized`.
#[utoipa::path(
    post, path = "/integrations/stripe/webhook", tag = "Provider events",
    params(("Stripe-Signature" = String, Header, description = "Signature of the raw body, computed by the provider")),
    request_body(content = Object, description = "The event as the provider sends it", content_type = "application/json"),
    responses(
        (status = 200, description = "The event was applied or had no effect", body = Outcome),
        (status = 202, description = "The event was stored until its account is known", body = Outcome),
        (status = 403, description = "`invalid_signature`; nothing was stored"),
        (status = 503, description = "`provider_not_configured`: this server has no signing secret for the provider"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    request: Request,
) -> Result<Response, PartnerError> {
    let headers = request.headers().clone();
    let body = json::read(request, &()).await?;
    super::receive(
        &api,
        Provider::Stripe,
        &headers,
        |name| name == "stripe-signature",
        &body,
    )
    .await
}
