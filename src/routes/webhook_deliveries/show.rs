//! `GET /v1/settings/webhook-deliveries/{id}`: shows a delivery with every attempt.

use actors::ids::DeliveryId;
use actors::{DeliveryDetail, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};

/// Show a webhook delivery
///
/// Returns the delivery with every attempt: status, latency, error, and the beginning of the receiver's response.
#[utoipa::path(
    get, path = "/v1/settings/webhook-deliveries/{id}", tag = "Webhooks",
    responses((status = 200, description = "The delivery", body = DeliveryDetail))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<DeliveryId>,
) -> Result<Json<DeliveryDetail>, PartnerError> {
    Ok(Json(api.webhook_delivery(&caller.0, id.0).await?))
}
