//! Writing the ends of leases, in batches, each only where its fence still matches.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use serde_json::json;

use super::{Completion, Ending};
use crate::Transaction;
use crate::database::statement;
use crate::ids::DeliveryId;

/// `state` null gives the row back as it was. Owners are compared in a way that no index offers: in a
/// backlog hardly any row has one, so the planner would take the index on them for a unique one, and
/// read every leased row for each ending.
const POSTGRES_COMPLETE: &str = "
WITH ending AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS ending (
        id uuid, claim_no bigint, owner bigint, state text, due_ms bigint, attempt_id uuid, outcome text,
        at_ms bigint, latency_ms bigint, response_status integer, error text, response_excerpt text)
), gone AS (
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
SELECT unhex(ending.value ->> 'attempt_id', '-'), d.id, d.message_id, d.endpoint_id, d.creditor_id, d.attempt + 1,
    ending.value ->> 'outcome', ending.value ->> 'at_ms', ending.value ->> 'latency_ms',
    ending.value ->> 'response_status', ending.value ->> 'error', ending.value ->> 'response_excerpt'
FROM json_each($1) AS ending CROSS JOIN delivery d
WHERE d.id = unhex(ending.value ->> 'id', '-') AND d.claim_no = ending.value ->> 'claim_no'
  AND d.owner = ending.value ->> 'owner' AND ending.value ->> 'attempt_id' IS NOT NULL";

const SQLITE_GONE: &str = "
DELETE FROM delivery WHERE (id, claim_no, owner) IN (
    SELECT unhex(ending.value ->> 'id', '-'), ending.value ->> 'claim_no', ending.value ->> 'owner'
    FROM json_each($1) AS ending WHERE ending.value ->> 'state' = 'delivered')
RETURNING id";

const SQLITE_KEPT: &str = "
UPDATE delivery SET owner = NULL,
    state = coalesce(ending.state, delivery.state),
    due_ms = coalesce(ending.due_ms, delivery.due_ms),
    attempt = CASE WHEN ending.attempt_id IS NULL THEN delivery.attempt ELSE delivery.attempt + 1 END,
    response_status = CASE WHEN ending.attempt_id IS NULL THEN delivery.response_status ELSE ending.response_status END
FROM (SELECT unhex(value ->> 'id', '-') AS id, value ->> 'claim_no' AS claim_no, value ->> 'owner' AS owner,
        value ->> 'state' AS state, value ->> 'due_ms' AS due_ms, value ->> 'attempt_id' AS attempt_id,
        value ->> 'response_status' AS response_status
      FROM json_each($1) WHERE value ->> 'state' IS NOT 'delivered') AS ending
WHERE delivery.id = ending.id AND delivery.claim_no = ending.claim_no AND delivery.owner = ending.owner
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
    if completions.is_empty() {
        return Ok(Vec::new());
    }
    if transaction.get_database_backend() == DbBackend::Postgres {
        return ids(transaction, POSTGRES_COMPLETE, completions).await;
    }
    complete_sqlite(transaction, completions).await
}

/// A statement for each kind of end, and none where there is no such end: parsing the batch is
/// what costs here.
async fn complete_sqlite(
    transaction: &Transaction,
    completions: &[Completion],
) -> Result<Vec<DeliveryId>, DbErr> {
    // The history is read off the rows, so it is written before they go.
    if completions
        .iter()
        .any(|completion| completion.attempt.is_some())
    {
        let batch = as_json(completions);
        transaction
            .execute_raw(statement(transaction, SQLITE_HISTORY, [batch]))
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
    let values = [as_json(batch)];
    let rows = transaction
        .query_all_raw(statement(transaction, sql, values))
        .await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

fn as_json(batch: &[Completion]) -> Value {
    let batch: Vec<_> = batch.iter().map(one_as_json).collect();
    Value::from(serde_json::Value::from(batch).to_string())
}

fn one_as_json(completion: &Completion) -> serde_json::Value {
    let (state, due_ms) = match completion.ending {
        Ending::Delivered => (Some("delivered"), None),
        Ending::Failed { due_ms } => (Some("failed"), Some(due_ms)),
        Ending::Exhausted => (Some("exhausted"), None),
        Ending::Cancelled => (Some("cancelled"), None),
        Ending::Released => (None, None),
    };
    let attempt = completion.attempt.as_ref();
    let delivered = completion.ending == Ending::Delivered;
    json!({
        "id": completion.fence.delivery.0,
        "claim_no": completion.fence.claim_no,
        "owner": completion.fence.owner,
        "state": state,
        "due_ms": due_ms,
        "attempt_id": attempt.map(|attempt| attempt.id),
        "outcome": if delivered { "delivered" } else { "failed" },
        "at_ms": attempt.map(|attempt| attempt.at_ms),
        "latency_ms": attempt.map(|attempt| attempt.latency_ms),
        "response_status": attempt.and_then(|attempt| attempt.response_status),
        "error": attempt.and_then(|attempt| attempt.error.as_deref()),
        "response_excerpt": attempt.and_then(|attempt| attempt.response_excerpt.as_deref()),
    })
}
