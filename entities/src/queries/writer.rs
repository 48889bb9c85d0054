//! The tables that a Writer writes: placements, their history, payments, disputes, idempotency records and batch marks.

use sea_orm::{Condition, entity::prelude::*};

use super::{bulk, insert};
use crate::dispute::{self, DisputeStatus};
use crate::ids::{BatchId, CreditorId, DisputeId, PlacementId};
use crate::sql::{self, params};
use crate::{Result, Transaction, idempotency_record, placement, writer_batch};

/// Updates existing placements, with one statement for each chunk of rows.
pub async fn save_placements(db: &Transaction, rows: Vec<placement::Model>) -> Result<()> {
    use placement::Column;
    // These columns never change.
    bulk::upsert(db, rows, &[Column::CreditorId, Column::PlacedMs]).await
}

/// Inserts new disputes and updates changed ones.
pub async fn put_disputes(db: &Transaction, rows: Vec<dispute::Model>) -> Result<()> {
    use dispute::Column::{CreditorId, OpenedMs, PlacementId, Reason};
    bulk::upsert(db, rows, &[CreditorId, OpenedMs, PlacementId, Reason]).await
}

/// Returns the open disputes of these placements and the disputes with these ids.
pub async fn disputes(
    db: &Transaction,
    placements: &[PlacementId],
    ids: &[DisputeId],
) -> Result<Vec<dispute::Model>> {
    use dispute::Column;
    if placements.is_empty() && ids.is_empty() {
        return Ok(Vec::new());
    }
    let open = Condition::all()
        .add(Column::PlacementId.is_in(placements.iter().copied()))
        .add(Column::Status.eq(DisputeStatus::Open));
    let named = Column::Id.is_in(ids.iter().copied());
    let wanted = Condition::any().add(open).add(named);
    dispute::Entity::find().filter(wanted).all(db).await
}

/// Returns the stored records of these keys, including expired ones.
pub async fn idempotency_records(
    db: &Transaction,
    keys: &[(CreditorId, String)],
) -> Result<Vec<idempotency_record::Model>> {
    bulk::by_pairs(db, idempotency_record::Column::Key, keys).await
}

/// Returns the stored record of one key, even if it has expired.
pub async fn idempotency_record(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    key: &str,
) -> Result<Option<idempotency_record::Model>> {
    let found = idempotency_record::Entity::find_by_id((creditor, key.to_owned()));
    found.one(db).await
}

/// Inserts records, and replaces expired ones of the same keys.
pub async fn replace_idempotency_records(
    db: &Transaction,
    rows: Vec<idempotency_record::Model>,
) -> Result<()> {
    bulk::upsert(db, rows, &[]).await
}

/// Deletes the stored answers of `operation` on a placement, because they are stale.
///
/// The answer of `place` never becomes stale, so the index excludes it. The statement repeats that condition to use the
/// index.
pub async fn delete_answers(
    db: &Transaction,
    placement: PlacementId,
    operation: &str,
) -> Result<()> {
    const DELETE_ANSWERS: &str = "DELETE FROM idempotency_record \
        WHERE placement_id = $1 AND operation = $2 AND operation <> 'place'";
    sql::execute(db, DELETE_ANSWERS, params![placement, operation]).await?;
    Ok(())
}

/// Inserts the mark that shows a Writer whether its commit took effect.
pub async fn mark_batch(db: &Transaction, batch: BatchId, now_ms: i64) -> Result<()> {
    let mark = writer_batch::Model {
        id: batch,
        committed_ms: now_ms,
    };
    insert(db, mark).await
}

/// Returns whether a batch was committed.
///
/// The caller must hold the positions of the batch. This ensures that a commit on a broken connection has finished.
pub async fn batch_is_committed(db: &Transaction, batch: BatchId) -> Result<bool> {
    let mark = writer_batch::Entity::find_by_id(batch).one(db).await?;
    Ok(mark.is_some())
}
