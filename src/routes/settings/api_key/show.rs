//! `GET /v1/settings/api-key`: the live keys, without a secret.

use actors::{KeysView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// The keys
///
/// The full-access key, the one that it replaced while that still works, and the read-only key: masked, with their networks
/// and when and from where they were used last. Needs a signed-in session.
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
