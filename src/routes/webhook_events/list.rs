//! `GET /v1/settings/webhook-events`: lists the event types.

use actors::{PartnerApi, WebhookCatalogue};
use axum::Json;
use axum::extract::State;

/// List the event types
///
/// Returns every event type with its fields, and every reason why outreach can be blocked.
#[utoipa::path(
    get, path = "/v1/settings/webhook-events", tag = "Webhooks",
    responses((status = 200, description = "The event catalogue", body = WebhookCatalogue))
)]
pub(crate) async fn handle(State(api): State<PartnerApi>) -> Json<WebhookCatalogue> {
    Json(api.webhook_events())
}
