//! `POST /v1/settings/api-key/rotate`: a new key, while the old one still works for a while.

use actors::PartnerApi;
use actors::domain::key_rotation::{OVERLAP_DEFAULT_HOURS, OVERLAP_MAX_HOURS};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Caller, Field, FieldErrors, Unknown};
use crate::routes::creditors::api_key::reveal::Answer;
use crate::routes::respond;

/// How long the old key goes on working.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = Rotation)]
pub(crate) struct Request {
    /// Hours; with 0 every older key ends at once, a retiring one too.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 168, default = 24)]
    overlap_hours: Field<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// The overlap of a rotation.
pub(crate) fn overlap(errors: &mut FieldErrors, hours: Field<u32>, default: u32) -> Option<u32> {
    let hours = errors.optional("overlap_hours", hours).unwrap_or(default);
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
/// Mints a new key and shows it once; the old one works for `overlap_hours` more and says on each response when it stops
/// (`Api-Key-Expires-At`). The new key may be used from the same networks. At most one key is retiring at a time: a key that
/// was never used is replaced at once and the retiring one keeps its deadline; otherwise wait, or rotate with an overlap of 0.
/// Ignores `Idempotency-Key`: an answer that got lost is a lost key, to be rotated again.
#[utoipa::path(
    post, path = "/v1/settings/api-key/rotate", tag = "API keys", request_body = Request,
    responses(
        (status = 201, description = "The new key, never to be shown again", body = Answer),
        (status = 403, description = "`dashboard_session_required`, or `support_required` after support has revoked the keys"),
        (status = 409, description = "`gates_pending` before the first key was issued, `rotation_in_progress`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let hours = overlap(&mut errors, body.overlap_hours, OVERLAP_DEFAULT_HOURS);
    errors.unknown(&body.unknown);
    let hours = errors.finish(|| hours)?;
    let key = api.rotate_key(&caller.0, hours).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
