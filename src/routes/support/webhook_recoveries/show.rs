//! `GET /support/v1/webhook-recoveries/{id}`: shows the progress of a recovery of any creditor.

use actors::ids::RecoveryId;
use actors::{PartnerApi, RecoveryView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{PathId, Support};

/// Show a recovery of any creditor
#[utoipa::path(
    get, path = "/support/v1/webhook-recoveries/{id}", tag = "Support",
    responses((status = 200, description = "The recovery with its current progress", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<RecoveryId>,
) -> Result<Json<RecoveryView>, PartnerError> {
    Ok(Json(api.support_recovery(&support.0, id.0).await?))
}
