//! `GET /support/v1/webhook-deliveries`: any creditor's deliveries.

use actors::{DeliveryView, Page, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::error::PartnerError;
use crate::extract::{FieldErrors, QueryOf, Support, Unknown};
use crate::routes::webhook_deliveries;

/// Which deliveries.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Whose.
    #[param(format = "uuid")]
    creditor_id: Option<String>,
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

/// List any creditor's deliveries
#[utoipa::path(
    get, path = "/support/v1/webhook-deliveries", tag = "Support", params(Query),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Page<DeliveryView>>, PartnerError> {
    let mut errors = FieldErrors::of_query();
    let creditor = errors.check(
        "creditor_id",
        query.creditor_id.filter(|text| !text.is_empty()),
        |text| Uuid::try_parse(&text).map_err(|_| "must be the id of a creditor"),
    );
    let filter = webhook_deliveries::filter(&api, &mut errors, query.status, query.event);
    let slice = errors.slice(query.limit, query.offset, webhook_deliveries::DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    errors.finish(|| Some(()))?;
    Ok(Json(
        api.support_deliveries(&support.0, creditor, filter, slice)
            .await?,
    ))
}
