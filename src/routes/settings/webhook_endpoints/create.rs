//! `POST /v1/settings/webhook-endpoints`.

use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Request;
use crate::error::PartnerError;
use crate::extract::{Body, Caller};

/// Add a webhook endpoint
///
/// It gets a signing secret of its own: `GET /v1/settings/webhook-endpoints/{id}/secret`. A creditor has at most ten.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints", tag = "Webhooks", request_body = Request,
    responses(
        (status = 201, description = "The endpoint", body = EndpointView),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<(StatusCode, Json<EndpointView>), PartnerError> {
    let change = body.change(true)?;
    let endpoint = api.create_webhook_endpoint(&caller.0, change).await?;
    Ok((StatusCode::CREATED, Json(endpoint)))
}
