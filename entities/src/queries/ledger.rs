//! What a Writer writes: placements with their history, payments, disputes, idempotency records.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter};
use uuid::Uuid;

use crate::dispute::{self, DisputeStatus};
use crate::ids::{CreditorId, PlacementId};
use crate::{Transaction, idempotency_record, ledger_batch, payment, placement, placement_history};

/// Inserts new placements and writes every column of changed ones, in one statement a chunk.
///
/// # Errors
/// Whatever the database says.
pub async fn put_placements(
    transaction: &Transaction,
    placements: Vec<placement::Model>,
) -> Result<(), DbErr> {
    use placement::Column;
    // What never changes once it is placed is not rewritten.
    let changing: Vec<_> = Column::iter()
        .filter(|column| !matches!(column, Column::Id | Column::CreditorId | Column::PlacedMs))
        .collect();
    for chunk in placements.chunks(super::ROWS_PER_INSERT) {
        let rows = chunk
            .iter()
            .cloned()
            .map(IntoActiveModel::into_active_model);
        placement::Entity::insert_many::<placement::ActiveModel, _>(rows)
            .on_conflict(
                OnConflict::column(Column::Id)
                    .update_columns(changing.clone())
                    .to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Appends to the history.
///
/// # Errors
/// Whatever the database says.
pub async fn append_history(
    transaction: &Transaction,
    rows: Vec<placement_history::Model>,
) -> Result<(), DbErr> {
    super::insert_all::<_, placement_history::ActiveModel, _>(transaction, rows).await
}

/// Appends payments.
///
/// # Errors
/// Whatever the database says.
pub async fn append_payments(
    transaction: &Transaction,
    rows: Vec<payment::Model>,
) -> Result<(), DbErr> {
    super::insert_all::<_, payment::ActiveModel, _>(transaction, rows).await
}

/// Inserts new disputes and writes every column of changed ones.
///
/// # Errors
/// Whatever the database says.
pub async fn put_disputes(
    transaction: &Transaction,
    rows: Vec<dispute::Model>,
) -> Result<(), DbErr> {
    use dispute::Column;
    if rows.is_empty() {
        return Ok(());
    }
    dispute::Entity::insert_many::<dispute::ActiveModel, _>(
        rows.into_iter().map(IntoActiveModel::into_active_model),
    )
    .on_conflict(
        OnConflict::column(Column::Id)
            .update_columns([
                Column::Status,
                Column::Answer,
                Column::AnsweredMs,
                Column::AcknowledgedMs,
                Column::Resolution,
                Column::ResolvedMs,
            ])
            .to_owned(),
    )
    .exec_without_returning(transaction)
    .await
    .map(|_| ())
}

/// Open disputes of these placements, and disputes with these ids.
///
/// # Errors
/// Whatever the database says.
pub async fn disputes(
    transaction: &Transaction,
    placements: &[PlacementId],
    ids: &[Uuid],
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

/// The stored records of these keys, whichever creditor's: the caller picks its own.
///
/// # Errors
/// Whatever the database says.
pub async fn idempotency_records(
    transaction: &Transaction,
    keys: &[(CreditorId, String)],
    newer_than_ms: i64,
) -> Result<Vec<idempotency_record::Model>, DbErr> {
    use idempotency_record::Column;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut any = Condition::any();
    let mut sorted = keys.to_vec();
    sorted.sort();
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        any = any.add(
            Condition::all()
                .add(Column::CreditorId.eq(group[0].0))
                .add(Column::Key.is_in(group.iter().map(|(_, key)| key.as_str()))),
        );
    }
    idempotency_record::Entity::find()
        .filter(any)
        .filter(Column::CreatedMs.gt(newer_than_ms))
        .all(transaction)
        .await
}

/// Stores records; one that has outlived its day is replaced.
///
/// # Errors
/// Whatever the database says.
pub async fn put_idempotency_records(
    transaction: &Transaction,
    rows: Vec<idempotency_record::Model>,
) -> Result<(), DbErr> {
    use idempotency_record::Column;
    for chunk in rows.chunks(super::ROWS_PER_INSERT) {
        idempotency_record::Entity::insert_many::<idempotency_record::ActiveModel, _>(
            chunk
                .iter()
                .cloned()
                .map(IntoActiveModel::into_active_model),
        )
        .on_conflict(
            OnConflict::columns([Column::CreditorId, Column::Key])
                .update_columns([
                    Column::Fingerprint,
                    Column::Operation,
                    Column::PlacementId,
                    Column::Outcome,
                    Column::CreatedMs,
                ])
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    }
    Ok(())
}

/// Forgets the stored answers of `operation` on a placement: they are no longer true.
///
/// # Errors
/// Whatever the database says.
pub async fn forget_answers(
    transaction: &Transaction,
    placement: PlacementId,
    operation: &str,
) -> Result<(), DbErr> {
    use idempotency_record::Column;
    idempotency_record::Entity::delete_many()
        .filter(Column::PlacementId.eq(placement))
        .filter(Column::Operation.eq(operation))
        .exec(transaction)
        .await
        .map(|_| ())
}

/// Leaves the mark by which a Writer learns whether its commit happened.
///
/// # Errors
/// Whatever the database says.
pub async fn mark_batch(transaction: &Transaction, batch: Uuid, now_ms: i64) -> Result<(), DbErr> {
    let mark = ledger_batch::Model {
        id: batch,
        committed_ms: now_ms,
    };
    super::insert_all::<_, ledger_batch::ActiveModel, _>(transaction, vec![mark]).await
}

/// Whether a batch was committed. The caller holds the batch's positions, so that a commit which
/// is still under way on a broken connection has ended one way or the other.
///
/// # Errors
/// Whatever the database says.
pub async fn batch_is_committed(transaction: &Transaction, batch: Uuid) -> Result<bool, DbErr> {
    let mark = ledger_batch::Entity::find_by_id(batch)
        .one(transaction)
        .await?;
    Ok(mark.is_some())
}
