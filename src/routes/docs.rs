//! The route of the documentation page.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{Html, IntoResponse};

use crate::docs_page;

/// Forbids scripts, images, fonts and frames: the page consists of text and an inline style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Documentation
///
/// Returns this documentation as one HTML page, rendered from the OpenAPI document.
#[utoipa::path(
    get, path = "/docs", tag = "Server",
    responses((status = 200, description = "One HTML page", body = String, content_type = "text/html"))
)]
pub(crate) async fn show() -> impl IntoResponse {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| docs_page::render(&crate::openapi::document()));
    (
        [(header::CONTENT_SECURITY_POLICY, POLICY)],
        Html(page.as_str()),
    )
}
