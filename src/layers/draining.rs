//! Turns new requests away while the process leaves.
//!
//! The published client retries a 503 but never a refused connection, so for a moment the listener stays open and answers.
//! Never touches a request that has begun.

use actors::ApiError;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::PartnerError;
use crate::state::Draining;

/// 503 `shutting_down` once draining has begun.
pub(crate) async fn refuse_new(
    State(draining): State<Draining>,
    request: Request,
    next: Next,
) -> Response {
    if !draining.has_begun() {
        return next.run(request).await;
    }
    let mut response = PartnerError::from(ApiError::ShuttingDown).into_response();
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
