//! `POST /v1/settings/read-key/rotate`: issues or replaces the read-only key.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller};
use crate::routes::creditors::api_key::reveal::Answer;
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
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let key = api.rotate_read_key(&caller.0).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}
