//! `PATCH /v1/settings/webhook-endpoints/{id}`.

use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;

use super::Request;
use crate::error::PartnerError;
use crate::extract::{Body, Caller, PathId, path_id::Endpoint};

/// Change a webhook endpoint
///
/// What is absent stays as it is. `paused: true` lets its events wait, `paused: false` sends them, also after it was switched
/// off because its server answered 410.
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
    id: PathId<Endpoint>,
    Body(body): Body<Request>,
) -> Result<Json<EndpointView>, PartnerError> {
    let change = body.change(false)?;
    let endpoint = api.update_webhook_endpoint(&caller.0, id.0, change);
    Ok(Json(endpoint.await?))
}
