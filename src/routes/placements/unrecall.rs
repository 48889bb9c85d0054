//! `POST /v1/placements/{id}/unrecall`: undoes a recall.

use actors::{PartnerApi, PlacementView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey, PathId, path_id::Placement};
use crate::routes::respond;

/// Undo a recall
///
/// Restores the status from before the recall. Works within 7 days, and only if you recalled the placement yourself.
#[utoipa::path(
    post, path = "/v1/placements/{id}/unrecall", tag = "Placements", params(IdempotencyHeader),
    responses(
        (status = 200, description = "The placement after the change", body = PlacementView),
        (status = 403, description = "`account_suspended`, `account_rejected`"),
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
    let placement = api.unrecall(&caller.0, id.0, key.0).await?;
    Ok(respond::replayable(StatusCode::OK, placement))
}
