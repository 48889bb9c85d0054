//! Recoveries (bulk replays) and the pages that they process. No query reads more than one page.

use std::collections::BTreeSet;

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::database::row_lock;
use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId, RecoveryId};
use crate::sql::{self, params};
use crate::webhook_recovery::{self, Column};
use crate::{Result, Transaction};

/// Returns a recovery of a creditor, or of any creditor if `creditor` is `None`.
pub async fn by_id(
    db: &impl ConnectionTrait,
    creditor: Option<CreditorId>,
    id: RecoveryId,
) -> Result<Option<webhook_recovery::Model>> {
    let mut found = webhook_recovery::Entity::find_by_id(id);
    if let Some(creditor) = creditor {
        found = found.filter(Column::CreditorId.eq(creditor));
    }
    found.one(db).await
}

/// Returns how many recoveries of a creditor are not done.
pub async fn running(db: &impl ConnectionTrait, creditor: CreditorId) -> Result<i64> {
    const RUNNING: &str =
        "SELECT count(*) FROM webhook_recovery WHERE creditor_id = $1 AND state <> 'done'";
    let running = sql::value(db, RUNNING, params![creditor]).await?;
    Ok(running.unwrap_or(0))
}

/// Returns the recovery that has waited longest for its next step, and locks it for the transaction. Skips recoveries
/// that another process has locked.
pub async fn take(db: &Transaction) -> Result<Option<webhook_recovery::Model>> {
    let lock = row_lock(db, " FOR UPDATE SKIP LOCKED");
    let text = format!(
        "SELECT * FROM webhook_recovery WHERE state <> 'done' ORDER BY updated_ms LIMIT 1{lock}"
    );
    sql::row(db, &text, []).await
}

/// Returns the sequence of the first message of a creditor at or after `at_ms`; `None` if there is none.
///
/// Uses a binary search, because times increase with sequences but only sequences are indexed.
pub async fn first_sequence_from(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    at_ms: i64,
) -> Result<Option<i64>> {
    let Some((mut low, _)) = message_from(db, creditor, 0).await? else {
        return Ok(None);
    };
    let mut high = highest_sequence(db, creditor).await?.saturating_add(1);
    // The result is in low..=high, where the initial high means that there is none.
    while low < high {
        let middle = low + (high - low) / 2;
        match message_from(db, creditor, middle).await? {
            Some((sequence, created_ms)) if created_ms < at_ms => low = sequence + 1,
            // Sequences may be missing in between, because old messages are deleted.
            Some(_) | None => high = middle,
        }
    }
    let first = message_from(db, creditor, low).await?;
    Ok(first.map(|(sequence, _)| sequence))
}

/// Returns the highest sequence of a creditor's messages; 0 if there are none.
pub async fn highest_sequence(db: &impl ConnectionTrait, creditor: CreditorId) -> Result<i64> {
    const HIGHEST: &str =
        "SELECT sequence FROM message WHERE creditor_id = $1 ORDER BY sequence DESC LIMIT 1";
    let highest = sql::value(db, HIGHEST, params![creditor]).await?;
    Ok(highest.unwrap_or(0))
}

/// Returns the sequence and the time of the first message with at least this sequence.
async fn message_from(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    sequence: i64,
) -> Result<Option<(i64, i64)>> {
    const FIRST: &str = "SELECT sequence, created_ms FROM message \
        WHERE creditor_id = $1 AND sequence >= $2 ORDER BY sequence LIMIT 1";
    sql::value(db, FIRST, params![creditor, sequence]).await
}

/// Result of requeueing a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requeued {
    /// Number of rows that were requeued.
    pub rows: u64,
    /// Endpoints of these rows.
    pub endpoints: BTreeSet<EndpointId>,
    /// Last row of the page; `None` if the page was empty.
    pub last: Option<DeliveryId>,
}

/// Selects the next waiting rows of a creditor, by id.
const PAGE: &str = "
SELECT id FROM delivery WHERE creditor_id = $1 AND owner IS NULL AND id > $2 ORDER BY id LIMIT $3";

/// Makes failed, exhausted, cancelled and postponed rows due now. Exhausted and cancelled rows restart their retry
/// schedule. Leased rows and rows of disabled endpoints stay as they are.
const DUE_NOW: &str = "
UPDATE delivery SET
    attempt = CASE WHEN state IN ('exhausted', 'cancelled') THEN 0 ELSE attempt END,
    state = CASE WHEN state IN ('exhausted', 'cancelled') THEN 'pending' ELSE state END,
    due_ms = $6
WHERE creditor_id = $1 AND id > $2 AND id <= $3 AND sequence >= $4 AND sequence <= $5
  AND owner IS NULL AND (state <> 'pending' OR due_ms > $6)
  AND EXISTS (SELECT 1 FROM webhook_endpoint e
              WHERE e.id = delivery.endpoint_id AND e.state <> 'disabled')
RETURNING endpoint_id";

/// Requeues the next page of a recovery, at most `page` rows.
pub async fn requeue_page(
    db: &Transaction,
    recovery: &webhook_recovery::Model,
    page: u32,
    now_ms: i64,
) -> Result<Requeued> {
    let (creditor, cursor) = (recovery.creditor_id, recovery.delivery_cursor);
    let values = params![creditor, cursor, i64::from(page)];
    let ids: Vec<DeliveryId> = sql::values(db, PAGE, values).await?;
    let Some(last) = ids.last().copied() else {
        return Ok(Requeued::default());
    };
    let (from, to) = (recovery.first_sequence, recovery.last_sequence);
    let values = params![creditor, cursor, last, from, to, now_ms];
    let endpoints: Vec<EndpointId> = sql::values(db, DUE_NOW, values).await?;
    Ok(Requeued {
        rows: endpoints.len() as u64,
        endpoints: endpoints.into_iter().collect(),
        last: Some(last),
    })
}

/// A message without deliveries.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct MissingDelivery {
    /// The message.
    #[sea_orm(from_alias = "id")]
    pub message: MessageId,
    /// Sequence of the message.
    pub sequence: i64,
    /// Event type.
    pub event_type: String,
    /// Body of the message.
    pub payload: String,
}

/// Returns the next messages in the range of a recovery that have no deliveries, at most `page`.
pub async fn missing_deliveries_page(
    db: &Transaction,
    recovery: &webhook_recovery::Model,
    page: u32,
) -> Result<Vec<MissingDelivery>> {
    const MISSING: &str = "
SELECT id, sequence, event_type, payload FROM message
WHERE creditor_id = $1 AND sequence > $2 AND sequence <= $3 AND initial_deliveries = 0 AND payload <> ''
ORDER BY sequence LIMIT $4";
    let (after, last) = (recovery.message_cursor, recovery.last_sequence);
    let values = params![recovery.creditor_id, after, last, i64::from(page)];
    sql::rows(db, MISSING, values).await
}

/// Records the number of deliveries that were created for a message. Returns `false` if it already had deliveries.
pub async fn record_deliveries(
    db: &Transaction,
    message: MessageId,
    deliveries: usize,
) -> Result<bool> {
    const RECORD: &str =
        "UPDATE message SET initial_deliveries = $2 WHERE id = $1 AND initial_deliveries = 0";
    let deliveries = i32::try_from(deliveries).unwrap_or(i32::MAX);
    Ok(sql::execute(db, RECORD, params![message, deliveries]).await? > 0)
}
