//! The first API key of a creditor.

use actors::RevealedKey;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::extract::{Caller, NoBody};
use crate::routes::respond;

/// An API key in plain text. It is shown once, because the server stores only its hash.
#[derive(Serialize, ToSchema)]
#[schema(as = RevealedKey)]
pub(crate) struct Answer {
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "ca_xxxxxxxx_yyyyyyyy")]
    api_key: String,
    /// The public part of the key.
    prefix: String,
    /// When the key was issued.
    created_at: String,
    /// When the previous key stops working. Present only after a rotation with an overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
}

impl From<RevealedKey> for Answer {
    fn from(key: RevealedKey) -> Self {
        Self {
            api_key: key.api_key.expose_secret().to_owned(),
            prefix: key.prefix,
            created_at: key.created_at,
            previous_expires_at: key.previous_expires_at,
        }
    }
}

/// Reveal the API key
///
/// Shows the API key exactly once. The key is issued automatically when all three gates have passed; this call only
/// shows it. `Idempotency-Key` is ignored: if the response is lost, the key is lost and must be rotated.
#[utoipa::path(
    post, path = "/v1/creditors/me/api-key", tag = "Onboarding",
    responses(
        (status = 201, description = "The key; it cannot be shown again", body = Answer),
        (status = 409, description = "`gates_pending` with the member `pending_gates`, or `already_revealed`"),
    )
)]
pub(crate) async fn reveal(caller: Caller, _body: NoBody) -> Result<Response> {
    let key = caller.reveal_api_key().await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
