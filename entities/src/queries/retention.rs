//! Removes expired rows and payloads from the webhook tables. Every statement removes a bounded number of rows.
//!
//! Ids are UUID v7, so the rows older than a time are a range of the primary key. No further index is needed, and newer
//! rows are never read.

use uuid::{NoContext, Timestamp, Uuid};

use super::node::CleanupResult;
use crate::database::row_lock;
use crate::ids::{CreditorId, MessageId, PlacementId};
use crate::sql::{self, params};
use crate::{ConnectionTrait, Database, Result};

/// How much longer messages are kept than attempts, because the last attempt of a message can be this late.
const EXTRA_MESSAGE_RETENTION_MS: i64 = 7 * 24 * 3_600_000;

/// Retention periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Retention of payloads and undelivered rows, milliseconds. A message without a payload cannot be delivered or
    /// replayed.
    pub payloads_ms: i64,
    /// Retention of attempts, milliseconds.
    pub attempts_ms: i64,
}

/// Deletes rows that can no longer be sent. Leased rows are kept.
const UNDELIVERED: &str = "
DELETE FROM delivery WHERE owner IS NULL AND id IN
    (SELECT id FROM delivery WHERE id < $1 AND owner IS NULL ORDER BY id LIMIT $2)";

const ATTEMPTS: &str = "
DELETE FROM delivery_attempt WHERE id IN
    (SELECT id FROM delivery_attempt WHERE id < $1 ORDER BY id LIMIT $2)";

const MESSAGES: &str = "
DELETE FROM message WHERE id IN (SELECT id FROM message WHERE id < $1 ORDER BY id LIMIT $2)";

/// Erases the payloads of the next expired messages. Those up to the cursor are already erased.
const PAYLOADS: &str = "
UPDATE message SET payload = '' WHERE id IN
    (SELECT id FROM message WHERE id > $3 AND id < $1 ORDER BY id LIMIT $2)
RETURNING id";

/// Runs one round, which removes at most `batch` rows of each kind.
pub async fn prune(database: &Database, keep: Retention, now_ms: i64, batch: u32) -> CleanupResult {
    let mut cleaned = CleanupResult::default();
    let messages_ms = keep.attempts_ms.saturating_add(EXTRA_MESSAGE_RETENTION_MS);
    for (text, age_ms) in [
        (UNDELIVERED, keep.payloads_ms),
        (ATTEMPTS, keep.attempts_ms),
        (MESSAGES, messages_ms),
    ] {
        let values = params![min_id_at(now_ms - age_ms), i64::from(batch)];
        cleaned.add(sql::execute(database.writer(), text, values).await, batch);
    }
    let erased = erase_old_payloads(database, min_id_at(now_ms - keep.payloads_ms), batch).await;
    cleaned.add(erased, batch);
    cleaned
}

/// Returns the smallest UUID v7 of a time (epoch milliseconds).
fn min_id_at(at_ms: i64) -> Uuid {
    let at_ms = u64::try_from(at_ms).unwrap_or_default();
    let nanos = u32::try_from(at_ms % 1_000 * 1_000_000).unwrap_or_default();
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, at_ms / 1_000, nanos));
    // Clears the version and the random part.
    let mut bytes = *id.as_bytes();
    bytes[6..].fill(0);
    Uuid::from_bytes(bytes)
}

/// Advances the cursor. One process at a time does this; the others skip it.
async fn erase_old_payloads(database: &Database, bound: Uuid, batch: u32) -> Result<u64> {
    const ADVANCE: &str = "UPDATE retention_cursor SET position = $1 WHERE name = 'payloads'";
    let transaction = database.begin().await?;
    let lock = row_lock(&transaction, " FOR UPDATE SKIP LOCKED");
    let text = format!("SELECT position FROM retention_cursor WHERE name = 'payloads'{lock}");
    let cursor: Option<MessageId> = sql::value(&transaction, &text, []).await?;
    let Some(cursor) = cursor else {
        transaction.rollback().await?;
        return Ok(0);
    };
    let values = params![bound, i64::from(batch), cursor];
    let erased: Vec<MessageId> = sql::values(&transaction, PAYLOADS, values).await?;
    if let Some(last) = erased.iter().max() {
        sql::execute(&transaction, ADVANCE, params![*last]).await?;
    }
    transaction.commit().await?;
    Ok(erased.len() as u64)
}

/// Result of erasing a page of payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Number of payloads that were erased.
    pub payloads: u64,
    /// Number of queued deliveries that were deleted.
    pub deliveries: u64,
}

/// Erases the payloads of a placement among the creditor's messages with these sequences, and deletes their queued
/// deliveries. The caller commits both.
///
/// Only the payload names the placement. There is no index for it, because erasure is rare and every event would pay
/// for the index.
pub async fn erase_placement(
    transaction: &impl ConnectionTrait,
    creditor: CreditorId,
    placement: PlacementId,
    sequences: std::ops::RangeInclusive<i64>,
) -> Result<Erased> {
    const DELETE_QUEUED: &str = "
DELETE FROM delivery WHERE creditor_id = $1 AND owner IS NULL AND message_id IN
    (SELECT id FROM message WHERE creditor_id = $1 AND sequence >= $2 AND sequence <= $3 AND payload LIKE $4)";
    const ERASE_PAYLOADS: &str = "
UPDATE message SET payload = ''
WHERE creditor_id = $1 AND sequence >= $2 AND sequence <= $3 AND payload LIKE $4";
    let pattern = format!("%\"placement_id\":\"{placement}\"%");
    let (first, last) = sequences.into_inner();
    let values = params![creditor, first, last, pattern];
    let deliveries = sql::execute(transaction, DELETE_QUEUED, values.clone()).await?;
    let payloads = sql::execute(transaction, ERASE_PAYLOADS, values).await?;
    Ok(Erased {
        payloads,
        deliveries,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_lies_between_bounds_of_its_millisecond() {
        let at_ms = 1_780_272_000_123_u64;
        let time = Timestamp::from_unix(NoContext, at_ms / 1_000, 123_000_000);
        let id = Uuid::new_v7(time);
        let at_ms = i64::try_from(at_ms).expect("fits");
        assert!(min_id_at(at_ms) < id && id < min_id_at(at_ms + 1));
        assert!(min_id_at(-1) < min_id_at(1));
    }
}
