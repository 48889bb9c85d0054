//! The route of the OpenAPI document.

use axum::http::header;
use axum::response::IntoResponse;

/// OpenAPI document
#[utoipa::path(
    get, path = "/openapi.json", tag = "Server",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub(crate) async fn show() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        crate::openapi::text(),
    )
}
