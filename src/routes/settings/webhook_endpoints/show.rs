//! `GET /v1/settings/webhook-endpoints/{id}`: shows a webhook endpoint.

use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId, path_id::Endpoint};

/// Show a webhook endpoint
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 200, description = "The endpoint", body = EndpointView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<Endpoint>,
) -> Result<Json<EndpointView>, PartnerError> {
    Ok(Json(api.webhook_endpoint(&caller.0, id.0).await?))
}
