//! Routes of the secret that signs webhook deliveries.

use actors::domain::key_rotation::OVERLAP_DEFAULT_HOURS;
use actors::{ApiError, EndpointSelector, WebhookSecretView};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::api_key::overlap;
use crate::error::Result;
use crate::extract::{Body, Caller, request_body};
use crate::routes::respond;

/// A webhook signing secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookSecret {
    /// The secret. Pass it to your Standard Webhooks library unchanged.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When the secret was created.
    created_at: String,
    /// Until when the previous secret also signs. Null if it no longer signs.
    previous_expires_at: Option<String>,
}

/// Responds with a secret and forbids caches to store it.
pub(crate) fn secret_response(status: StatusCode, view: WebhookSecretView) -> Response {
    let answer = WebhookSecret {
        secret: view.secret.expose_secret().to_owned(),
        created_at: view.created_at,
        previous_expires_at: view.previous_expires_at,
    };
    respond::secret(status, answer)
}

/// Show the webhook signing secret
///
/// Returns the newest secret. Needs a signed-in session; an API key cannot read it.
#[utoipa::path(
    get, path = "/v1/settings/webhook-secret", tag = "Webhooks",
    responses(
        (status = 200, description = "The secret", body = WebhookSecret),
        (status = 404, description = "`not_found`: there is no primary webhook; set its URL first"),
    )
)]
pub(crate) async fn show(caller: Caller) -> Result<Response> {
    let view = caller.webhook_secret(EndpointSelector::Primary).await?;
    Ok(secret_response(StatusCode::OK, view))
}

request_body! {
    /// Options of a secret rotation.
    pub(crate) struct SecretRotation {
        /// Hours for which the current secret keeps signing. With 0 every older secret stops at once.
        #[schema(minimum = 0, maximum = 168, default = 24)]
        optional overlap_hours: u32,
    }
}

impl Body<SecretRotation> {
    /// Validates the body and returns the overlap in hours.
    pub(crate) fn overlap_hours(self) -> Result<u32, ApiError> {
        let (body, mut errors) = self.read();
        let hours = overlap(&mut errors, body.overlap_hours, OVERLAP_DEFAULT_HOURS);
        errors.finish(|| hours)
    }
}

/// Rotate the webhook signing secret
///
/// Creates a new secret. Until an older secret stops, every delivery has one signature per secret, separated by spaces,
/// so a verifier with any of these secrets accepts it. At most five secrets sign at the same time.
#[utoipa::path(
    post, path = "/v1/settings/webhook-secret/rotate", tag = "Webhooks", request_body = SecretRotation,
    responses(
        (status = 201, description = "The new secret", body = WebhookSecret),
        (status = 404, description = "`not_found`: there is no primary webhook; set its URL first"),
        (status = 409, description = "`rotation_in_progress`: five secrets sign already; wait, or rotate with an overlap of 0"),
    )
)]
pub(crate) async fn rotate(caller: Caller, body: Body<SecretRotation>) -> Result<Response> {
    let hours = body.overlap_hours()?;
    let view = caller.rotate_webhook_secret(EndpointSelector::Primary, hours);
    Ok(secret_response(StatusCode::CREATED, view.await?))
}
