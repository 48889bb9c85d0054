//! What deliveries to the webhook are signed with.

pub(crate) mod rotate;
pub(crate) mod show;

use actors::WebhookSecretView;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::respond;

/// A signing secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct Answer {
    /// Give it to your Standard Webhooks verifier as it is.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When it was made.
    created_at: String,
    /// Until when the secret before it signs as well; null if it does not.
    previous_expires_at: Option<String>,
}

/// The answer with a secret, never to be cached.
pub(crate) fn answer(status: StatusCode, view: WebhookSecretView) -> Response {
    let answer = Answer {
        secret: view.secret.expose_secret().to_owned(),
        created_at: view.created_at,
        previous_expires_at: view.previous_expires_at,
    };
    respond::secret(status, answer)
}
