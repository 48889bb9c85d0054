//! The route of the event catalogue.

use actors::{PartnerApi, WebhookCatalogue};
use axum::Json;

/// List the event types
///
/// Returns every event type with its fields, and every reason why outreach can be blocked.
#[utoipa::path(
    get, path = "/v1/settings/webhook-events", tag = "Webhooks",
    responses((status = 200, description = "The event catalogue", body = WebhookCatalogue))
)]
pub(crate) async fn list(api: PartnerApi) -> Json<WebhookCatalogue> {
    Json(api.webhook_events())
}
