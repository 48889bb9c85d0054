//! Removing what has had its time from the webhook tables, a bounded number of rows a statement.
//!
//! Ids are UUID v7, so whatever is older than some time is a range of the primary key: no index is
//! needed for it, and nothing younger is ever read.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::{NoContext, Timestamp, Uuid};

use super::node::CleanupResult;
use crate::Database;
use crate::database::statement;
use crate::ids::CreditorId;

/// Messages go so long after the attempts that tell of them: the last attempt may be that late.
const EXTRA_MESSAGE_RETENTION_MS: i64 = 7 * 24 * 3_600_000;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Payloads, and with them what could still be delivered or replayed, milliseconds.
    pub payloads_ms: i64,
    /// Attempts, milliseconds.
    pub attempts_ms: i64,
}

/// What did not arrive until then cannot be sent any more. Nothing that is being sent is touched.
const UNDELIVERED: &str = "
DELETE FROM delivery WHERE owner IS NULL AND id IN
    (SELECT id FROM delivery WHERE id < $1 AND owner IS NULL ORDER BY id LIMIT $2)";

const ATTEMPTS: &str = "
DELETE FROM delivery_attempt WHERE id IN
    (SELECT id FROM delivery_attempt WHERE id < $1 ORDER BY id LIMIT $2)";

const MESSAGES: &str = "
DELETE FROM message WHERE id IN (SELECT id FROM message WHERE id < $1 ORDER BY id LIMIT $2)";

/// The next messages whose payload has had its time; those before the cursor have none any more.
const PAYLOADS: &str = "
UPDATE message SET payload = '' WHERE id IN
    (SELECT id FROM message WHERE id > $3 AND id < $1 ORDER BY id LIMIT $2)
RETURNING id";

/// One round: at most `batch` rows of each kind.
///
/// # Errors
/// Whatever the database says; what was removed before stays removed.
pub async fn prune(
    database: &Database,
    keep: Retention,
    now_ms: i64,
    batch: u32,
) -> Result<CleanupResult, DbErr> {
    let mut cleaned = CleanupResult::default();
    let messages_ms = keep.attempts_ms.saturating_add(EXTRA_MESSAGE_RETENTION_MS);
    for (sql, age_ms) in [
        (UNDELIVERED, keep.payloads_ms),
        (ATTEMPTS, keep.attempts_ms),
        (MESSAGES, messages_ms),
    ] {
        let writer = database.writer();
        let values = [min_id_at(now_ms - age_ms).into(), i64::from(batch).into()];
        let removed = writer.execute_raw(statement(writer, sql, values)).await?;
        cleaned.add(removed.rows_affected(), batch);
    }
    let erased = erase_old_payloads(database, min_id_at(now_ms - keep.payloads_ms), batch).await?;
    cleaned.add(erased, batch);
    Ok(cleaned)
}

/// The smallest id of that time.
fn min_id_at(at_ms: i64) -> Uuid {
    let at_ms = u64::try_from(at_ms).unwrap_or_default();
    let (seconds, millis) = (
        at_ms / 1_000,
        u32::try_from(at_ms % 1_000).unwrap_or_default(),
    );
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, millis * 1_000_000));
    // Without its random part.
    let mut bytes = *id.as_bytes();
    bytes[6..].fill(0);
    Uuid::from_bytes(bytes)
}

/// One process at a time walks; the others pass over it.
async fn erase_old_payloads(database: &Database, bound: Uuid, batch: u32) -> Result<u64, DbErr> {
    let transaction = database.begin().await?;
    let lock = match transaction.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!("SELECT position FROM retention_cursor WHERE name = 'payloads'{lock}");
    let row = transaction
        .query_one_raw(statement(&transaction, &sql, []))
        .await?;
    let Some(row) = row else {
        transaction.rollback().await?;
        return Ok(0);
    };
    let cursor: Uuid = row.try_get("", "position")?;
    let values = [bound.into(), i64::from(batch).into(), cursor.into()];
    let erased = transaction
        .query_all_raw(statement(&transaction, PAYLOADS, values))
        .await?;
    let ids = erased.iter().map(|row| row.try_get("", "id"));
    let last: Option<Uuid> = ids.collect::<Result<Vec<Uuid>, _>>()?.into_iter().max();
    if let Some(last) = last {
        transaction
            .execute_raw(statement(
                &transaction,
                "UPDATE retention_cursor SET position = $1 WHERE name = 'payloads'",
                [last.into()],
            ))
            .await?;
    }
    transaction.commit().await?;
    Ok(erased.len() as u64)
}

/// What erasing a page of one placement's payloads did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Payloads that are gone.
    pub payloads: u64,
    /// Deliveries that were still to be sent, and are not.
    pub deliveries: u64,
}

/// Erases the payloads of a placement among a creditor's messages of these sequences, and takes
/// what was to be delivered of them out of the queue. A message names its placement nowhere but in
/// its payload: erasing is rare, and an index for it would be paid for by every event.
///
/// # Errors
/// Whatever the database says; then nothing of this page was erased.
pub async fn erase_placement(
    database: &Database,
    creditor: CreditorId,
    placement: Uuid,
    sequences: std::ops::RangeInclusive<i64>,
) -> Result<Erased, DbErr> {
    let transaction = database.begin().await?;
    let pattern = format!("%\"placement_id\":\"{placement}\"%");
    let values = || {
        [
            creditor.into(),
            (*sequences.start()).into(),
            (*sequences.end()).into(),
            pattern.as_str().into(),
        ]
    };
    let deliveries = transaction
        .execute_raw(statement(
            &transaction,
            "DELETE FROM delivery WHERE creditor_id = $1 AND owner IS NULL AND message_id IN \
             (SELECT id FROM message WHERE creditor_id = $1 AND sequence >= $2 AND sequence <= $3 AND payload LIKE $4)",
            values(),
        ))
        .await?;
    let payloads = transaction
        .execute_raw(statement(
            &transaction,
            "UPDATE message SET payload = '' \
             WHERE creditor_id = $1 AND sequence >= $2 AND sequence <= $3 AND payload LIKE $4",
            values(),
        ))
        .await?;
    transaction.commit().await?;
    Ok(Erased {
        payloads: payloads.rows_affected(),
        deliveries: deliveries.rows_affected(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_time_lie_between_its_bounds() {
        let at_ms = 1_780_272_000_123_u64;
        let time = Timestamp::from_unix(NoContext, at_ms / 1_000, 123_000_000);
        let id = Uuid::new_v7(time);
        let at_ms = i64::try_from(at_ms).expect("fits");
        assert!(min_id_at(at_ms) < id && id < min_id_at(at_ms + 1));
        assert!(min_id_at(-1) < min_id_at(1));
    }
}
