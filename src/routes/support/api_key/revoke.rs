//! `POST /support/v1/creditors/{id}/api-key/revoke`: revokes every API key of a creditor.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Creditor};

/// The reason of a revocation.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct Request {
    /// Reason for the audit log.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 500)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// Revoke the API keys of a creditor
///
/// The next request with any of the keys gets 401. After that only support can issue a new key.
#[utoipa::path(
    post, path = "/support/v1/creditors/{id}/api-key/revoke", tag = "Support", request_body = Request,
    responses((status = 204, description = "Revoked"))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<Creditor>,
    Body(body): Body<Request>,
) -> Result<StatusCode, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let reason = super::super::reason(&mut errors, body.reason);
    errors.unknown(&body.unknown);
    let reason = errors.finish(|| reason)?;
    api.support_revoke_key(&support.0, id.0, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
