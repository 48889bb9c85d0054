//! The few shapes that answers have beyond plain JSON.
//!
//! Owns the headers that belong to a shape. Never a status that a route does not choose.

use actors::Replayable;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What was done, or what had been done before under the same idempotency key.
pub(super) fn replayable<T: Serialize>(status: StatusCode, answer: Replayable<T>) -> Response {
    let mut response = (status, Json(answer.value)).into_response();
    if answer.replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// An answer with a secret in it: shown once, kept by nobody on the way.
pub(super) fn secret<T: Serialize>(status: StatusCode, answer: T) -> Response {
    (
        status,
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        Json(answer),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_says_so_and_keeps_its_status() {
        let replay = replayable(
            StatusCode::CREATED,
            Replayable {
                value: 1,
                replayed: true,
            },
        );
        assert_eq!(
            (replay.status(), replay.headers().get(REPLAYED).is_some()),
            (StatusCode::CREATED, true)
        );
        let first = replayable(
            StatusCode::CREATED,
            Replayable {
                value: 1,
                replayed: false,
            },
        );
        assert!(first.headers().get(REPLAYED).is_none());
    }
}
