//! Requeues single deliveries, delivered or not.

use sea_orm::DbErr;

use crate::Transaction;
use crate::ids::{CreditorId, DeliveryId, EndpointId};
use crate::sql;

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
    transaction: &Transaction,
    creditor: CreditorId,
    delivery: DeliveryId,
    now_ms: i64,
) -> Result<Option<EndpointId>, DbErr> {
    // The third statement applies if another transaction inserts the row between the first and the second one.
    for text in [REQUEUE_UNDELIVERED, REQUEUE_DELIVERED, REQUEUE_UNDELIVERED] {
        let values = [delivery.into(), creditor.into(), now_ms.into()];
        let requeued: Option<EndpointId> = sql::value(transaction, text, values).await?;
        if let Some(endpoint) = requeued {
            let values = [endpoint.into(), delivery.into(), now_ms.into()];
            sql::execute(transaction, ADVANCE_BLOCKED, values).await?;
            return Ok(Some(endpoint));
        }
    }
    Ok(None)
}

/// Returns whether the payload of a queued delivery has been erased.
pub async fn is_erased(transaction: &Transaction, delivery: DeliveryId) -> Result<bool, DbErr> {
    let erased: Option<i32> = sql::value(
        transaction,
        "SELECT 1 FROM delivery d JOIN message m ON m.id = d.message_id \
         WHERE d.id = $1 AND m.payload = ''",
        [delivery.into()],
    )
    .await?;
    Ok(erased.is_some())
}
