//! `POST /v1/settings/webhook-endpoints/{id}/test`: sends a test event to an endpoint.

use actors::ids::EndpointId;
use actors::{PartnerApi, TestEventView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey, PathId};
use crate::routes::respond;

/// Send a test event to an endpoint
///
/// Works like `POST /v1/settings/webhook-deliveries/test`, but for one endpoint. You can also test a paused endpoint.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints/{id}/test", tag = "Webhooks", params(IdempotencyHeader),
    responses(
        (status = 200, description = "The response of the receiver", body = TestEventView),
        (status = 409, description = "`endpoint_disabled`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
    key: OptionalKey,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let tested = api.send_test_webhook(&caller.0, Some(id.0), key.0).await?;
    Ok(respond::replayable(StatusCode::OK, tested))
}
