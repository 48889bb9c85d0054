//! Writes completions of leases in batches. A completion takes effect only if its fence still matches.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::{Completion, CompletionOutcome, Fence};
use crate::ids::DeliveryId;
use crate::queries::bulk::{self, List};
use crate::{Database, Transaction};

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
#[derive(Debug)]
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
        let mut made = Self {
            attempts: Vec::new(),
            completions: Vec::new(),
        };
        for some in completions.chunks(bulk::ROWS) {
            match db.is_postgres() {
                true => {
                    let rows = some.iter().map(cells);
                    made.completions.push(postgres(POSTGRES_COMPLETE, rows));
                }
                false => made.on_sqlite(some),
            }
        }
        made
    }

    /// Adds one statement for each kind of completion that occurs.
    fn on_sqlite(&mut self, completions: &[Completion]) {
        let attempts = completions.iter().filter(|one| one.attempt.is_some());
        let attempts: Vec<_> = attempts.map(cells).collect();
        let is_delivered = |one: &&Completion| one.outcome == CompletionOutcome::Delivered;
        let (delivered, undelivered): (Vec<_>, Vec<_>) = completions.iter().partition(is_delivered);
        if !attempts.is_empty() {
            self.attempts
                .push(sqlite(&COLUMNS, SQLITE_INSERT_ATTEMPTS, attempts));
        }
        if !delivered.is_empty() {
            let fences = delivered.into_iter().map(|one| fence(&one.fence));
            self.completions
                .push(sqlite(&FENCE, SQLITE_DELETE_DELIVERED, fences.collect()));
        }
        if !undelivered.is_empty() {
            let rows = undelivered.into_iter().map(cells);
            self.completions
                .push(sqlite(&COLUMNS, SQLITE_UPDATE_UNDELIVERED, rows.collect()));
        }
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
    pub async fn write(self, transaction: &Transaction) -> Result<Vec<DeliveryId>, DbErr> {
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

fn postgres(sql: &str, rows: impl Iterator<Item = [Value; COLUMNS.len()]>) -> Statement {
    listed(DbBackend::Postgres, &COLUMNS, sql, rows)
}

fn sqlite<const N: usize>(
    columns: &'static [&'static str; N],
    sql: &str,
    rows: Vec<[Value; N]>,
) -> Statement {
    listed(DbBackend::Sqlite, columns, sql, rows.into_iter())
}

/// Builds `sql` with the list of completions, at most [`bulk::ROWS`], as its common table expression `ending`.
fn listed<const N: usize>(
    backend: DbBackend,
    columns: &'static [&'static str; N],
    sql: &str,
    rows: impl Iterator<Item = [Value; N]>,
) -> Statement {
    let mut list = List::of(columns);
    for row in rows {
        list.push(row);
    }
    let (list, values) = list.named("ending", backend);
    Statement::from_sql_and_values(backend, format!("WITH {list}{sql}"), values)
}

fn fence(fence: &Fence) -> [Value; FENCE.len()] {
    [
        fence.delivery.0.into(),
        fence.claim_no.into(),
        fence.owner.into(),
    ]
}

fn cells(completion: &Completion) -> [Value; COLUMNS.len()] {
    let (state, due_ms) = match completion.outcome {
        CompletionOutcome::Delivered => (Some("delivered"), None),
        CompletionOutcome::Failed { due_ms } => (Some("failed"), Some(due_ms)),
        CompletionOutcome::Exhausted => (Some("exhausted"), None),
        CompletionOutcome::Cancelled => (Some("cancelled"), None),
        CompletionOutcome::Released => (None, None),
    };
    let attempt = completion.attempt.as_ref();
    let delivered = completion.outcome == CompletionOutcome::Delivered;
    let outcome = if delivered { "delivered" } else { "failed" };
    let status = attempt.and_then(|attempt| attempt.response_status);
    [
        completion.fence.delivery.0.into(),
        completion.fence.claim_no.into(),
        completion.fence.owner.into(),
        state.map(str::to_owned).into(),
        due_ms.into(),
        attempt.map(|attempt| attempt.id).into(),
        outcome.into(),
        attempt.map(|attempt| attempt.at_ms).into(),
        attempt.map(|attempt| attempt.latency_ms).into(),
        status.map(i32::from).into(),
        attempt.and_then(|attempt| attempt.error.clone()).into(),
        attempt
            .and_then(|attempt| attempt.response_excerpt.clone())
            .into(),
    ]
}
