//! `GET /health`: the process answers.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Live)]
pub(crate) struct Answer {
    /// Always `ok`.
    pub(crate) status: &'static str,
}

/// Liveness
///
/// Touches nothing but the process itself.
#[utoipa::path(
    get, path = "/health", tag = "Server",
    responses((status = 200, description = "The process answers", body = Answer))
)]
pub(crate) async fn handle() -> Json<Answer> {
    Json(Answer { status: "ok" })
}
