//! `POST /v1/settings/api-key/revoke`: revokes the API key.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller};

/// Revoke the API key
///
/// The next request with this key or with a retiring key gets 401. The read-only key keeps working. To get a new key,
/// call `POST /v1/settings/api-key/rotate`.
#[utoipa::path(
    post, path = "/v1/settings/api-key/revoke", tag = "API keys",
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`not_found`: there is no active key"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    body: Body<NoFields>,
) -> Result<StatusCode, PartnerError> {
    body.nothing()?;
    api.revoke_key(&caller.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
