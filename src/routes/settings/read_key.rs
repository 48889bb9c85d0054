//! Routes of the read-only API key, e.g. for a data warehouse.

use actors::{KeyKind, KeysView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;

use super::api_key::Networks;
use crate::error::Result;
use crate::extract::{Body, Caller, NoBody};
use crate::routes::creditors::api_key::Answer;
use crate::routes::respond;

/// Issue or rotate the read-only key
///
/// Issues a key that can only read, e.g. for a data warehouse. A creditor has at most one read-only key; the previous
/// one stops at once. The new key is shown once. `Idempotency-Key` is ignored.
#[utoipa::path(
    post, path = "/v1/settings/read-key/rotate", tag = "API keys",
    responses(
        (status = 201, description = "The new key; it cannot be shown again", body = Answer),
        (status = 403, description = "`dashboard_session_required`, or `support_required` if support has revoked the keys"),
        (status = 409, description = "`gates_pending` if the full-access key has not been issued yet"),
    )
)]
pub(crate) async fn rotate(caller: Caller, _body: NoBody) -> Result<Response> {
    let key = caller.rotate_read_key().await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}

/// Revoke the read-only key
///
/// The next request with this key gets 401.
#[utoipa::path(
    delete, path = "/v1/settings/read-key", tag = "API keys",
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`not_found`: there is no read-only key"),
    )
)]
pub(crate) async fn delete(caller: Caller) -> Result<StatusCode> {
    caller.revoke_read_key().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restrict the read-only key to IP networks
///
/// Works like `PUT /v1/settings/api-key/allowed-networks`, but for the read-only key.
#[utoipa::path(
    put, path = "/v1/settings/read-key/allowed-networks", tag = "API keys", request_body = Networks,
    responses(
        (status = 200, description = "The keys after the change", body = KeysView),
        (status = 404, description = "`not_found`: there is no read-only key"),
    )
)]
pub(crate) async fn allowed_networks(
    caller: Caller,
    body: Body<Networks>,
) -> Result<Json<KeysView>> {
    let networks = body.networks()?;
    let keys = caller.set_allowed_networks(KeyKind::ReadOnly, networks);
    Ok(Json(keys.await?))
}
