//! `POST /v1/settings/webhook-secret/rotate`: creates a new signing secret. Older secrets also sign for an overlap.

use actors::domain::key_rotation::OVERLAP_DEFAULT_HOURS;
use actors::{ApiError, EndpointSelector, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Answer, answer};
use crate::error::PartnerError;
use crate::extract::{Body, Caller, FieldErrors, request_body};
use crate::routes::settings::api_key::rotate::overlap;

request_body! {
    /// Options of a secret rotation.
    #[schema(as = SecretRotation)]
    pub(crate) struct Request => Values {
        /// Hours for which the current secret keeps signing. With 0 every older secret stops at once.
        #[schema(minimum = 0, maximum = 168, default = 24)]
        optional overlap_hours: u32,
    }
}

impl Request {
    /// Validates the body and returns the overlap in hours.
    pub(crate) fn overlap_hours(self) -> Result<u32, ApiError> {
        let mut errors = FieldErrors::of_body();
        let body = self.read(&mut errors);
        let hours = overlap(&mut errors, body.overlap_hours, OVERLAP_DEFAULT_HOURS);
        errors.finish(|| hours)
    }
}

/// Rotate the webhook signing secret
///
/// Creates a new secret. Until an older secret stops, every delivery has one signature per secret, separated by spaces,
/// so a verifier with any of these secrets accepts it. At most five secrets sign at the same time.
#[utoipa::path(
    post, path = "/v1/settings/webhook-secret/rotate", tag = "Webhooks", request_body = Request,
    responses(
        (status = 201, description = "The new secret", body = Answer),
        (status = 409, description = "`rotation_in_progress`: five secrets sign already; wait, or rotate with an overlap of 0"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let hours = body.overlap_hours()?;
    let view = api.rotate_webhook_secret(&caller.0, EndpointSelector::Primary, hours);
    Ok(answer(StatusCode::CREATED, view.await?))
}
