//! `POST /support/v1/creditors/{id}/api-key/rotate`: replaces the API key of a creditor.

use actors::PartnerApi;
use actors::ids::CreditorId;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};
use crate::routes::creditors::api_key::reveal::Answer;
use crate::routes::respond;
use crate::routes::settings::api_key::rotate::overlap;

request_body! {
    /// Options of a key rotation by support.
    #[schema(as = SupportRotation)]
    pub(crate) struct Request => Values {
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
    post, path = "/support/v1/creditors/{id}/api-key/rotate", tag = "Support", request_body = Request,
    responses(
        (status = 201, description = "The new key; it cannot be shown again", body = Answer),
        (status = 409, description = "`gates_pending` if no key has been issued yet, or `rotation_in_progress`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<CreditorId>,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let reason = super::super::reason(&mut errors, body.reason);
    let hours = overlap(&mut errors, body.overlap_hours, 0);
    let (reason, hours) = errors.finish(|| reason.zip(hours))?;
    let key = api
        .support_rotate_key(&support.0, id.0, reason, hours)
        .await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
