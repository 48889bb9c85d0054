//! `GET /v1/settings/webhook-deliveries`: the history of deliveries.

use actors::{DeliveryView, Page, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::PartnerError;
use crate::extract::{Caller, FieldErrors, QueryOf, Unknown};

/// Which deliveries.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    status: Option<String>,
    /// An event type of the catalogue.
    event: Option<String>,
    /// Rows of this page; outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
    #[serde(flatten)]
    #[param(ignore)]
    unknown: Unknown,
}

/// List deliveries
///
/// Newest first. `attempts` is a number; `GET …/{id}` shows each of them.
#[utoipa::path(
    get, path = "/v1/settings/webhook-deliveries", tag = "Webhooks", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    QueryOf(query): QueryOf<Query>,
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
