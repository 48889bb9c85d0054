//! `GET /v1/placements`: searches placements and serves the change feed.

use actors::domain::placement::PlacementStatus;
use actors::ids::PlacementId;
use actors::{OffsetPage, Page, PlacementFilter, PlacementOrder, PlacementView};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::Result;
use crate::extract::{Caller, FieldErrors, StrictQuery, non_empty};

const DEFAULT_LIMIT: u64 = 25;
/// The maximum length of `q`. No company name and no invoice number is longer.
const Q_MAX: usize = 200;
const ORDERS: &[(&str, PlacementOrder)] = &[
    ("placed_at", PlacementOrder::PlacedAt),
    ("invoice_amount", PlacementOrder::InvoiceAmount),
    ("days_past_due", PlacementOrder::DaysPastDue),
    ("status", PlacementOrder::Status),
    ("updated_at", PlacementOrder::UpdatedAt),
];
const HUNT: [PlacementStatus; 2] = [PlacementStatus::PendingEnrichment, PlacementStatus::Ready];
const ENGAGED: [PlacementStatus; 2] = [PlacementStatus::InOutreach, PlacementStatus::Disputed];

/// Filters, order and paging.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Maximum number of rows on this page. A value outside 1 to 100 is an error.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 25)]
    limit: Option<String>,
    /// Number of rows to skip.
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    offset: Option<String>,
    /// One status, or several separated by commas.
    status: Option<String>,
    /// Part of the company name or of the invoice number. Case does not matter.
    q: Option<String>,
    /// `placed_at`, `invoice_amount`, `days_past_due`, `status` or `updated_at`. A leading `-` means descending. The
    /// default is `-placed_at`, or `updated_at` if `updated_since` is set.
    sort: Option<String>,
    /// `hunt` (pending_enrichment, ready) or `engaged` (in_outreach, disputed).
    outreach_phase: Option<String>,
    /// Only placements that changed strictly after this time, oldest change first. RFC 3339 with a time zone.
    #[param(format = "date-time")]
    updated_since: Option<String>,
    /// The id of the last row that you have. Send its `updated_at` as `updated_since`; then no row is skipped. Needs
    /// the order `updated_at`.
    #[param(format = "uuid")]
    after_id: Option<String>,
}

/// List placements
///
/// To follow changes, page with `updated_since` and `after_id` of the last row that you have, not with `offset`. Rows
/// that change in the meantime move between offset pages, so a row can be skipped. The Python client's
/// `iter_placements(updated_since=…)` pages by offset.
#[utoipa::path(
    get, path = "/v1/placements", tag = "Placements", params(Query),
    responses((status = 200, description = "A page of placements", body = Page<PlacementView>))
)]
pub(crate) async fn list(
    caller: Caller,
    StrictQuery(query, errors): StrictQuery<Query>,
) -> Result<Json<Page<PlacementView>>> {
    let (filter, slice) = read(query, errors)?;
    Ok(Json(caller.placements(filter, slice).await?))
}

fn read(query: Query, mut errors: FieldErrors) -> Result<(PlacementFilter, OffsetPage)> {
    let slice = errors.slice(query.limit, query.offset, DEFAULT_LIMIT);
    let statuses = statuses(
        &mut errors,
        non_empty(query.status),
        non_empty(query.outreach_phase),
    );
    let feed = query.updated_since.is_some();
    let updated_since_ms = errors.instant("updated_since", query.updated_since);
    let sorted = errors.check("sort", non_empty(query.sort), |text| order(&text));
    let default = if feed {
        (PlacementOrder::UpdatedAt, false)
    } else {
        (PlacementOrder::PlacedAt, true)
    };
    let (order, descending) = sorted.unwrap_or(default);
    let after_id = after_id(
        &mut errors,
        non_empty(query.after_id),
        feed,
        (order, descending),
    );
    let q = errors.search("q", query.q, Q_MAX);
    let filter = PlacementFilter {
        statuses,
        q,
        updated_since_ms,
        after_id,
        order,
        descending,
    };
    Ok(errors.finish(|| Some((filter, slice)))?)
}

