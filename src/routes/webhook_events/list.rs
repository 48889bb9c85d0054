//! `GET /v1/settings/webhook-events`: what can be subscribed to.

use actors::{PartnerApi, WebhookCatalogue};
use axum::Json;
use axum::extract::State;

/// Event catalogue
///
/// Every event type with its fields, and every reason for which outreach can be blocked.
#[utoipa::path(
    get, path = "/v1/settings/webhook-events", tag = "Webhooks",
    responses((status = 200, description = "The catalogue", body = WebhookCatalogue))
)]
pub(crate) async fn handle(State(api): State<PartnerApi>) -> Json<WebhookCatalogue> {
    Json(api.webhook_events())
}
