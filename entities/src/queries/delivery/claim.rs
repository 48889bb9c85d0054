//! Claims due rows that have no ordering key.

use sea_orm::{ConnectionTrait, DbBackend};

use super::{ClaimRequest, ClaimedDelivery};
use crate::ids::DeliveryId;
use crate::sql::{self, params};
use crate::{Result, Transaction};

/// Builds a statement that leases rows and returns them with the content to send.
macro_rules! leasing {
    ($update:literal) => {
        concat!(
            $update,
            "
RETURNING id, claim_no, owner, message_id, endpoint_id, creditor_id, attempt, due_ms,
    order_key IS NOT NULL AS in_order,
    (SELECT m.event_type FROM message m WHERE m.id = message_id) AS event_type,
    (SELECT m.payload FROM message m WHERE m.id = message_id) AS payload,
    (SELECT m.created_ms FROM message m WHERE m.id = message_id) AS created_ms,
    (SELECT m.traceparent FROM message m WHERE m.id = message_id) AS traceparent"
        )
    };
}
pub(super) use leasing;

/// The commit of a claim does not wait for the disk. If a crash loses it, a lease is lost but no delivery.
const ASYNC_COMMIT: &str = "SET LOCAL synchronous_commit = off";

/// Updates the locked rows by `ctid` and looks up each message separately. This keeps a plan that was cached while the
/// tables were empty from scanning them later.
const POSTGRES_CLAIM: &str = "
WITH picked AS MATERIALIZED (
    SELECT due.place
    FROM json_to_recordset($3::json) AS want (endpoint_id uuid, credit bigint, scan_floor_ms bigint)
    CROSS JOIN LATERAL (
        SELECT d.ctid AS place FROM delivery d
        WHERE (SELECT e.state FROM webhook_endpoint e WHERE e.id = want.endpoint_id) = 'enabled'
          AND d.endpoint_id = want.endpoint_id
          AND d.owner IS NULL AND d.state IN ('pending', 'failed')
          AND d.order_key IS NULL
          AND d.due_ms <= $2 AND d.due_ms >= want.scan_floor_ms
        ORDER BY d.due_ms, d.id
        LIMIT want.credit
        FOR UPDATE SKIP LOCKED
    ) due
), taken AS (
    UPDATE delivery d SET owner = $1, claim_no = d.claim_no + 1
    FROM picked WHERE d.ctid = picked.place
    RETURNING d.id, d.claim_no, d.owner, d.message_id, d.endpoint_id, d.creditor_id, d.attempt, d.due_ms,
        d.order_key IS NOT NULL AS in_order
)
SELECT taken.*, m.event_type, m.payload, m.created_ms, m.traceparent
FROM taken CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.id = taken.message_id LIMIT 1) m";

/// The claim on SQLite. Public, so that a test can check its plan.
pub const SQLITE_CLAIM: &str = leasing!(
    "
UPDATE delivery SET owner = $1, claim_no = claim_no + 1
WHERE id IN (
    SELECT d.id FROM delivery d
    WHERE d.endpoint_id = $3
      AND d.owner IS NULL AND d.state IN ('pending', 'failed')
      AND d.order_key IS NULL
      AND d.due_ms <= $2 AND d.due_ms >= $4
      AND EXISTS (SELECT 1 FROM webhook_endpoint e WHERE e.id = $3 AND e.state = 'enabled')
    ORDER BY d.due_ms, d.id
    LIMIT $5)"
);

const CLAIM_ONE: &str = leasing!(
    "
UPDATE delivery SET owner = $1, claim_no = claim_no + 1
WHERE id = $2 AND owner IS NULL AND state = 'pending'"
);

/// Leases a row that was never attempted to `owner`, whatever its due time and the state of its endpoint. Returns
/// `None` if the row is already leased or was attempted.
pub async fn claim_one(
    db: &Transaction,
    owner: i64,
    delivery: DeliveryId,
) -> Result<Option<ClaimedDelivery>> {
    sql::row(db, CLAIM_ONE, params![owner, delivery]).await
}

/// Leases due rows without an ordering key to `owner`, oldest first, up to `max_rows` of each endpoint.
///
/// Endpoints that are not enabled yield no rows. Rows that another process is claiming are skipped.
pub async fn claim(
    db: &Transaction,
    owner: i64,
    wants: &[ClaimRequest],
    now_ms: i64,
) -> Result<Vec<ClaimedDelivery>> {
    let mut claimed: Vec<ClaimedDelivery> = Vec::new();
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(ASYNC_COMMIT).await?;
        let wants = wants.iter().map(|want| {
            serde_json::json!({
                "endpoint_id": want.endpoint, "credit": want.max_rows, "scan_floor_ms": want.scan_floor_ms,
            })
        });
        let wants = serde_json::Value::from_iter(wants).to_string();
        let values = params![owner, now_ms, wants];
        claimed = sql::rows(db, POSTGRES_CLAIM, values).await?;
    } else {
        for want in wants {
            let (floor_ms, max_rows) = (want.scan_floor_ms, i64::from(want.max_rows));
            let values = params![owner, now_ms, want.endpoint, floor_ms, max_rows];
            claimed.extend(sql::rows(db, SQLITE_CLAIM, values).await?);
        }
    }
    claimed.sort_unstable_by_key(|row| (row.due_ms, row.fence.delivery));
    Ok(claimed)
}
