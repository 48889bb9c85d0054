//! Reading placements.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, Order, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::bulk;
use super::contains;
use crate::database::statement;
use crate::ids::{CreditorId, PlacementId};
use crate::placement::{self, Column};
use crate::{dispute, payment};

/// A search is counted up to here; beyond it the total is unknown.
const COUNTED_UP_TO: u64 = 10_000;

/// The column by which a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// When placed.
    PlacedAt,
    /// Amount.
    InvoiceAmount,
    /// Due date: the other way round than days past due.
    DueDate,
    /// Status.
    Status,
    /// Last change.
    UpdatedAt,
}

/// Which placements of a creditor to list.
#[derive(Debug, Clone)]
pub struct PlacementQuery {
    /// Any of these; empty is all.
    pub statuses: Vec<&'static str>,
    /// Part of the company name or invoice number.
    pub q: Option<String>,
    /// Strictly after this change, or at it with an id above the given one.
    pub after: Option<(i64, Option<Uuid>)>,
    /// Order.
    pub order: OrderBy,
    /// Descending.
    pub descending: bool,
    /// Page size.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

/// One placement of a creditor.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    id: PlacementId,
) -> Result<Option<placement::Model>, DbErr> {
    placement::Entity::find_by_id(id)
        .filter(Column::CreditorId.eq(creditor))
        .one(connection)
        .await
}

/// Placements with these ids, whoever owns them: the caller compares the creditor.
pub async fn by_ids<C: ConnectionTrait>(
    connection: &C,
    ids: &[PlacementId],
) -> Result<Vec<placement::Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT * FROM placement WHERE {}",
        bulk::is_one_of(backend, "id", 1)
    );
    let ids = bulk::ids(backend, ids.iter().map(|id| id.0));
    placement::Entity::find()
        .from_raw_sql(statement(connection, &sql, [ids]))
        .all(connection)
        .await
}

/// Only the index on (`creditor_id`, `invoice_number`) has this order. Of an empty table every index on `creditor_id` looks
/// alike to the planner, and it keeps the plan while the table grows: then it reads all that the creditor has placed.
const FIRST_ROW_FROM_PAIR: &str = "LATERAL (SELECT * FROM placement \
     WHERE creditor_id = pair.creditor_id AND invoice_number >= pair.text ORDER BY invoice_number LIMIT 1)";

/// Those of `invoices` that are placed already.
pub async fn by_invoices<C: ConnectionTrait>(
    connection: &C,
    invoices: &[(CreditorId, String)],
) -> Result<Vec<placement::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let found = match backend {
        DbBackend::Postgres => FIRST_ROW_FROM_PAIR,
        _ => "placement",
    };
    let mut placed = Vec::new();
    for (pairs, values) in bulk::pairs(invoices, backend) {
        let sql = format!(
            "WITH {pairs} SELECT p.* FROM pair CROSS JOIN {found} p \
             WHERE p.creditor_id = pair.creditor_id AND p.invoice_number = pair.text"
        );
        let some = placement::Entity::find()
            .from_raw_sql(statement(connection, &sql, values))
            .all(connection)
            .await?;
        placed.extend(some);
    }
    Ok(placed)
}

/// A page of a creditor's placements, and how many match (`None` beyond 10,000 of a search).
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    query: &PlacementQuery,
) -> Result<(Vec<placement::Model>, Option<u64>), DbErr> {
    let matching = placement::Entity::find().filter(condition(creditor, query));
    let total = if query.q.is_some() {
        let counted = matching
            .clone()
            .limit(COUNTED_UP_TO + 1)
            .count(connection)
            .await?;
        (counted <= COUNTED_UP_TO).then_some(counted)
    } else {
        Some(matching.clone().count(connection).await?)
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
    let rows = matching
        .order_by(column, order.clone())
        .order_by(Column::Id, order)
        .limit(query.limit)
        .offset(query.offset)
        .all(connection)
        .await?;
    Ok((rows, total))
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

/// Open placements that the simulator may move, longest untouched first.
pub async fn untouched_since<C: ConnectionTrait>(
    connection: &C,
    statuses: &[&'static str],
    before_ms: i64,
    limit: u64,
) -> Result<Vec<placement::Model>, DbErr> {
    placement::Entity::find()
        .filter(Column::Status.is_in(statuses.iter().copied()))
        .filter(Column::Paused.eq(false))
        .filter(Column::UpdatedMs.lte(before_ms))
        .order_by_asc(Column::UpdatedMs)
        .limit(limit)
        .all(connection)
        .await
}

/// A dispute, whoever owns it: for support.
pub async fn dispute<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
) -> Result<Option<dispute::Model>, DbErr> {
    dispute::Entity::find_by_id(id).one(connection).await
}

/// Payments recorded against a placement, oldest first.
pub async fn payments<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    placement: PlacementId,
) -> Result<Vec<payment::Model>, DbErr> {
    payment::Entity::find()
        .filter(payment::Column::CreditorId.eq(creditor))
        .filter(payment::Column::PlacementId.eq(placement))
        .order_by_asc(payment::Column::RecordedMs)
        .all(connection)
        .await
}
