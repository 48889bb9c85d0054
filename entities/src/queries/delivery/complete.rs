//! Writes completions of leases in batches. A completion takes effect only if its fence still matches.

use sea_orm::DatabaseBackend::{self, Postgres, Sqlite};
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{Completion, CompletionOutcome};
use crate::ids::DeliveryId;
use crate::queries::bulk::{self, List};
use crate::sql::params;
use crate::{Database, Result, Transaction};

const COLUMNS: [&str; 12] = [
    "id",
    "claim_no",
    "owner",
    "state",
    "due_ms",
    "attempt_id",
    "outcome",
    "at_ms",
    "latency_ms",
    "response_status",
    "error",
    "response_excerpt",
];

const FENCE: [&str; 3] = ["id", "claim_no", "owner"];

/// A null `state` releases the row unchanged.
///
/// The statement looks up each row by a range that only the primary key can serve, and then changes it by `ctid`.
/// Otherwise a plan that was cached while the table was empty could scan the entire table, even with half a million
/// rows. A row that another transaction has changed meanwhile has another `ctid` and is not touched.
const POSTGRES_COMPLETE: &str = ", found AS MATERIALIZED (
    SELECT ending.*, d.place, d.message_id, d.endpoint_id, d.creditor_id
    FROM ending CROSS JOIN LATERAL (
        SELECT d.ctid AS place, d.claim_no, d.owner, d.message_id, d.endpoint_id, d.creditor_id FROM delivery d
        WHERE d.id >= ending.id AND d.id <= ending.id ORDER BY d.id LIMIT 1
    ) d
    WHERE d.claim_no = ending.claim_no AND d.owner = ending.owner
), gone AS (
    DELETE FROM delivery d USING found
    WHERE d.ctid = found.place AND found.state = 'delivered'
    RETURNING d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt + 1 AS attempt,
        found.attempt_id, found.outcome, found.at_ms, found.latency_ms,
        found.response_status, found.error, found.response_excerpt
), kept AS (
    UPDATE delivery d SET owner = NULL,
        state = coalesce(found.state, d.state),
        due_ms = coalesce(found.due_ms, d.due_ms),
        attempt = CASE WHEN found.attempt_id IS NULL THEN d.attempt ELSE d.attempt + 1 END,
        response_status = CASE WHEN found.attempt_id IS NULL THEN d.response_status ELSE found.response_status END
    FROM found
    WHERE d.ctid = found.place AND found.state IS DISTINCT FROM 'delivered'
    RETURNING d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt,
        found.attempt_id, found.outcome, found.at_ms, found.latency_ms,
        found.response_status, found.error, found.response_excerpt
), done AS (
    SELECT * FROM gone UNION ALL SELECT * FROM kept
), history AS (
    INSERT INTO delivery_attempt (delivery_id, message_id, endpoint_id, creditor_id, attempt,
        id, outcome, at_ms, latency_ms, response_status, error, response_excerpt)
    SELECT * FROM done WHERE attempt_id IS NOT NULL
)
SELECT id FROM done";

/// With FAIL, SQLite keeps no statement journal. It needs none, because the caller rolls the transaction back after an
/// error.
const SQLITE_INSERT_ATTEMPTS: &str = "
INSERT OR FAIL INTO delivery_attempt (id, delivery_id, message_id, endpoint_id, creditor_id, attempt,
    outcome, at_ms, latency_ms, response_status, error, response_excerpt)
SELECT ending.attempt_id, d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt + 1,
    ending.outcome, ending.at_ms, ending.latency_ms, ending.response_status, ending.error, ending.response_excerpt
FROM ending CROSS JOIN delivery d
WHERE d.id = ending.id AND d.claim_no = ending.claim_no AND d.owner = ending.owner AND ending.attempt_id IS NOT NULL";

const SQLITE_DELETE_DELIVERED: &str = "
DELETE FROM delivery WHERE (id, claim_no, owner) IN (
    SELECT id, claim_no, owner FROM ending)
RETURNING id";

const SQLITE_UPDATE_UNDELIVERED: &str = "
UPDATE delivery SET owner = NULL,
    state = coalesce(ending.state, delivery.state),
    due_ms = coalesce(ending.due_ms, delivery.due_ms),
    attempt = CASE WHEN ending.attempt_id IS NULL THEN delivery.attempt ELSE delivery.attempt + 1 END,
    response_status = CASE WHEN ending.attempt_id IS NULL THEN delivery.response_status ELSE ending.response_status END
FROM ending
WHERE ending.state IS NOT 'delivered'
  AND delivery.id = ending.id AND delivery.claim_no = ending.claim_no AND delivery.owner = ending.owner
RETURNING id";

