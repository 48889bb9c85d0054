//! `POST /v1/settings/webhook-deliveries/{id}/redeliver`: sends a delivery once more.

use actors::ids::DeliveryId;
use actors::{DeliveryView, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::json::NoFields;
use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey, PathId};
use crate::routes::respond;

/// Redeliver a webhook
///
/// Sends the same event with the same `webhook-id` once more, regardless of the outcome of earlier attempts.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/{id}/redeliver", tag = "Webhooks", params(IdempotencyHeader),
    responses((status = 200, description = "The delivery, queued for sending", body = DeliveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<DeliveryId>,
    key: OptionalKey,
    body: Body<NoFields>,
) -> Result<Response, PartnerError> {
    body.nothing()?;
    let queued = api.redeliver(&caller.0, id.0, key.0).await?;
    Ok(respond::replayable(StatusCode::OK, queued))
}
