//! `POST /v1/settings/webhook-deliveries/test`: sends a test event.

use actors::{PartnerApi, TestEventView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey};
use crate::routes::respond;

/// Send a test event
///
/// Sends `webhook.test` to the creditor's webhook at once and returns the response of the receiver. The event filter,
/// the order, the throttle and an open circuit do not apply. If the response is not a 2xx, the event is retried like
/// any other.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/test", tag = "Webhooks", params(IdempotencyHeader),
    responses(
        (status = 200, description = "The response of the receiver", body = TestEventView),
        (status = 409, description = "`endpoint_disabled`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    key: OptionalKey,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let tested = api.send_test_webhook(&caller.0, None, key.0).await?;
    Ok(respond::replayable(StatusCode::OK, tested))
}