/// Statements that write completions. They are built before the transaction begins, because on SQLite all writers wait
/// for an open transaction.
#[derive(Debug, Default)]
pub struct Completions {
    /// These run first, because they read the rows that the completions delete.
    attempts: Vec<Statement>,
    /// These return the rows whose fence matched.
    completions: Vec<Statement>,
}

impl Completions {
    /// Builds the statements. No two completions may have the same fence.
    #[must_use]
    pub fn of(db: &Database, completions: &[Completion]) -> Self {
        let mut made = Self::default();
        for some in completions.chunks(bulk::ROWS) {
            if db.is_postgres() {
                let rows = some.iter().map(cells);
                let all = listed(Postgres, &COLUMNS, POSTGRES_COMPLETE, rows);
                made.completions.extend(all);
            } else {
                made.on_sqlite(some);
            }
        }
        made
    }

    /// Adds one statement for each kind of completion that occurs.
    fn on_sqlite(&mut self, completions: &[Completion]) {
        let is_delivered = |one: &&Completion| one.outcome == CompletionOutcome::Delivered;
        let (delivered, undelivered): (Vec<_>, Vec<_>) = completions.iter().partition(is_delivered);
        let attempted = completions.iter().filter(|one| one.attempt.is_some());
        let rows = attempted.map(cells);
        let attempts = listed(Sqlite, &COLUMNS, SQLITE_INSERT_ATTEMPTS, rows);
        let fences = delivered.into_iter().map(fence);
        let deleted = listed(Sqlite, &FENCE, SQLITE_DELETE_DELIVERED, fences);
        let rows = undelivered.into_iter().map(cells);
        let updated = listed(Sqlite, &COLUMNS, SQLITE_UPDATE_UNDELIVERED, rows);
        self.attempts.extend(attempts);
        self.completions.extend(deleted.into_iter().chain(updated));
    }

    /// Returns all statements, so that a test can check their plans.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.attempts.iter().chain(&self.completions)
    }

    /// Ends the leases: deletes delivered rows, updates all others, and appends the attempts to the history.
    ///
    /// Returns the rows whose fence matched. The other rows have been rescued and are not changed.
    ///
    /// After an error the caller must roll the transaction back, because a part may have been written.
    pub async fn write(self, transaction: &Transaction) -> Result<Vec<DeliveryId>> {
        for statement in self.attempts {
            transaction.execute_raw(statement).await?;
        }
        let mut done = Vec::new();
        for statement in self.completions {
            for row in transaction.query_all_raw(statement).await? {
                done.push(row.try_get("", "id")?);
            }
        }
        Ok(done)
    }
}

/// Builds `sql` with the list of completions, at most [`bulk::ROWS`], as its common table expression `ending`. Returns
/// `None` if the list is empty.
fn listed<const N: usize>(
    backend: DatabaseBackend,
    columns: &'static [&'static str; N],
    sql: &str,
    rows: impl Iterator<Item = [Value; N]>,
) -> Option<Statement> {
    let mut rows = rows.peekable();
    rows.peek()?;
    let mut list = List::of(columns);
    rows.for_each(|row| list.push(row));
    let (list, values) = list.named("ending", backend);
    let text = format!("WITH {list}{sql}");
    Some(Statement::from_sql_and_values(backend, text, values))
}

fn fence(completion: &Completion) -> [Value; FENCE.len()] {
    let fence = completion.fence;
    params![fence.delivery, fence.claim_no, fence.owner]
}

fn cells(completion: &Completion) -> [Value; COLUMNS.len()] {
    let (state, due_ms) = match completion.outcome {
        CompletionOutcome::Delivered => (Some("delivered"), None),
        CompletionOutcome::Failed { due_ms } => (Some("failed"), Some(due_ms)),
        CompletionOutcome::Exhausted => (Some("exhausted"), None),
        CompletionOutcome::Cancelled => (Some("cancelled"), None),
        CompletionOutcome::Released => (None, None),
    };
    let delivered = completion.outcome == CompletionOutcome::Delivered;
    let attempt = completion.attempt.as_ref();
    params![
        completion.fence.delivery,
        completion.fence.claim_no,
        completion.fence.owner,
        state.map(str::to_owned),
        due_ms,
        attempt.map(|attempt| attempt.id),
        if delivered { "delivered" } else { "failed" },
        attempt.map(|attempt| attempt.at_ms),
        attempt.map(|attempt| attempt.latency_ms),
        attempt.and_then(|attempt| attempt.response_status.map(i32::from)),
        attempt.and_then(|attempt| attempt.error.clone()),
        attempt.and_then(|attempt| attempt.response_excerpt.clone()),
    ]
}
