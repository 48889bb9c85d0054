//! Liveness and readiness of the server.

use actors::{HealthView, PartnerApi};
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The process is alive.
#[derive(Serialize, ToSchema)]
#[schema(as = Live)]
pub(crate) struct Answer {
    /// Always `ok`.
    pub(crate) status: &'static str,
}

/// Liveness
///
/// Checks only that the process responds. It does not use the database.
#[utoipa::path(
    get, path = "/health", tag = "Server",
    responses((status = 200, description = "The process is alive", body = Answer))
)]
pub(crate) async fn live() -> Json<Answer> {
    Json(Answer { status: "ok" })
}

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
pub(crate) async fn deep(api: PartnerApi) -> (StatusCode, Json<HealthView>) {
    let health = api.health().await;
    let status = if health.status == "ok" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}
