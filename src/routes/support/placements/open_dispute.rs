//! `POST /support/v1/placements/{id}/dispute`: opens a dispute for the debtor.

use actors::ids::PlacementId;
use actors::{DisputeView, PartnerApi};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The dispute of a debtor.
    #[schema(as = OpenDispute)]
    pub(crate) struct Request => Values {
        /// Reason in the words of the debtor.
        #[schema(max_length = 2000)]
        required reason: String,
    }
}

/// Open a dispute
///
/// Records that the debtor disputes the debt. Outreach stops at once.
#[utoipa::path(
    post, path = "/support/v1/placements/{id}/dispute", tag = "Support", request_body = Request,
    responses(
        (status = 201, description = "The dispute", body = DisputeView),
        (status = 409, description = "`invalid_transition`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<PlacementId>,
    Body(body): Body<Request>,
) -> Result<(StatusCode, Json<DisputeView>), PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let reason = errors.text("reason", body.reason, 2_000);
    let reason = errors.finish(|| reason)?;
    let dispute = api.support_open_dispute(&support.0, id.0, reason).await?;
    Ok((StatusCode::CREATED, Json(dispute)))
}
