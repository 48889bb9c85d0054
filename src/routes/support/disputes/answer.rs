//! `POST /support/v1/disputes/{id}/answer`: the answer to the debtor, for the record.

use actors::{DisputeView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Dispute};

/// What the debtor was told.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = AnswerDispute)]
pub(crate) struct Request {
    /// The answer on record.
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
/// Without an answer on record a dispute cannot be denied.
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
