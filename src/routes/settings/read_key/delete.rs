//! `DELETE /v1/settings/read-key`: revokes the read-only key.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::Caller;

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
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<StatusCode, PartnerError> {
    api.revoke_read_key(&caller.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
