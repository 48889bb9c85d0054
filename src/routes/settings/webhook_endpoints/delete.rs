//! `DELETE /v1/settings/webhook-endpoints/{id}`.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId, path_id::Endpoint};

/// Remove a webhook endpoint
///
/// What waits for it is cancelled; its log stays.
#[utoipa::path(
    delete, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<Endpoint>,
) -> Result<StatusCode, PartnerError> {
    api.remove_webhook_endpoint(&caller.0, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
