//! `GET /v1/placements/{id}`: shows a placement.

use actors::ids::PlacementId;
use actors::{PartnerApi, PlacementView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};

/// Show a placement
#[utoipa::path(
    get, path = "/v1/placements/{id}", tag = "Placements",
    responses((status = 200, description = "The placement", body = PlacementView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<PlacementId>,
) -> Result<Json<PlacementView>, PartnerError> {
    Ok(Json(api.placement(&caller.0, id.0).await?))
}
