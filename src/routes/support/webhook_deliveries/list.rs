//! `GET /support/v1/webhook-deliveries`: lists the deliveries of one creditor or of all.

use actors::{DeliveryView, Page, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::PartnerError;
use crate::extract::{FieldErrors, StrictQuery, Support, Unknown};
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
    #[serde(flatten)]
    #[param(ignore)]
    unknown: Unknown,
}

/// List the webhook deliveries of all creditors
#[utoipa::path(
    get, path = "/support/v1/webhook-deliveries", tag = "Support", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    StrictQuery(query): StrictQuery<Query>,
) -> Result<Json<Page<DeliveryView>>, PartnerError> {
    let mut errors = FieldErrors::of_query();
    let creditor = query.creditor_id.filter(|text| !text.is_empty());
    let creditor = errors.id("creditor_id", creditor);
    let filter = webhook_deliveries::filter(&api, &mut errors, query.status, query.event);
    let slice = errors.slice(query.limit, query.offset, webhook_deliveries::DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    errors.finish(|| Some(()))?;
    Ok(Json(
        api.support_deliveries(&support.0, creditor, filter, slice)
            .await?,
    ))
}
