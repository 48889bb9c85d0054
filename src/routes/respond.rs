//! Responses that need headers in addition to a JSON body.
//!
//! Owns these headers. Never chooses a status: the route does.

use actors::Replayable;
use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Responds with the result. A result that is replayed for an idempotency key gets the header `Idempotent-Replayed`.
pub(super) fn replayable<T: Serialize>(status: StatusCode, answer: Replayable<T>) -> Response {
    let replayed = answer.replayed.then_some([(REPLAYED, "true")]);
    (status, replayed, Json(answer.value)).into_response()
}

/// Responds with a secret and forbids caches to store it.
pub(super) fn secret<T: Serialize>(status: StatusCode, answer: T) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (status, no_store, Json(answer)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replay_sets_its_header_and_keeps_its_status() {
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
