//! `GET /v1/settings/webhook-endpoints`: lists the webhook endpoints.

use actors::{EndpointView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::Caller;

/// All webhook endpoints of the creditor.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoints)]
pub(crate) struct Answer {
    /// At most ten endpoints: first the primary one, then the others, oldest first.
    items: Vec<EndpointView>,
}

/// List webhook endpoints
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints", tag = "Webhooks",
    responses((status = 200, description = "All endpoints", body = Answer))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<Answer>, PartnerError> {
    let items = api.webhook_endpoints(&caller.0).await?;
    Ok(Json(Answer { items }))
}
