//! `POST /v1/settings/api-key/rotate`: issues a new API key. The old key keeps working for an overlap.

use actors::PartnerApi;
use actors::domain::key_rotation::{OVERLAP_DEFAULT_HOURS, OVERLAP_MAX_HOURS};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, FieldErrors, request_body};
use crate::routes::creditors::api_key::reveal::Answer;
use crate::routes::respond;

request_body! {
    /// Options of a key rotation.
    #[schema(as = Rotation)]
    pub(crate) struct Request => Values {
        /// Hours for which the old key keeps working. With 0 every older key stops at once, retiring keys included.
        #[schema(minimum = 0, maximum = 168, default = 24)]
        optional overlap_hours: u32,
    }
}

/// Validates the overlap of a rotation, in hours.
pub(crate) fn overlap(errors: &mut FieldErrors, hours: Option<u32>, default: u32) -> Option<u32> {
    let hours = hours.unwrap_or(default);
    errors.check("overlap_hours", Some(hours), |hours| {
        if hours <= OVERLAP_MAX_HOURS {
            Ok(hours)
        } else {
            Err(format!(
                "must be a whole number from 0 to {OVERLAP_MAX_HOURS}"
            ))
        }
    })
}

/// Rotate the API key
///
/// Issues a new key and shows it once. The old key keeps working for `overlap_hours`; during this time each response to
/// it has the header `Api-Key-Expires-At`. The new key keeps the IP allowlist. At most one key can be retiring at a
/// time. A key that was never used is replaced at once, and a retiring key keeps its deadline. Otherwise wait until the
/// retiring key expires, or rotate with an overlap of 0. `Idempotency-Key` is ignored: if the response is lost, the key
/// is lost and must be rotated again.
#[utoipa::path(
    post, path = "/v1/settings/api-key/rotate", tag = "API keys", request_body = Request,
    responses(
        (status = 201, description = "The new key; it cannot be shown again", body = Answer),
        (status = 403, description = "`dashboard_session_required`, or `support_required` if support has revoked the keys"),
        (status = 409, description = "`gates_pending` if no key has been issued yet, or `rotation_in_progress`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let hours = overlap(&mut errors, body.overlap_hours, OVERLAP_DEFAULT_HOURS);
    let hours = errors.finish(|| hours)?;
    let key = api.rotate_key(&caller.0, hours).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
