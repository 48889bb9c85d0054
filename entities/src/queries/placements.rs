//! Reads of placements, payments and disputes. Never writes; see [`super::writer`].

use sea_orm::{Condition, Order, QueryOrder, QuerySelect, entity::prelude::*};

use super::{bulk, contains, creditors};
use crate::ids::{CreditorId, DisputeId, PlacementId};
use crate::placement::{self, Column, StoredStatus};
use crate::{Result, dispute};

/// Maximum total that is counted. Beyond it the total is unknown, unless a counter has it.
const MAX_COUNTED: u64 = 10_000;

/// The column by which a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// Placement time.
    PlacedAt,
    /// Invoice amount.
    InvoiceAmount,
    /// Due date, which is the reverse of days past due.
    DueDate,
    /// Status.
    Status,
    /// Time of the last change.
    UpdatedAt,
}

/// Filter, order and page of a list of placements.
#[derive(Debug, Clone)]
pub struct PlacementQuery {
    /// Only these statuses; empty means all.
    pub statuses: Vec<StoredStatus>,
    /// Only placements whose company name or invoice number contains this text.
    pub q: Option<String>,
    /// Only changes after this time (epoch milliseconds); with an id, also changes at this time with a greater id.
    pub after: Option<(i64, Option<PlacementId>)>,
    /// Sort column.
    pub order: OrderBy,
    /// Whether to sort in descending order.
    pub descending: bool,
    /// Page size.
    pub limit: u64,
    /// Number of rows to skip.
    pub offset: u64,
}

/// Returns one placement of a creditor.
pub async fn find(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    id: PlacementId,
) -> Result<Option<placement::Model>> {
    let found = placement::Entity::find_by_id(id).filter(Column::CreditorId.eq(creditor));
    found.one(db).await
}

/// Returns the placements with these ids, of any creditor. The caller must check the creditor.
pub async fn by_ids(
    db: &impl ConnectionTrait,
    ids: &[PlacementId],
) -> Result<Vec<placement::Model>> {
    bulk::by_ids(db, Column::Id, ids, "").await
}

/// Returns the placements that exist for `invoices`, which are pairs of a creditor and an invoice number.
pub async fn by_invoices(
    db: &impl ConnectionTrait,
    invoices: &[(CreditorId, String)],
) -> Result<Vec<placement::Model>> {
    bulk::by_pairs(db, Column::InvoiceNumber, invoices).await
}

/// Returns a page of a creditor's placements and the number of matches. It is exact if the query filters by status at
/// most, and otherwise `None` if more than 10,000 match.
pub async fn list(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    query: &PlacementQuery,
) -> Result<(Vec<placement::Model>, Option<u64>)> {
    let matching = placement::Entity::find().filter(condition(creditor, query));
    let total = if query.q.is_none() && query.after.is_none() {
        let counts = creditors::placement_counts(db, creditor).await?;
        Some(counts.total(&query.statuses))
    } else {
        let counted = matching.clone().limit(MAX_COUNTED + 1).count(db).await?;
        (counted <= MAX_COUNTED).then_some(counted)
    };
    let order = if query.descending {
        Order::Desc
    } else {
        Order::Asc
    };
    let column = match query.order {
        OrderBy::PlacedAt => Column::PlacedMs,
        OrderBy::InvoiceAmount => Column::AmountCents,
        OrderBy::DueDate => Column::DueDate,
        OrderBy::Status => Column::Status,
        OrderBy::UpdatedAt => Column::UpdatedMs,
    };
    let ordered = matching
        .order_by(column, order.clone())
        .order_by(Column::Id, order);
    let page = ordered.limit(query.limit).offset(query.offset);
    Ok((page.all(db).await?, total))
}

fn condition(creditor: CreditorId, query: &PlacementQuery) -> Condition {
    let mut all = Condition::all().add(Column::CreditorId.eq(creditor));
    if !query.statuses.is_empty() {
        all = all.add(Column::Status.is_in(query.statuses.iter().copied()));
    }
    if let Some(q) = &query.q {
        all = all.add(contains(Column::Search, q));
    }
    match query.after {
        None => all,
        Some((at_ms, None)) => all.add(Column::UpdatedMs.gt(at_ms)),
        Some((at_ms, Some(id))) => all.add(
            Condition::any().add(Column::UpdatedMs.gt(at_ms)).add(
                Condition::all()
                    .add(Column::UpdatedMs.eq(at_ms))
                    .add(Column::Id.gt(id)),
            ),
        ),
    }
}

/// Returns placements with one of `statuses` that are not paused and have not changed since `before_ms`, least recently
/// changed first. For the simulator.
pub async fn untouched_since(
    db: &impl ConnectionTrait,
    statuses: &[StoredStatus],
    before_ms: i64,
    limit: u64,
) -> Result<Vec<placement::Model>> {
    placement::Entity::find()
        .filter(Column::Status.is_in(statuses.iter().copied()))
        .filter(Column::Paused.eq(false))
        .filter(Column::UpdatedMs.lte(before_ms))
        .order_by_asc(Column::UpdatedMs)
        .limit(limit)
        .all(db)
        .await
}

/// Returns a dispute of any creditor. For support.
pub async fn dispute(db: &impl ConnectionTrait, id: DisputeId) -> Result<Option<dispute::Model>> {
    dispute::Entity::find_by_id(id).one(db).await
}
