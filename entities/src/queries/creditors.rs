//! Creditors and their positions.

use sea_orm::{Condition, QueryOrder, QuerySelect, entity::prelude::*};

use super::{bulk, contains};
use crate::creditor_position::PlacementCounts;
use crate::database::row_lock;
use crate::ids::CreditorId;
use crate::{Result, Transaction, creditor, creditor_position};

/// Locks the positions of `creditors` in the order of their ids until the transaction ends, and returns them.
///
/// Every transaction that produces events begins with this call, because the lock orders the commits of a creditor.
/// `creditors` must be sorted and free of duplicates. The result omits unknown creditors.
pub async fn lock_positions(
    db: &Transaction,
    creditors: &[CreditorId],
) -> Result<Vec<creditor_position::Model>> {
    let column = creditor_position::Column::CreditorId;
    let in_order = format!(" ORDER BY creditor_id{}", row_lock(db, " FOR UPDATE"));
    bulk::by_ids(db, column, creditors, &in_order).await
}

/// The same, but without a wait: also returns the creditors whose positions another transaction has locked.
pub async fn lock_available_positions(
    db: &Transaction,
    creditors: &[CreditorId],
) -> Result<(Vec<creditor_position::Model>, Vec<CreditorId>)> {
    let column = creditor_position::Column::CreditorId;
    let in_order = format!(
        " ORDER BY creditor_id{}",
        row_lock(db, " FOR UPDATE SKIP LOCKED")
    );
    let locked: Vec<creditor_position::Model> =
        bulk::by_ids(db, column, creditors, &in_order).await?;
    if locked.len() == creditors.len() {
        return Ok((locked, Vec::new()));
    }
    let is_missing = |id: &CreditorId| locked.iter().all(|row| row.creditor_id != *id);
    let missing: Vec<CreditorId> = creditors.iter().copied().filter(is_missing).collect();
    // The others of them do not exist.
    let busy: Vec<creditor_position::Model> = bulk::by_ids(db, column, &missing, "").await?;
    Ok((
        locked,
        busy.into_iter().map(|row| row.creditor_id).collect(),
    ))
}

/// Writes the positions that the transaction has locked and advanced.
pub async fn save_positions(db: &Transaction, rows: Vec<creditor_position::Model>) -> Result<()> {
    // One upsert replaces n updates. The rows exist, so it never inserts.
    bulk::upsert(db, rows, &[]).await
}

/// How many placements a creditor has by status.
pub async fn placement_counts(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<PlacementCounts> {
    let position = creditor_position::Entity::find_by_id(creditor)
        .one(db)
        .await?;
    position.map_or_else(
        || Ok(PlacementCounts::default()),
        |row| PlacementCounts::parse(&row.placement_counts),
    )
}

/// Inserts a creditor and its position.
///
/// # Errors
/// A unique violation if the e-mail address is in use.
pub async fn insert(db: &Transaction, row: creditor::Model) -> Result<()> {
    let position = creditor_position::Model {
        creditor_id: row.id,
        sequence: 0,
        updated_ms: 0,
        placement_counts: PlacementCounts::default().to_text(),
    };
    super::insert(db, row).await?;
    super::insert(db, position).await
}

/// Returns the creditor with this id.
pub async fn by_id(db: &impl ConnectionTrait, id: CreditorId) -> Result<Option<creditor::Model>> {
    creditor::Entity::find_by_id(id).one(db).await
}

/// Returns the creditors with these ids.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[CreditorId]) -> Result<Vec<creditor::Model>> {
    bulk::by_ids(db, creditor::Column::Id, ids, "").await
}

/// Returns the creditor with this e-mail address, which must be in lower case.
pub async fn by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<creditor::Model>> {
    let found = creditor::Entity::find().filter(creditor::Column::Email.eq(email));
    found.one(db).await
}

/// Returns a page of creditors, newest first, and the total number of matches. A creditor matches if its name or e-mail
/// address contains `q`, or if `q` is its id or the prefix of one of its keys. `None` matches all.
pub async fn search(
    db: &impl ConnectionTrait,
    q: Option<&str>,
    limit: u64,
    offset: u64,
) -> Result<(Vec<creditor::Model>, u64)> {
    use creditor::Column;
    let mut query = creditor::Entity::find();
    if let Some(q) = q {
        let owner = super::keys::creditor_of_prefix(db, q).await?;
        let id = Uuid::parse_str(q).ok().map(CreditorId).or(owner);
        let is_named = Condition::any().add_option(id.map(|id| Column::Id.eq(id)));
        query = query.filter(is_named.add(contains(Column::Search, q)));
    }
    let total = query.clone().count(db).await?;
    let page = query
        .order_by_desc(Column::CreatedMs)
        .order_by_desc(Column::Id);
    let rows = page.limit(limit).offset(offset).all(db).await?;
    Ok((rows, total))
}
