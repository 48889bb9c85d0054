//! `GET /v1/settings/api-key`: shows the active keys without their secrets.

use actors::{KeysView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Show the API keys
///
/// Returns the full-access key, the key that it replaced while that key still works, and the read-only key. Keys are
/// masked. Each key has its IP allowlist, and the time and the client address of its last use. Needs a signed-in
/// session.
#[utoipa::path(
    get, path = "/v1/settings/api-key", tag = "API keys",
    responses((status = 200, description = "The keys", body = KeysView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<KeysView>, PartnerError> {
    Ok(Json(api.keys(&caller.0).await?))
}
