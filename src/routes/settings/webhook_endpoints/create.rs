//! `POST /v1/settings/webhook-endpoints`: adds a webhook endpoint.

use actors::{EndpointView, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Request;
use crate::error::PartnerError;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey};
use crate::routes::respond;

/// Add a webhook endpoint
///
/// The endpoint gets its own signing secret; read it with `GET /v1/settings/webhook-endpoints/{id}/secret`. A creditor
/// can have at most ten endpoints.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints", tag = "Webhooks", params(IdempotencyHeader), request_body = Request,
    responses(
        (status = 201, description = "The endpoint", body = EndpointView),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    key: OptionalKey,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let change = body.change(true)?;
    let endpoint = api.create_webhook_endpoint(&caller.0, change, key.0);
    Ok(respond::replayable(StatusCode::CREATED, endpoint.await?))
}
