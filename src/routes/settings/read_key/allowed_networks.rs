//! `PUT /v1/settings/read-key/allowed-networks`: replaces the IP allowlist of the read-only key.

use actors::{KeyKind, KeysView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, Caller};
use crate::routes::settings::api_key::allowed_networks::Request;

/// Restrict the read-only key to IP networks
///
/// Works like `PUT /v1/settings/api-key/allowed-networks`, but for the read-only key.
#[utoipa::path(
    put, path = "/v1/settings/read-key/allowed-networks", tag = "API keys", request_body = Request,
    responses(
        (status = 200, description = "The keys after the change", body = KeysView),
        (status = 404, description = "`not_found`: there is no read-only key"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Json<KeysView>, PartnerError> {
    let networks = body.networks()?;
    let keys = api.set_allowed_networks(&caller.0, KeyKind::ReadOnly, networks);
    Ok(Json(keys.await?))
}
