//! `POST /support/v1/creditors/{id}/api-key/revoke`: revokes every API key of a creditor.

use actors::PartnerApi;
use actors::ids::CreditorId;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The reason of a revocation.
    #[schema(as = Reason)]
    pub(crate) struct Request => Values {
        /// Reason for the audit log.
        #[schema(max_length = 500)]
        required reason: String,
    }
}

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
    id: PathId<CreditorId>,
    Body(body): Body<Request>,
) -> Result<StatusCode, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let reason = super::super::reason(&mut errors, body.reason);
    let reason = errors.finish(|| reason)?;
    api.support_revoke_key(&support.0, id.0, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
