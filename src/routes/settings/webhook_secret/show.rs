//! `GET /v1/settings/webhook-secret`: shows the webhook signing secret.

use actors::{EndpointSelector, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Answer, answer};
use crate::error::PartnerError;
use crate::extract::Caller;

/// Show the webhook signing secret
///
/// Returns the newest secret. Needs a signed-in session; an API key cannot read it.
#[utoipa::path(
    get, path = "/v1/settings/webhook-secret", tag = "Webhooks",
    responses((status = 200, description = "The secret", body = Answer))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Response, PartnerError> {
    let view = api
        .webhook_secret(&caller.0, EndpointSelector::Primary)
        .await?;
    Ok(answer(StatusCode::OK, view))
}
