//! `POST /support/v1/placements/{id}/erase-webhook-payloads`: erases the webhook payloads of a placement.

use actors::ids::PlacementId;
use actors::{ErasedView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The reason of an erasure.
    #[schema(as = EraseWebhookPayloads)]
    pub(crate) struct Request => Values {
        /// Reason for the audit log.
        #[schema(max_length = 2000)]
        required reason: String,
    }
}

/// Erase a placement's webhook payloads
///
/// Erases the payload of every event about the placement. Pending deliveries of these events are not sent any more. The
/// delivery log is kept, without payloads.
#[utoipa::path(
    post, path = "/support/v1/placements/{id}/erase-webhook-payloads", tag = "Support", request_body = Request,
    responses((status = 200, description = "The number of erased payloads and of deliveries that are not sent any more", body = ErasedView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<PlacementId>,
    Body(body): Body<Request>,
) -> Result<Json<ErasedView>, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let reason = errors.text("reason", body.reason, 2_000);
    let reason = errors.finish(|| reason)?;
    Ok(Json(
        api.support_erase_payloads(&support.0, id.0, reason).await?,
    ))
}
