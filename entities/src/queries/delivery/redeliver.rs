//! Requeues single deliveries, delivered or not.

use crate::ids::{CreditorId, DeliveryId, EndpointId};
use crate::sql::{self, params};
use crate::{Result, Transaction};

/// Makes an exhausted, cancelled or waiting row due now. Only an exhausted or cancelled row restarts its retry
/// schedule. A leased row is being sent and keeps its due time.
const REQUEUE_UNDELIVERED: &str = "
UPDATE delivery SET
    attempt = CASE WHEN state IN ('exhausted', 'cancelled') THEN 0 ELSE attempt END,
    state = CASE WHEN state IN ('exhausted', 'cancelled') THEN 'pending' ELSE state END,
    due_ms = CASE WHEN owner IS NULL THEN $3 ELSE due_ms END
WHERE id = $1 AND creditor_id = $2
RETURNING endpoint_id";

/// Inserts a delivered row again, from its history and under its old id. `claim_no` starts at the current time, so that
/// no old fence matches.
const REQUEUE_DELIVERED: &str = "
INSERT INTO delivery (id, message_id, endpoint_id, creditor_id, state, due_ms, owner, claim_no,
    attempt, order_key, sequence, response_status)
SELECT a.delivery_id, a.message_id, a.endpoint_id, a.creditor_id, 'pending', $3, NULL, $3,
    0, NULL, m.sequence, NULL
FROM delivery_attempt a JOIN message m ON m.id = a.message_id
WHERE a.delivery_id = $1 AND a.creditor_id = $2 AND a.outcome = 'delivered'
LIMIT 1
ON CONFLICT (id) DO NOTHING
RETURNING endpoint_id";

/// Makes the rows due that were postponed because this row blocked their ordering key.
const ADVANCE_BLOCKED: &str = "
UPDATE delivery SET due_ms = $3
WHERE endpoint_id = $1 AND owner IS NULL AND state = 'pending' AND order_key <> endpoint_id AND due_ms > $3
  AND order_key = (SELECT d.order_key FROM delivery d WHERE d.id = $2)";

/// Makes a delivery due now, under the same id and with the same message. Returns its endpoint, or `None` if the
/// creditor has no such delivery.
pub async fn requeue(
    db: &Transaction,
    creditor: CreditorId,
    delivery: DeliveryId,
    now_ms: i64,
) -> Result<Option<EndpointId>> {
    // The third statement applies if another transaction inserts the row between the first and the second one.
    for text in [REQUEUE_UNDELIVERED, REQUEUE_DELIVERED, REQUEUE_UNDELIVERED] {
        let values = params![delivery, creditor, now_ms];
        let requeued: Option<EndpointId> = sql::value(db, text, values).await?;
        if let Some(endpoint) = requeued {
            sql::execute(db, ADVANCE_BLOCKED, params![endpoint, delivery, now_ms]).await?;
            return Ok(Some(endpoint));
        }
    }
    Ok(None)
}

/// Returns whether the payload of a queued delivery has been erased.
pub async fn is_erased(db: &Transaction, delivery: DeliveryId) -> Result<bool> {
    const ERASED: &str = "SELECT 1 FROM delivery d JOIN message m ON m.id = d.message_id \
        WHERE d.id = $1 AND m.payload = ''";
    let erased: Option<i32> = sql::value(db, ERASED, params![delivery]).await?;
    Ok(erased.is_some())
}
