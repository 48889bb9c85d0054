//! `PATCH /v1/settings/webhook-endpoints/{id}`: changes a webhook endpoint.

use actors::ids::EndpointId;
use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;

use super::Request;
use crate::error::PartnerError;
use crate::extract::{Body, Caller, PathId};

/// Change a webhook endpoint
///
/// Absent fields stay unchanged. With `paused: true` events wait; with `paused: false` they are sent. `paused: false`
/// also re-enables an endpoint that was disabled because its server responded with 410.
#[utoipa::path(
    patch, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks", request_body = Request,
    responses(
        (status = 200, description = "The endpoint after the change", body = EndpointView),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
    Body(body): Body<Request>,
) -> Result<Json<EndpointView>, PartnerError> {
    let change = body.change(false)?;
    let endpoint = api.update_webhook_endpoint(&caller.0, id.0, change);
    Ok(Json(endpoint.await?))
}
