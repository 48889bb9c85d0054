//! `GET /v1/settings/webhook-deliveries`: lists webhook deliveries.

use actors::{DeliveryView, Page, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::PartnerError;
use crate::extract::{Caller, FieldErrors, StrictQuery, Unknown};

/// Filters and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
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

/// List webhook deliveries
///
/// Returns the newest deliveries first. `attempts` is the number of attempts;
/// `GET /v1/settings/webhook-deliveries/{id}` shows each attempt.
#[utoipa::path(
    get, path = "/v1/settings/webhook-deliveries", tag = "Webhooks", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    StrictQuery(query): StrictQuery<Query>,
) -> Result<Json<Page<DeliveryView>>, PartnerError> {
    let mut errors = FieldErrors::of_query();
    let filter = super::filter(&api, &mut errors, query.status, query.event);
    let slice = errors.slice(query.limit, query.offset, super::DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    errors.finish(|| Some(()))?;
    Ok(Json(
        api.webhook_deliveries(&caller.0, filter, slice).await?,
    ))
}
