//! `GET /v1/placements/{id}/audit`: lists the history of a placement.

use actors::domain::cursor;
use actors::ids::PlacementId;
use actors::{AuditFilter, AuditPage};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{Caller, FieldErrors, PathId, StrictQuery, non_empty};

const DEFAULT_LIMIT: u64 = 50;

/// Filters and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `summary` (events that matter to the creditor) or `full` (also internal events of the platform).
    #[param(default = "summary")]
    view: Option<String>,
    /// One event type, or several separated by commas.
    event_type: Option<String>,
    /// The actor who caused the event.
    actor: Option<String>,
    /// Only events at or after this time, RFC 3339 with a time zone.
    #[param(format = "date-time")]
    since: Option<String>,
    /// Only events before this time, RFC 3339 with a time zone.
    #[param(format = "date-time")]
    until: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
}

/// Audit trail of a placement
///
/// Returns the newest events first.
#[utoipa::path(
    get, path = "/v1/placements/{id}/audit", tag = "Placements", params(Query),
    responses((status = 200, description = "A page of events", body = AuditPage))
)]
pub(crate) async fn audit(
    caller: Caller,
    id: PathId<PlacementId>,
    StrictQuery(query, errors): StrictQuery<Query>,
) -> Result<Json<AuditPage>> {
    Ok(Json(
        caller.placement_audit(id.0, read(query, errors)?).await?,
    ))
}

fn full(view: &str) -> Option<bool> {
    match view {
        "summary" => Some(false),
        "full" => Some(true),
        _ => None,
    }
}

fn read(query: Query, mut errors: FieldErrors) -> Result<AuditFilter> {
    let full = errors.one_of("view", non_empty(query.view), &["summary", "full"], full);
    let types = non_empty(query.event_type).unwrap_or_default();
    let event_types = types
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let since_ms = errors.instant("since", non_empty(query.since));
    let until_ms = errors.instant("until", non_empty(query.until));
    let after = errors.check("cursor", non_empty(query.cursor), |text| {
        cursor::decode(&text)
    });
    let limit = errors.limit(query.limit, DEFAULT_LIMIT);
    let full = full.unwrap_or(false);
    let filter = AuditFilter {
        event_types,
        actor: non_empty(query.actor),
        since_ms,
        until_ms,
        after,
        limit,
        full,
    };
    Ok(errors.finish(|| Some(filter))?)
}
