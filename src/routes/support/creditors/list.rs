//! `GET /support/v1/creditors`: searches creditors.

use actors::{Page, PartnerApi, SupportCreditor};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::PartnerError;
use crate::extract::{FieldErrors, StrictQuery, Support, Unknown};

const DEFAULT_LIMIT: u64 = 25;

/// Search text and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Part of the name or e-mail address, an id, or the prefix of an API key.
    q: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 25)]
    limit: Option<String>,
    /// Number of rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
    #[serde(flatten)]
    #[param(ignore)]
    unknown: Unknown,
}

/// Find creditors
#[utoipa::path(
    get, path = "/support/v1/creditors", tag = "Support", params(Query),
    responses((status = 200, description = "A page of creditors", body = Page<SupportCreditor>))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    StrictQuery(query): StrictQuery<Query>,
) -> Result<Json<Page<SupportCreditor>>, PartnerError> {
    let mut errors = FieldErrors::of_query();
    let slice = errors.slice(query.limit, query.offset, DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    errors.finish(|| Some(()))?;
    let q = query
        .q
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    Ok(Json(api.support_creditors(&support.0, q, slice).await?))
}
