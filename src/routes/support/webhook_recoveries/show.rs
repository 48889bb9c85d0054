//! `GET /support/v1/webhook-recoveries/{id}`: how far anybody's recovery is.

use actors::{PartnerApi, RecoveryView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{PathId, Support, path_id::Recovery};

/// Show any creditor's recovery
#[utoipa::path(
    get, path = "/support/v1/webhook-recoveries/{id}", tag = "Support",
    responses((status = 200, description = "The recovery as it stands", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<Recovery>,
) -> Result<Json<RecoveryView>, PartnerError> {
    Ok(Json(api.support_recovery(&support.0, id.0).await?))
}
