//! `GET /v1/settings/webhook-recoveries/{id}`: shows the progress of a recovery.

use actors::ids::RecoveryId;
use actors::{PartnerApi, RecoveryView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};

/// Show a recovery
#[utoipa::path(
    get, path = "/v1/settings/webhook-recoveries/{id}", tag = "Webhooks",
    responses((status = 200, description = "The recovery with its current progress", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<RecoveryId>,
) -> Result<Json<RecoveryView>, PartnerError> {
    Ok(Json(api.webhook_recovery(&caller.0, id.0).await?))
}
