//! `POST /v1/test/placements/{id}/advance`: advances a placement in the sandbox.

use actors::domain::placement::PlacementStatus;
use actors::ids::PlacementId;
use actors::{Mode, PlacementView, TransitionRequest};
use axum::Json;
use axum::extract::State;

use crate::app_state::AppState;
use crate::error::{HttpError, PartnerError};
use crate::extract::{Body, Caller, FieldErrors, PathId, request_body};

request_body! {
    /// The next status of a placement.
    #[schema(as = Advance)]
    pub(crate) struct Request => Values {
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
    post, path = "/v1/test/placements/{id}/advance", tag = "Sandbox", request_body = Request,
    responses(
        (status = 200, description = "The placement after the step", body = PlacementView),
        (status = 409, description = "`invalid_transition`"),
    )
)]
pub(crate) async fn handle(
    State(state): State<AppState>,
    caller: Caller,
    id: PathId<PlacementId>,
    Body(body): Body<Request>,
) -> Result<Json<PlacementView>, PartnerError> {
    if state.mode != Mode::Sandbox {
        return Err(HttpError::UnknownRoute {
            detail: "test routes exist in the sandbox only".into(),
        }
        .into());
    }
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let to = errors.one_of(
        "to",
        body.to,
        &PlacementStatus::ALL.map(PlacementStatus::as_str),
        PlacementStatus::parse,
    );
    let request = errors.finish(|| {
        Some(TransitionRequest {
            placement_id: id.0,
            to: to?,
            reason: None,
        })
    })?;
    Ok(Json(state.api.advance_placement(&caller.0, request).await?))
}
