//! `GET /health/deep`: checks the database and every actor.

use actors::{HealthView, PartnerApi};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// Readiness
///
/// Checks the database and the supervision tree.
#[utoipa::path(
    get, path = "/health/deep", tag = "Server",
    responses(
        (status = 200, description = "The server is ready", body = HealthView),
        (status = 503, description = "At least one check failed", body = HealthView),
    )
)]
pub(crate) async fn handle(State(api): State<PartnerApi>) -> (StatusCode, Json<HealthView>) {
    let health = api.health().await;
    let status = if health.status == "ok" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}
