//! Writing the ends of leases, in batches, each only where its fence still matches.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::{Completion, Ending};
use crate::Transaction;
use crate::database::statement;
use crate::ids::DeliveryId;
use crate::queries::bulk::{self, List};

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

/// `state` null gives the row back as it was. Owners are compared in a way that no index offers: in a
/// backlog hardly any row has one, so the planner would take the index on them for a unique one, and
/// read every leased row for each ending.
const POSTGRES_COMPLETE: &str = ", gone AS (
    DELETE FROM delivery d USING ending
    WHERE d.id = ending.id AND d.claim_no = ending.claim_no AND d.owner IS NOT DISTINCT FROM ending.owner
      AND ending.state = 'delivered'
    RETURNING d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt + 1 AS attempt,
        ending.attempt_id, ending.outcome, ending.at_ms, ending.latency_ms,
        ending.response_status, ending.error, ending.response_excerpt
), kept AS (
    UPDATE delivery d SET owner = NULL,
        state = coalesce(ending.state, d.state),
        due_ms = coalesce(ending.due_ms, d.due_ms),
        attempt = CASE WHEN ending.attempt_id IS NULL THEN d.attempt ELSE d.attempt + 1 END,
        response_status = CASE WHEN ending.attempt_id IS NULL THEN d.response_status ELSE ending.response_status END
    FROM ending
    WHERE d.id = ending.id AND d.claim_no = ending.claim_no AND d.owner IS NOT DISTINCT FROM ending.owner
      AND ending.state IS DISTINCT FROM 'delivered'
    RETURNING d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt,
        ending.attempt_id, ending.outcome, ending.at_ms, ending.latency_ms,
        ending.response_status, ending.error, ending.response_excerpt
), done AS (
    SELECT * FROM gone UNION ALL SELECT * FROM kept
), history AS (
    INSERT INTO delivery_attempt (delivery_id, message_id, endpoint_id, creditor_id, attempt,
        id, outcome, at_ms, latency_ms, response_status, error, response_excerpt)
    SELECT * FROM done WHERE attempt_id IS NOT NULL
)
SELECT id FROM done";

const SQLITE_HISTORY: &str = "
INSERT INTO delivery_attempt (id, delivery_id, message_id, endpoint_id, creditor_id, attempt,
    outcome, at_ms, latency_ms, response_status, error, response_excerpt)
SELECT ending.attempt_id, d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt + 1,
    ending.outcome, ending.at_ms, ending.latency_ms, ending.response_status, ending.error, ending.response_excerpt
FROM ending CROSS JOIN delivery d
WHERE d.id = ending.id AND d.claim_no = ending.claim_no AND d.owner = ending.owner AND ending.attempt_id IS NOT NULL";

const SQLITE_GONE: &str = "
DELETE FROM delivery WHERE (id, claim_no, owner) IN (
    SELECT id, claim_no, owner FROM ending WHERE state = 'delivered')
RETURNING id";

const SQLITE_KEPT: &str = "
UPDATE delivery SET owner = NULL,
    state = coalesce(ending.state, delivery.state),
    due_ms = coalesce(ending.due_ms, delivery.due_ms),
    attempt = CASE WHEN ending.attempt_id IS NULL THEN delivery.attempt ELSE delivery.attempt + 1 END,
    response_status = CASE WHEN ending.attempt_id IS NULL THEN delivery.response_status ELSE ending.response_status END
FROM ending
WHERE ending.state IS NOT 'delivered'
  AND delivery.id = ending.id AND delivery.claim_no = ending.claim_no AND delivery.owner = ending.owner
RETURNING id";

/// Ends leases: delivered rows leave the hot table, failed ones wait for their next attempt, and
/// what was tried is appended to the history, all only where the fence matches. Answers the rows
/// that did match; the others have been rescued, and whoever leased them since will end them.
///
/// No two completions of a batch may have the same fence.
///
/// # Errors
/// Whatever the database says; then nothing was written.
pub async fn complete(
    transaction: &Transaction,
    completions: &[Completion],
) -> Result<Vec<DeliveryId>, DbErr> {
    let mut done = Vec::with_capacity(completions.len());
    for some in completions.chunks(bulk::ROWS) {
        done.extend(match transaction.get_database_backend() {
            DbBackend::Postgres => ids(transaction, POSTGRES_COMPLETE, some).await?,
            _ => complete_sqlite(transaction, some).await?,
        });
    }
    Ok(done)
}

/// A statement for each kind of end, and none where there is no such end.
async fn complete_sqlite(
    transaction: &Transaction,
    completions: &[Completion],
) -> Result<Vec<DeliveryId>, DbErr> {
    // The history is read off the rows, so it is written before they go.
    if completions
        .iter()
        .any(|completion| completion.attempt.is_some())
    {
        transaction
            .execute_raw(ending_with(transaction, SQLITE_HISTORY, completions))
            .await?;
    }
    let (gone, kept): (Vec<_>, Vec<_>) = completions
        .iter()
        .cloned()
        .partition(|completion| completion.ending == Ending::Delivered);
    let mut done = Vec::with_capacity(completions.len());
    for (sql, batch) in [(SQLITE_GONE, gone), (SQLITE_KEPT, kept)] {
        if !batch.is_empty() {
            done.extend(ids(transaction, sql, &batch).await?);
        }
    }
    Ok(done)
}

async fn ids(
    transaction: &Transaction,
    sql: &str,
    batch: &[Completion],
) -> Result<Vec<DeliveryId>, DbErr> {
    let rows = transaction
        .query_all_raw(ending_with(transaction, sql, batch))
        .await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// `sql` behind the list of endings, at most [`bulk::ROWS`] of them.
fn ending_with(transaction: &Transaction, sql: &str, batch: &[Completion]) -> Statement {
    let mut list = List::of(&COLUMNS);
    for completion in batch {
        list.push(cells(completion));
    }
    let (list, values) = list.named("ending", transaction.get_database_backend());
    statement(transaction, &format!("WITH {list}{sql}"), values)
}

fn cells(completion: &Completion) -> [Value; COLUMNS.len()] {
    let (state, due_ms) = match completion.ending {
        Ending::Delivered => (Some("delivered"), None),
        Ending::Failed { due_ms } => (Some("failed"), Some(due_ms)),
        Ending::Exhausted => (Some("exhausted"), None),
        Ending::Cancelled => (Some("cancelled"), None),
        Ending::Released => (None, None),
    };
    let attempt = completion.attempt.as_ref();
    let delivered = completion.ending == Ending::Delivered;
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
