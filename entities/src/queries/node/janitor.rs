//! Removes expired rows. Every statement removes a bounded number of rows.

use crate::queries::delivery::cancel_disabled;
use crate::sql::{self, params};
use crate::{Database, Result};

const HOUR_MS: i64 = 3_600_000;

/// Statements and the age in milliseconds at which their rows expire. The parameters are a time and a number of rows.
/// A row that can be renewed has its age checked once more outside the subquery, because Postgres checks only that part
/// again when it has waited for the renewal.
/// The newest entry of the control feed is kept.
const STALE: [(&str, i64); 4] = [
    (
        "DELETE FROM idempotency_record WHERE created_ms < $1 AND (creditor_id, key) IN \
         (SELECT creditor_id, key FROM idempotency_record WHERE created_ms < $1 ORDER BY created_ms LIMIT $2)",
        24 * HOUR_MS,
    ),
    (
        "DELETE FROM writer_batch WHERE id IN \
         (SELECT id FROM writer_batch WHERE committed_ms < $1 ORDER BY committed_ms LIMIT $2)",
        HOUR_MS,
    ),
    (
        "DELETE FROM session WHERE expires_ms < $1 AND id IN \
         (SELECT id FROM session WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        0,
    ),
    (
        "DELETE FROM control_feed WHERE number IN \
         (SELECT number FROM control_feed WHERE at_ms < $1 \
          AND number < (SELECT max(number) FROM control_feed) ORDER BY number LIMIT $2)",
        HOUR_MS,
    ),
];

/// Result of a cleanup round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanupResult {
    /// Number of rows that were removed, or cancelled in the queue.
    pub rows: u64,
    /// Whether a statement reached its limit, so that more rows may remain.
    pub more: bool,
}

/// Runs one round, which removes at most `batch` rows of each kind. After an error, the rows that were removed before
/// stay removed.
pub async fn clean(database: &Database, now_ms: i64, batch: u32) -> Result<CleanupResult> {
    let writer = database.writer();
    let mut cleaned = CleanupResult::default();
    for (text, age_ms) in STALE {
        let values = params![now_ms - age_ms, i64::from(batch)];
        cleaned.add(sql::execute(writer, text, values).await?, batch);
    }
    Ok(cleaned.and(cancel_disabled(writer, batch).await?))
}

impl CleanupResult {
    /// Combines two results.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            more: self.more || other.more,
        }
    }

    pub(crate) fn add(&mut self, rows: u64, batch: u32) {
        self.rows += rows;
        self.more |= rows >= u64::from(batch);
    }
}
