//! The tables that a Writer writes: placements, their history, payments, disputes, idempotency records and batch marks.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter};

use super::bulk::{self, Upsert};
use crate::dispute::{self, DisputeStatus};
use crate::ids::{BatchId, CreditorId, DisputeId, PlacementId};
use crate::sql;
use crate::{Transaction, idempotency_record, payment, placement, placement_history, writer_batch};

/// Inserts new placements.
pub async fn append_placements(
    transaction: &Transaction,
    placements: Vec<placement::Model>,
) -> Result<(), DbErr> {
    bulk::insert::<_, placement::ActiveModel, _>(transaction, placements).await
}

/// Updates existing placements, with one statement for each chunk of rows.
pub async fn save_placements(
    transaction: &Transaction,
    placements: Vec<placement::Model>,
) -> Result<(), DbErr> {
    use placement::Column;
    // These columns never change.
    let changing: Vec<_> = Column::iter()
        .filter(|column| !matches!(column, Column::Id | Column::CreditorId | Column::PlacedMs))
        .collect();
    let upsert = Upsert {
        key: vec![Column::Id],
        update: changing,
    };
    bulk::upsert::<_, placement::ActiveModel, _>(transaction, placements, upsert).await
}

/// Appends to the status history.
pub async fn append_history(
    transaction: &Transaction,
    rows: Vec<placement_history::Model>,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, placement_history::ActiveModel, _>(transaction, rows).await
}

/// Appends payments.
pub async fn append_payments(
    transaction: &Transaction,
    rows: Vec<payment::Model>,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, payment::ActiveModel, _>(transaction, rows).await
}

/// Inserts new disputes and updates changed ones.
pub async fn put_disputes(
    transaction: &Transaction,
    rows: Vec<dispute::Model>,
) -> Result<(), DbErr> {
    use dispute::Column;
    let upsert = Upsert {
        key: vec![Column::Id],
        update: vec![
            Column::Status,
            Column::Answer,
            Column::AnsweredMs,
            Column::AcknowledgedMs,
            Column::Resolution,
            Column::ResolvedMs,
        ],
    };
    bulk::upsert::<_, dispute::ActiveModel, _>(transaction, rows, upsert).await
}

/// Returns the open disputes of these placements and the disputes with these ids.
pub async fn disputes(
    transaction: &Transaction,
    placements: &[PlacementId],
    ids: &[DisputeId],
) -> Result<Vec<dispute::Model>, DbErr> {
    use dispute::Column;
    if placements.is_empty() && ids.is_empty() {
        return Ok(Vec::new());
    }
    let open = Condition::all()
        .add(Column::PlacementId.is_in(placements.iter().copied()))
        .add(Column::Status.eq(DisputeStatus::Open));
    let named = Column::Id.is_in(ids.iter().copied());
    dispute::Entity::find()
        .filter(Condition::any().add(open).add(named))
        .all(transaction)
        .await
}

/// Returns the stored records of these keys, including expired ones.
pub async fn idempotency_records(
    transaction: &Transaction,
    keys: &[(CreditorId, String)],
) -> Result<Vec<idempotency_record::Model>, DbErr> {
    bulk::by_pairs(transaction, "idempotency_record", "key", keys).await
}

/// Returns the stored record of one key, even if it has expired.
pub async fn idempotency_record<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    key: &str,
) -> Result<Option<idempotency_record::Model>, DbErr> {
    idempotency_record::Entity::find_by_id((creditor, key.to_owned()))
        .one(connection)
        .await
}

/// Inserts records for keys that have none.
pub async fn append_idempotency_records(
    transaction: &Transaction,
    rows: Vec<idempotency_record::Model>,
) -> Result<(), DbErr> {
    bulk::insert::<_, idempotency_record::ActiveModel, _>(transaction, rows).await
}

/// Inserts records, and replaces expired ones of the same keys.
pub async fn replace_idempotency_records(
    transaction: &Transaction,
    rows: Vec<idempotency_record::Model>,
) -> Result<(), DbErr> {
    use idempotency_record::Column;
    let upsert = Upsert {
        key: vec![Column::CreditorId, Column::Key],
        update: vec![
            Column::Fingerprint,
            Column::Operation,
            Column::PlacementId,
            Column::Outcome,
            Column::CreatedMs,
        ],
    };
    bulk::upsert::<_, idempotency_record::ActiveModel, _>(transaction, rows, upsert).await
}

/// Deletes the stored answers of `operation` on a placement, because they are stale.
///
/// The answer of `place` never becomes stale, so the index excludes it. The statement repeats that condition to use the
/// index.
pub async fn delete_answers(
    transaction: &Transaction,
    placement: PlacementId,
    operation: &str,
) -> Result<(), DbErr> {
    const DELETE_ANSWERS: &str = "DELETE FROM idempotency_record \
        WHERE placement_id = $1 AND operation = $2 AND operation <> 'place'";
    let values = [placement.0.into(), operation.into()];
    sql::execute(transaction, DELETE_ANSWERS, values)
        .await
        .map(|_| ())
}

/// Inserts the mark that shows a Writer whether its commit took effect.
pub async fn mark_batch(
    transaction: &Transaction,
    batch: BatchId,
    now_ms: i64,
) -> Result<(), DbErr> {
    let mark = writer_batch::Model {
        id: batch,
        committed_ms: now_ms,
    };
    super::bulk::insert::<_, writer_batch::ActiveModel, _>(transaction, vec![mark]).await
}

/// Returns whether a batch was committed.
///
/// The caller must hold the positions of the batch. This ensures that a commit on a broken connection has finished.
pub async fn batch_is_committed(transaction: &Transaction, batch: BatchId) -> Result<bool, DbErr> {
    let mark = writer_batch::Entity::find_by_id(batch)
        .one(transaction)
        .await?;
    Ok(mark.is_some())
}
