//! Support routes of disputes.

use actors::DisputeView;
use actors::ids::DisputeId;
use axum::Json;

use crate::error::Result;
use crate::extract::{Body, PathId, Support, request_body};

request_body! {
    /// The answer to a dispute.
    pub(crate) struct AnswerDispute {
        /// The answer that the debtor received.
        #[schema(max_length = 2000)]
        required text: String,
    }
}

/// Answer a dispute
///
/// Records the answer that the debtor received. A dispute can be denied only after its answer is recorded.
#[utoipa::path(
    post, path = "/support/v1/disputes/{id}/answer", tag = "Support", request_body = AnswerDispute,
    responses((status = 200, description = "The dispute with its answer", body = DisputeView))
)]
pub(crate) async fn answer(
    support: Support,
    id: PathId<DisputeId>,
    body: Body<AnswerDispute>,
) -> Result<Json<DisputeView>> {
    let (body, mut errors) = body.read();
    let text = errors.prose("text", body.text, 2_000);
    let text = errors.finish(|| text)?;
    Ok(Json(support.answer_dispute(id.0, text).await?))
}
