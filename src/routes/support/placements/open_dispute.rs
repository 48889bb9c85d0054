//! `POST /support/v1/placements/{id}/dispute`: opens a dispute for the debtor.

use actors::{DisputeView, PartnerApi};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Placement};

/// The dispute of a debtor.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = OpenDispute)]
pub(crate) struct Request {
    /// Reason in the words of the debtor.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 2000)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

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
    id: PathId<Placement>,
    Body(body): Body<Request>,
) -> Result<(StatusCode, Json<DisputeView>), PartnerError> {
    let mut errors = FieldErrors::of_body();
    let reason = errors.required("reason", body.reason);
    let reason = errors.text("reason", reason, 2_000);
    errors.unknown(&body.unknown);
    let reason = errors.finish(|| reason)?;
    let dispute = api.support_open_dispute(&support.0, id.0, reason).await?;
    Ok((StatusCode::CREATED, Json(dispute)))
}
