//! `GET /v1/settings/webhook-endpoints/{id}`: shows a webhook endpoint.

use actors::ids::EndpointId;
use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};

/// Show a webhook endpoint
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 200, description = "The endpoint", body = EndpointView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
) -> Result<Json<EndpointView>, PartnerError> {
    Ok(Json(api.webhook_endpoint(&caller.0, id.0).await?))
}
