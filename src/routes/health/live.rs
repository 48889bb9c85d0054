//! `GET /health`: reports that the process is alive.

use axum::Json;
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
pub(crate) async fn handle() -> Json<Answer> {
    Json(Answer { status: "ok" })
}
