//! `POST /v1/settings/webhook-deliveries/test`: a test event.

use actors::{PartnerApi, TestEventView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::json::Nothing;
use crate::extract::{Body, Caller};

/// Send a test event
///
/// Sends `webhook.test` to the creditor's webhook, past its event filter.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/test", tag = "Webhooks",
    responses((status = 200, description = "The test event, on its way or already answered", body = TestEventView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    body: Body<Nothing>,
) -> Result<Json<TestEventView>, PartnerError> {
    body.nothing()?;
    Ok(Json(api.send_test_webhook(&caller.0).await?))
}
