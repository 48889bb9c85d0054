//! `POST /v1/settings/webhook-deliveries/{id}/redeliver`: send it once more.

use actors::{DeliveryView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::json::Nothing;
use crate::extract::{Body, Caller, PathId, path_id::Delivery};

/// Redeliver
///
/// Sends the same event with the same `webhook-id` once more, whatever became of it before.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/{id}/redeliver", tag = "Webhooks",
    responses((status = 200, description = "The delivery, on its way", body = DeliveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<Delivery>,
    body: Body<Nothing>,
) -> Result<Json<DeliveryView>, PartnerError> {
    body.nothing()?;
    Ok(Json(api.redeliver(&caller.0, id.0).await?))
}
