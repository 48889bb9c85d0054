//! `POST /v1/settings/read-key/rotate`: the read-only key, minted or replaced.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller};
use crate::routes::creditors::api_key::reveal::Answer;
use crate::routes::respond;

/// Mint or rotate the read-only key
///
/// A key that can only read, for a data warehouse; a creditor holds at most one, and the one before it ends at once. Shown
/// once. Ignores `Idempotency-Key`.
#[utoipa::path(
    post, path = "/v1/settings/read-key/rotate", tag = "API keys",
    responses(
        (status = 201, description = "The new key, never to be shown again", body = Answer),
        (status = 403, description = "`dashboard_session_required`, or `support_required` after support has revoked the keys"),
        (status = 409, description = "`gates_pending` before the full-access key was issued"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let key = api.rotate_read_key(&caller.0).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
