//! `POST /support/v1/disputes/{id}/answer`: records the answer that the debtor received.

use actors::ids::DisputeId;
use actors::{DisputeView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The answer to a dispute.
    #[schema(as = AnswerDispute)]
    pub(crate) struct Request => Values {
        /// The answer that the debtor received.
        #[schema(max_length = 2000)]
        required text: String,
    }
}

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
    id: PathId<DisputeId>,
    Body(body): Body<Request>,
) -> Result<Json<DisputeView>, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let text = errors.text("text", body.text, 2_000);
    let text = errors.finish(|| text)?;
    Ok(Json(
        api.support_answer_dispute(&support.0, id.0, text).await?,
    ))
}
