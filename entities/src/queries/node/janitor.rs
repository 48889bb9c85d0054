//! Removes expired rows. Every statement removes a bounded number of rows, and the failure of one stops no other.

use sea_orm::DbErr;

use crate::queries::delivery::cancel_disabled;
use crate::sql::{self, params};
use crate::{Database, Result};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Ended keys. The automatic key of a creditor and the newest one of each scope stay: they show that a key was issued, so
/// that no second one is issued automatically.
macro_rules! ended_keys {
    () => {
        "SELECT k.id FROM api_key k WHERE k.state = 'ended' AND k.ended_ms < $1 AND k.origin <> 'automatic' \
         AND EXISTS (SELECT 1 FROM api_key n WHERE n.creditor_id = k.creditor_id AND n.scope = k.scope AND n.created_ms > k.created_ms) \
         ORDER BY k.ended_ms LIMIT $2"
    };
}

/// Old provider events that a newer one of the same account and gate supersedes, and those without a fact. The newest
/// fact of an account stays, because linking the account replays it.
macro_rules! superseded_events {
    () => {
        "SELECT e.id FROM onboarding_event e WHERE e.received_ms < $1 AND (e.gate IS NULL OR EXISTS \
         (SELECT 1 FROM onboarding_event n WHERE n.provider = e.provider AND n.external_id = e.external_id \
          AND n.gate = e.gate AND n.occurred_ms > e.occurred_ms))"
    };
}

/// Removed endpoints. A creditor's primary endpoint stays.
macro_rules! removed_endpoints {
    () => {
        "SELECT id FROM webhook_endpoint WHERE url = '' AND NOT is_primary AND updated_ms < $1 \
         ORDER BY updated_ms LIMIT $2"
    };
}

/// Statements and the age in milliseconds at which their rows expire. The parameters are a time and a number of rows.
/// A row that can be renewed has its age checked once more outside the subquery, because Postgres checks only that part
/// again when it has waited for the renewal.
/// The newest entry of the control feed is kept.
const STALE: [(&str, i64); 12] = [
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
    (
        "DELETE FROM webhook_secret WHERE id IN \
         (SELECT id FROM webhook_secret WHERE expires_ms IS NOT NULL AND expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        30 * DAY_MS,
    ),
    (
        concat!(
            "DELETE FROM webhook_secret WHERE endpoint_id IN (",
            removed_endpoints!(),
            ")"
        ),
        REMOVED_ENDPOINT_MS,
    ),
    (
        concat!(
            "DELETE FROM webhook_endpoint WHERE id IN (",
            removed_endpoints!(),
            ")"
        ),
        REMOVED_ENDPOINT_MS,
    ),
    (
        "DELETE FROM webhook_recovery WHERE id IN \
         (SELECT id FROM webhook_recovery WHERE state = 'done' AND updated_ms < $1 ORDER BY updated_ms LIMIT $2)",
        90 * DAY_MS,
    ),
    (
        concat!(
            "DELETE FROM api_key_use WHERE key_id IN (",
            ended_keys!(),
            ")"
        ),
        ENDED_KEY_MS,
    ),
    (
        concat!("DELETE FROM api_key WHERE id IN (", ended_keys!(), ")"),
        ENDED_KEY_MS,
    ),
    (
        concat!(
            "DELETE FROM onboarding_event WHERE creditor_id IS NULL AND id IN (",
            superseded_events!(),
            " AND e.creditor_id IS NULL ORDER BY e.received_ms LIMIT $2)"
        ),
        90 * DAY_MS,
    ),
    (
        concat!(
            "DELETE FROM onboarding_event WHERE id IN (",
            superseded_events!(),
            " ORDER BY e.received_ms LIMIT $2)"
        ),
        400 * DAY_MS,
    ),
];

/// Longer than deliveries and attempts, which name the endpoint, are kept by default.
const REMOVED_ENDPOINT_MS: i64 = 400 * DAY_MS;
/// For this long an ended key is refused as ended. Afterwards it is unknown.
const ENDED_KEY_MS: i64 = 400 * DAY_MS;

/// Result of a cleanup round.
#[derive(Debug, Default)]
pub struct CleanupResult {
    /// Number of rows that were removed, or cancelled in the queue.
    pub rows: u64,
    /// Whether a statement reached its limit, so that more rows may remain.
    pub more: bool,
    /// The errors of the statements that failed. The others have run.
    pub failures: Vec<DbErr>,
}

/// Runs one round, which removes at most `batch` rows of each kind.
pub async fn clean(database: &Database, now_ms: i64, batch: u32) -> CleanupResult {
    let writer = database.writer();
    let mut cleaned = CleanupResult::default();
    for (text, age_ms) in STALE {
        let values = params![now_ms - age_ms, i64::from(batch)];
        cleaned.add(sql::execute(writer, text, values).await, batch);
    }
    cleaned.and(cancel_disabled(writer, batch).await)
}

impl CleanupResult {
    /// Combines two results.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rows += other.rows;
        self.more |= other.more;
        self.failures.extend(other.failures);
        self
    }

    pub(crate) fn add(&mut self, removed: Result<u64>, batch: u32) {
        match removed {
            Ok(rows) => {
                self.rows += rows;
                self.more |= rows >= u64::from(batch);
            }
            Err(error) => self.failures.push(error),
        }
    }
}
