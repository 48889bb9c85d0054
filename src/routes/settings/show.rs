//! `GET /v1/settings`: shows the settings.

use actors::{PartnerApi, SettingsView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Show the settings
///
/// Returns the account status, defaults, webhook and tier. The API key is masked.
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
