//! `POST /support/v1/placements/{id}/erase-webhook-payloads`: forget what its receivers were told.

use actors::{ErasedView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Placement};

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = EraseWebhookPayloads)]
pub(crate) struct Request {
    /// For the audit log.
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
/// The contents of every event about it are erased, and what was still to be delivered of them is not sent any more. The
/// log of deliveries stays, without contents.
#[utoipa::path(
    post, path = "/support/v1/placements/{id}/erase-webhook-payloads", tag = "Support", request_body = Request,
    responses((status = 200, description = "How much was erased", body = ErasedView))
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
