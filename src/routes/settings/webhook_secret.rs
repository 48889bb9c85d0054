//! `GET /v1/settings/webhook-secret`: what deliveries are signed with.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::Caller;
use crate::routes::respond;

/// The signing secret of the webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct Answer {
    /// Give it to your Standard Webhooks verifier as it is.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When it was made.
    created_at: String,
}

/// Webhook signing secret
///
/// Needs a signed-in session: an API key cannot read it.
#[utoipa::path(
    get, path = "/v1/settings/webhook-secret", tag = "Webhooks",
    responses((status = 200, description = "The secret", body = Answer))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Response, PartnerError> {
    let view = api.webhook_secret(&caller.0).await?;
    let answer = Answer {
        secret: view.secret.expose_secret().to_owned(),
        created_at: view.created_at,
    };
    Ok(respond::secret(StatusCode::OK, answer))
}
