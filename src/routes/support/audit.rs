//! The route of the audit log.

use actors::domain::cursor;
use actors::{SupportAuditFilter, SupportAuditPage};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{StrictQuery, Support, non_empty};

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
}

/// List the audit log
///
/// Returns the newest entries first.
#[utoipa::path(
    get, path = "/support/v1/audit", tag = "Support", params(Query),
    responses((status = 200, description = "A page of entries", body = SupportAuditPage))
)]
pub(crate) async fn list(
    support: Support,
    StrictQuery(query, mut errors): StrictQuery<Query>,
) -> Result<Json<SupportAuditPage>> {
    let creditor_id = errors.id("creditor_id", non_empty(query.creditor_id));
    let since_ms = errors.instant("since", non_empty(query.since));
    let after = errors.check("cursor", non_empty(query.cursor), |text| {
        cursor::decode(&text)
    });
    let limit = errors.limit(query.limit, DEFAULT_LIMIT);
    let filter = SupportAuditFilter {
        creditor_id,
        action: non_empty(query.action),
        since_ms,
        after,
        limit,
    };
    let filter = errors.finish(|| Some(filter))?;
    Ok(Json(support.audit(filter).await?))
}
