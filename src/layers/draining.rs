//! Turns new requests away while the process leaves.
//!
//! The published client retries a 503 but never a refused connection, so for a moment the listener stays open and answers.
//! Never touches a request that has begun.

use actors::ApiError;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app_state::Draining;
use crate::error::PartnerError;

/// 503 `shutting_down` once draining has begun.
pub(crate) fn refusal(draining: &Draining) -> Option<Response> {
    if !draining.has_begun() {
        return None;
    }
    let mut response = PartnerError::from(ApiError::ShuttingDown).into_response();
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}
