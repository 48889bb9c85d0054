//! `POST /v1/placements/{id}/recall`: takes a placement back.

use actors::{PartnerApi, PlacementView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey, PathId, path_id::Placement};
use crate::routes::respond;

/// Recall a placement
///
/// Takes the placement back and stops all work on it at once. You can undo the recall within 7 days.
#[utoipa::path(
    post, path = "/v1/placements/{id}/recall", tag = "Placements", params(IdempotencyHeader),
    responses(
        (status = 200, description = "The placement after the change", body = PlacementView),
        (status = 409, description = "`invalid_transition`, `idempotency_in_progress`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<Placement>,
    key: OptionalKey,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let placement = api.recall(&caller.0, id.0, key.0).await?;
    Ok(respond::replayable(StatusCode::OK, placement))
}
