//! Support routes of a creditor's API keys.

use actors::ids::CreditorId;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::Result;
use crate::extract::{Body, PathId, Support, request_body};
use crate::routes::creditors::api_key::Answer;
use crate::routes::respond;
use crate::routes::settings::api_key::overlap;

request_body! {
    /// Options of a key rotation by support.
    pub(crate) struct SupportRotation {
        /// Reason for the audit log.
        #[schema(max_length = 500)]
        required reason: String,
        /// Hours for which the old key keeps working. With 0 every older key stops at once, retiring keys included.
        #[schema(minimum = 0, maximum = 168, default = 0)]
        optional overlap_hours: u32,
    }
}

/// Rotate the API key of a creditor
///
/// Issues a new key and shows it once. The audit log records `creditor.api_key_issued`.
#[utoipa::path(
    post, path = "/support/v1/creditors/{id}/api-key/rotate", tag = "Support", request_body = SupportRotation,
    responses(
        (status = 201, description = "The new key; it cannot be shown again", body = Answer),
        (status = 409, description = "`gates_pending` if no key has been issued yet, or `rotation_in_progress`"),
    )
)]
pub(crate) async fn rotate(
    support: Support,
    id: PathId<CreditorId>,
    body: Body<SupportRotation>,
) -> Result<Response> {
    let (body, mut errors) = body.read();
    let reason = super::reason(&mut errors, body.reason);
    let hours = overlap(&mut errors, body.overlap_hours, 0);
    let (reason, hours) = errors.finish(|| reason.zip(hours))?;
    let key = support.rotate_key(id.0, reason, hours).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}

request_body! {
    /// The reason of a revocation.
    pub(crate) struct Reason {
        /// Reason for the audit log.
        #[schema(max_length = 500)]
        required reason: String,
    }
}

/// Revoke the API keys of a creditor
///
/// The next request with any of the keys gets 401. After that only support can issue a new key.
#[utoipa::path(
    post, path = "/support/v1/creditors/{id}/api-key/revoke", tag = "Support", request_body = Reason,
    responses((status = 204, description = "Revoked"))
)]
pub(crate) async fn revoke(
    support: Support,
    id: PathId<CreditorId>,
    body: Body<Reason>,
) -> Result<StatusCode> {
    let (body, mut errors) = body.read();
    let reason = super::reason(&mut errors, body.reason);
    let reason = errors.finish(|| reason)?;
    support.revoke_keys(id.0, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
