//! Routes of the secret that signs webhook deliveries.

pub(crate) mod rotate;
pub(crate) mod show;

use actors::WebhookSecretView;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::respond;

/// A webhook signing secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct Answer {
    /// The secret. Pass it to your Standard Webhooks library unchanged.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When the secret was created.
    created_at: String,
    /// Until when the previous secret also signs. Null if it no longer signs.
    previous_expires_at: Option<String>,
}

/// Responds with a secret and forbids caches to store it.
pub(crate) fn answer(status: StatusCode, view: WebhookSecretView) -> Response {
    let answer = Answer {
        secret: view.secret.expose_secret().to_owned(),
        created_at: view.created_at,
        previous_expires_at: view.previous_expires_at,
    };
    respond::secret(status, answer)
}