/// Validates `after_id`. An id marks a position only together with `updated_since` and in the order of change.
fn after_id(
    errors: &mut FieldErrors,
    after_id: Option<String>,
    feed: bool,
    order: (PlacementOrder, bool),
) -> Option<PlacementId> {
    let after_id = errors.check("after_id", after_id, |text| {
        if !feed {
            return Err("needs updated_since: send the updated_at of the same row");
        }
        if order != (PlacementOrder::UpdatedAt, false) {
            return Err("needs the order updated_at: leave out sort");
        }
        Ok(text)
    });
    errors.id("after_id", after_id)
}

fn order(text: &str) -> Result<(PlacementOrder, bool), String> {
    let (descending, name) = text
        .strip_prefix('-')
        .map_or((false, text), |name| (true, name));
    let found = ORDERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, order)| (*order, descending)).ok_or_else(|| {
        let names: Vec<&str> = ORDERS.iter().map(|(name, _)| *name).collect();
        format!(
            "must be one of: {}; with a leading - for descending",
            names.join(", ")
        )
    })
}

/// Combines both filters into the list of statuses that match both.
///
/// An empty intersection is an error, because an empty list would mean no filter.
fn statuses(
    errors: &mut FieldErrors,
    status: Option<String>,
    phase: Option<String>,
) -> Vec<PlacementStatus> {
    let names = PlacementStatus::ALL.map(PlacementStatus::as_str);
    let list = |text: &str| {
        text.split(',')
            .map(|name| PlacementStatus::parse(name.trim()))
            .collect::<Option<Vec<_>>>()
    };
    let wanted = errors.one_of("status", status, &names, list);
    let in_phase = |text: &str| match text {
        "hunt" => Some(HUNT),
        "engaged" => Some(ENGAGED),
        _ => None,
    };
    let phase = errors.one_of("outreach_phase", phase, &["hunt", "engaged"], in_phase);
    let Some(phase) = phase else {
        return wanted.unwrap_or_default();
    };
    let Some(mut both) = wanted else {
        return phase.to_vec();
    };
    both.retain(|status| phase.contains(status));
    if both.is_empty() {
        errors.add(
            "outreach_phase",
            "excludes every status in the filter status: leave out one of the two",
        );
    }
    both
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::extract::Unknown;

    fn read(query: Query) -> Result<(PlacementFilter, OffsetPage)> {
        super::read(query, FieldErrors::of_query(Unknown::new()))
    }

    fn refusals(query: Query) -> String {
        read(query).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn default_order_is_newest_first_except_for_change_feed() {
        let (plain, _) = read(Query::default()).unwrap();
        assert_eq!(
            (plain.order, plain.descending),
            (PlacementOrder::PlacedAt, true)
        );
        let query = Query {
            updated_since: Some("2026-11-22T10:00:00.000Z".into()),
            after_id: Some(Uuid::nil().to_string()),
            ..Query::default()
        };
        let (feed, _) = read(query).unwrap();
        assert_eq!(
            (feed.order, feed.descending, feed.after_id),
            (PlacementOrder::UpdatedAt, false, Some(Uuid::nil().into()))
        );
    }

    #[test]
    fn unknown_sort_lists_allowed_values() {
        let text = refusals(Query {
            sort: Some("amount".into()),
            ..Query::default()
        });
        assert!(
            text.starts_with("sort: must be one of: placed_at, invoice_amount"),
            "{text}"
        );
    }

    #[test]
    fn after_id_requires_updated_since_and_its_order() {
        let id = || Some(Uuid::nil().to_string());
        assert!(
            refusals(Query {
                after_id: id(),
                ..Query::default()
            })
            .contains("needs updated_since")
        );
        let since = || Some("2026-11-22T10:00:00Z".to_owned());
        assert!(
            refusals(Query {
                after_id: id(),
                updated_since: since(),
                sort: Some("-updated_at".into()),
                ..Query::default()
            })
            .contains("order")
        );
    }

    #[test]
    fn status_and_phase_filters_intersect() {
        let query = |status: &str| Query {
            status: Some(status.into()),
            outreach_phase: Some("hunt".into()),
            ..Query::default()
        };
        assert_eq!(
            read(query("ready,paid")).unwrap().0.statuses,
            [PlacementStatus::Ready]
        );
        assert!(refusals(query("paid")).contains("outreach_phase"));
    }
}
