//! `POST /v1/settings/api-key/revoke`: the key is nobody's any more.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller};

/// Revoke the API key
///
/// The next request with it is 401, and so is one with a retiring key. The read-only key goes on. `POST
/// /v1/settings/api-key/rotate` mints a new one.
#[utoipa::path(
    post, path = "/v1/settings/api-key/revoke", tag = "API keys",
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`not_found`: there is no live key"),
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
