//! `GET /bench/{creditor}/placements/{id}`: the read of `GET /v1/placements/{id}` without admission.
//!
//! Benchmarks use it to measure the cost of admission. Exists only in builds with the feature `bench`.

use actors::ids::{CreditorId, PlacementId};
use actors::{AuthenticatedTenant, PartnerApi, PlacementView};
use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};

use crate::app_state::AppState;
use crate::error::Result;

/// The route as a router of its own. It is not in the URL table, because production builds must not contain it.
pub(crate) fn unguarded() -> Router<AppState> {
    Router::new().route("/bench/{creditor}/placements/{id}", get(handle))
}

async fn handle(
    api: PartnerApi,
    Path((creditor, id)): Path<(CreditorId, PlacementId)>,
) -> Result<Json<PlacementView>> {
    let tenant = AuthenticatedTenant::unauthenticated(creditor);
    Ok(Json(api.for_creditor(tenant).placement(id).await?))
}
