//! `DELETE /v1/settings/webhook-endpoints/{id}`: removes a webhook endpoint.

use actors::PartnerApi;
use actors::ids::EndpointId;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};

/// Remove a webhook endpoint
///
/// Pending deliveries to the endpoint are cancelled. Its delivery log is kept.
#[utoipa::path(
    delete, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
) -> Result<StatusCode, PartnerError> {
    api.remove_webhook_endpoint(&caller.0, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
