//! `POST /integrations/middesk/webhook`: receives events about the know-your-business review.

use actors::{PartnerApi, Provider};
use axum::extract::{Request, State};
use axum::response::Response;

use super::Outcome;
use crate::error::PartnerError;
use crate::extract::json;

/// Middesk event
///
/// Processes `business.updated`.
#[utoipa::path(
    post, path = "/integrations/middesk/webhook", tag = "Provider events",
    params(("X-Middesk-Signature-256" = String, Header, description = "Signature of the raw body, computed by the provider")),
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
        Provider::Middesk,
        &headers,
        |name| name == "x-middesk-signature-256",
        &body,
    )
    .await
}
