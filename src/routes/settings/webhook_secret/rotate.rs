//! `POST /v1/settings/webhook-secret/rotate`: another secret, beside which the older ones sign for a while.

use actors::domain::key_rotation::OVERLAP_DEFAULT_HOURS;
use actors::{ApiError, PartnerApi, WhichEndpoint};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Answer, answer};
use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Caller, Field, FieldErrors, Unknown};
use crate::routes::settings::api_key::rotate::overlap;

/// How long the older secrets go on signing.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SecretRotation)]
pub(crate) struct Request {
    /// Hours; with 0 every older secret stops at once.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 0, maximum = 168, default = 24)]
    overlap_hours: Field<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

impl Request {
    /// The hours, or what is wrong with them.
    pub(crate) fn overlap_hours(self) -> Result<u32, ApiError> {
        let mut errors = FieldErrors::of_body();
        let hours = overlap(&mut errors, self.overlap_hours, OVERLAP_DEFAULT_HOURS);
        errors.unknown(&self.unknown);
        errors.finish(|| hours)
    }
}

/// Rotate the webhook signing secret
///
/// Until the older secret stops, every delivery carries a signature by each, separated by a space: a verifier with either one
/// accepts it. At most five sign at the same time.
#[utoipa::path(
    post, path = "/v1/settings/webhook-secret/rotate", tag = "Webhooks", request_body = Request,
    responses(
        (status = 201, description = "The new secret", body = Answer),
        (status = 409, description = "`rotation_in_progress`: five sign already; wait, or rotate with an overlap of 0"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let hours = body.overlap_hours()?;
    let view = api.rotate_webhook_secret(&caller.0, WhichEndpoint::Primary, hours);
    Ok(answer(StatusCode::CREATED, view.await?))
}
