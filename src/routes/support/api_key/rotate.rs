//! `POST /support/v1/creditors/{id}/api-key/rotate`: replaces the API key of a creditor.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, PathId, Support, Unknown, path_id::Creditor};
use crate::routes::creditors::api_key::reveal::Answer;
use crate::routes::respond;
use crate::routes::settings::api_key::rotate::overlap;

/// Options of a key rotation by support.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SupportRotation)]
pub(crate) struct Request {
    /// Reason for the audit log.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 500)]
    reason: Field<String>,
    /// Hours for which the old key keeps working. With 0 every older key stops at once, retiring keys included.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 168, default = 0)]
    overlap_hours: Field<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

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
    id: PathId<Creditor>,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let reason = super::super::reason(&mut errors, body.reason);
    let hours = overlap(&mut errors, body.overlap_hours, 0);
    errors.unknown(&body.unknown);
    let (reason, hours) = errors.finish(|| reason.zip(hours))?;
    let key = api
        .support_rotate_key(&support.0, id.0, reason, hours)
        .await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
