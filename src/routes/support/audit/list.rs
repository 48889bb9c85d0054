//! `GET /support/v1/audit`: who did what.

use actors::domain::{cursor, date};
use actors::{PartnerApi, SupportAuditFilter, SupportAuditPage};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::error::PartnerError;
use crate::extract::{FieldErrors, QueryOf, Support, Unknown};

const DEFAULT_LIMIT: u64 = 50;

/// Which events.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Whose.
    #[param(format = "uuid")]
    creditor_id: Option<String>,
    /// Which action, e.g. `creditor.api_key_issued`.
    action: Option<String>,
    /// At or after; needs a zone.
    #[param(format = "date-time")]
    since: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of this page; outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    #[serde(flatten)]
    #[param(ignore)]
    unknown: Unknown,
}

/// Audit log
///
/// Newest first.
#[utoipa::path(
    get, path = "/support/v1/audit", tag = "Support", params(Query),
    responses((status = 200, description = "A page of events", body = SupportAuditPage))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<SupportAuditPage>, PartnerError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut errors = FieldErrors::of_query();
    let creditor_id = errors.check("creditor_id", given(query.creditor_id), |text| {
        Uuid::try_parse(&text).map_err(|_| "must be the id of a creditor")
    });
    let since_ms = errors.check("since", given(query.since), |text| {
        date::parse_instant(&text)
    });
    let after = errors.check("cursor", given(query.cursor), |text| cursor::decode(&text));
    let limit = errors.limit(query.limit, DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    let filter = SupportAuditFilter {
        creditor_id,
        action: given(query.action),
        since_ms,
        after,
        limit,
    };
    let filter = errors.finish(|| Some(filter))?;
    Ok(Json(api.support_audit(&support.0, filter).await?))
}
