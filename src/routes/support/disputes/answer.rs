//! `POST /support/v1/disputes/{id}/answer`: records the answer that the debtor received.

use actors::{DisputeView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Dispute};

/// The answer to a dispute.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = AnswerDispute)]
pub(crate) struct Request {
    /// The answer that the debtor received.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 2000)]
    text: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// Answer a dispute
///
/// Records the answer that the debtor received. A dispute can be denied only after its answer is recorded.
#[utoipa::path(
    post, path = "/support/v1/disputes/{id}/answer", tag = "Support", request_body = Request,
    responses((status = 200, description = "The dispute with its answer", body = DisputeView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<Dispute>,
    Body(body): Body<Request>,
) -> Result<Json<DisputeView>, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let text = errors.required("text", body.text);
    let text = errors.text("text", text, 2_000);
    errors.unknown(&body.unknown);
    let text = errors.finish(|| text)?;
    Ok(Json(
        api.support_answer_dispute(&support.0, id.0, text).await?,
    ))
}
