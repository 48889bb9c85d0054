//! Rejects new requests during shutdown.
//!
//! The published client retries a 503 but never a refused connection. Therefore the listener stays open for a moment
//! and answers 503. Never affects a request that has already started.

use actors::ApiError;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app_state::Draining;
use crate::error::PartnerError;

/// The response 503 `shutting_down` if draining has begun, otherwise `None`.
pub(crate) fn refusal(draining: &Draining) -> Option<Response> {
    if !draining.has_begun() {
        return None;
    }
    let close = [(header::CONNECTION, "close")];
    Some((close, PartnerError::from(ApiError::ShuttingDown)).into_response())
}
