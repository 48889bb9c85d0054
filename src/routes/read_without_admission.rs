//! `GET /bench/{creditor}/placements/{id}`: the same read as `GET /v1/placements/{id}` without admission, to measure it against.
//!
//! Exists in builds with the feature `bench` alone.

use actors::{AuthenticatedTenant, PartnerApi, PlacementView};
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use uuid::Uuid;

use crate::app_state::AppState;
use crate::error::PartnerError;

/// The route, beside the table: no build that serves anyone has it.
pub(crate) fn unguarded() -> Router<AppState> {
    Router::new().route("/bench/{creditor}/placements/{id}", get(handle))
}

async fn handle(
    State(api): State<PartnerApi>,
    Path((creditor, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<PlacementView>, PartnerError> {
    let tenant = AuthenticatedTenant::unproven(creditor);
    Ok(Json(api.placement(&tenant, id).await?))
}
