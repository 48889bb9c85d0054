//! `GET /support/v1/audit`: lists the audit log.

use actors::domain::{cursor, date};
use actors::{PartnerApi, SupportAuditFilter, SupportAuditPage};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::PartnerError;
use crate::extract::{FieldErrors, StrictQuery, Support, Unknown};

const DEFAULT_LIMIT: u64 = 50;

/// Filters and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Only entries of this creditor.
    #[param(format = "uuid")]
    creditor_id: Option<String>,
    /// Only entries with this action, e.g. `creditor.api_key_issued`.
    action: Option<String>,
    /// Only entries at or after this time, RFC 3339 with a time zone.
    #[param(format = "date-time")]
    since: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    #[serde(flatten)]
    #[param(ignore)]
    unknown: Unknown,
}

/// List the audit log
///
/// Returns the newest entries first.
#[utoipa::path(
    get, path = "/support/v1/audit", tag = "Support", params(Query),
    responses((status = 200, description = "A page of entries", body = SupportAuditPage))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    StrictQuery(query): StrictQuery<Query>,
) -> Result<Json<SupportAuditPage>, PartnerError> {
    let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut errors = FieldErrors::of_query();
    let creditor_id = errors.id("creditor_id", non_empty(query.creditor_id));
    let since_ms = errors.check("since", non_empty(query.since), |text| {
        date::parse_instant(&text)
    });
    let after = errors.check("cursor", non_empty(query.cursor), |text| {
        cursor::decode(&text)
    });
    let limit = errors.limit(query.limit, DEFAULT_LIMIT);
    errors.unknown(&query.unknown);
    let filter = SupportAuditFilter {
        creditor_id,
        action: non_empty(query.action),
        since_ms,
        after,
        limit,
    };
    let filter = errors.finish(|| Some(filter))?;
    Ok(Json(api.support_audit(&support.0, filter).await?))
}
