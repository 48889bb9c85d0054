//! Sandbox routes with which a developer advances a placement as operations would.

use actors::ids::PlacementId;
use actors::{Mode, PlacementView, TransitionRequest};
use axum::Json;
use axum::extract::State;

use crate::app_state::AppState;
use crate::error::{HttpError, Result};
use crate::extract::{Body, Caller, PathId, request_body};

request_body! {
    /// The next status of a placement.
    pub(crate) struct Advance {
        /// The new status: one that operations could report next.
        #[schema(example = "ready")]
        required to: String,
    }
}

/// Advance a placement (sandbox)
///
/// Changes the status of a placement by one step, as operations would in production. This route exists in the sandbox
/// only.
#[utoipa::path(
    post, path = "/v1/test/placements/{id}/advance", tag = "Sandbox", request_body = Advance,
    responses(
        (status = 200, description = "The placement after the step", body = PlacementView),
        (status = 409, description = "`invalid_transition`"),
    )
)]
pub(crate) async fn advance(
    State(state): State<AppState>,
    caller: Caller,
    id: PathId<PlacementId>,
    body: Body<Advance>,
) -> Result<Json<PlacementView>> {
    if state.mode != Mode::Sandbox {
        return Err(HttpError::UnknownRoute {
            detail: "test routes exist in the sandbox only".into(),
        }
        .into());
    }
    let (body, mut errors) = body.read();
    let to = errors.variant("to", body.to);
    let request = errors.finish(|| {
        Some(TransitionRequest {
            placement_id: id.0,
            to: to?,
            reason: None,
        })
    })?;
    Ok(Json(caller.advance_placement(request).await?))
}
