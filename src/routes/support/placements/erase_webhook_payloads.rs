//! `POST /support/v1/placements/{id}/erase-webhook-payloads`: erases the webhook payloads of a placement.

use actors::{ErasedView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Placement};

/// The reason of an erasure.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = EraseWebhookPayloads)]
pub(crate) struct Request {
    /// Reason for the audit log.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 2000)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

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
    id: PathId<Placement>,
    Body(body): Body<Request>,
) -> Result<Json<ErasedView>, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let reason = errors.required("reason", body.reason);
    let reason = errors.text("reason", reason, 2_000);
    errors.unknown(&body.unknown);
    let reason = errors.finish(|| reason)?;
    Ok(Json(
        api.support_erase_payloads(&support.0, id.0, reason).await?,
    ))
}
