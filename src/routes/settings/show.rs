//! `GET /v1/settings`.

use actors::{PartnerApi, SettingsView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Settings
///
/// The account's state, defaults, webhook and tier. The key is shown only as a mask.
#[utoipa::path(
    get, path = "/v1/settings", tag = "Settings",
    responses((status = 200, description = "The settings", body = SettingsView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<SettingsView>, PartnerError> {
    Ok(Json(api.settings(&caller.0).await?))
}
