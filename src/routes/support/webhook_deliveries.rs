//! Support routes of webhook deliveries.

use actors::{DeliveryView, Page};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{StrictQuery, Support};
use crate::routes::webhook_deliveries;

/// Filters and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Only deliveries of this creditor. If absent, deliveries of all creditors.
    #[param(format = "uuid")]
    creditor_id: Option<String>,
    /// Only deliveries with this status: `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    status: Option<String>,
    /// Only deliveries of this event type, from `GET /v1/settings/webhook-events`.
    event: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Number of rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
}

/// List the webhook deliveries of all creditors
#[utoipa::path(
    get, path = "/support/v1/webhook-deliveries", tag = "Support", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn list(
    support: Support,
    StrictQuery(query, mut errors): StrictQuery<Query>,
) -> Result<Json<Page<DeliveryView>>> {
    let creditor = query.creditor_id.filter(|text| !text.is_empty());
    let creditor = errors.id("creditor_id", creditor);
    let filter = webhook_deliveries::filter(&support, &mut errors, query.status, query.event);
    let slice = errors.slice(query.limit, query.offset, webhook_deliveries::DEFAULT_LIMIT);
    errors.finish(|| Some(()))?;
    Ok(Json(support.deliveries(creditor, filter, slice).await?))
}
