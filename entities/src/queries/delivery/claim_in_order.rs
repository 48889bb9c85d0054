//! Claims due rows that have an ordering key, and of each key only the first row.
//!
//! The ordering key of a row is `order_key`: the id of its endpoint or of its placement. The first row of a key is the
//! undelivered row with the lowest `sequence`, leased or not. While it is leased or waits for its next attempt, the
//! other rows of the key are blocked. Sequences become visible in order, because the transaction that allocates them
//! holds the creditor's position until it commits.

use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::claim::leasing;
use super::{ClaimRequest, ClaimedDelivery};
use crate::ids::DeliveryId;
use crate::sql::{self, params};
use crate::{Result, Transaction};

/// Maximum number of rows with the key of a placement that one claim scans.
const MAX_SCANNED_ROWS: i64 = 256;

/// The first row with the key of the endpoint.
const FIRST_OF_ENDPOINT_KEY: &str = "
SELECT d.id, d.owner, d.due_ms FROM delivery d
WHERE d.endpoint_id = $1 AND d.order_key IS NOT DISTINCT FROM d.endpoint_id AND d.state IN ('pending', 'failed')
ORDER BY d.sequence LIMIT 1";

/// Due rows with the key of a placement, each with the first row of its key. Leaves out the keys with a leased row:
/// their rows may be many, and would hide those of all other keys.
const DUE_BY_PLACEMENT_KEY: &str = "
SELECT due.id, due.order_key, first.id AS first_id, first.owner AS first_owner, first.due_ms AS first_due_ms
FROM (
    SELECT d.id, d.order_key, d.due_ms,
        (SELECT f.id FROM delivery f
         WHERE f.endpoint_id = d.endpoint_id AND f.order_key = d.order_key
           AND f.order_key <> f.endpoint_id AND f.state IN ('pending', 'failed')
         ORDER BY f.sequence LIMIT 1) AS first_id
    FROM delivery d
    WHERE d.endpoint_id = $1 AND d.owner IS NULL AND d.state IN ('pending', 'failed')
      AND d.order_key <> d.endpoint_id AND d.due_ms <= $2
      AND d.order_key NOT IN (
          SELECT l.order_key FROM delivery l
          WHERE l.owner IS NOT NULL AND l.endpoint_id = $1 AND l.order_key <> l.endpoint_id)
    ORDER BY d.due_ms, d.id
    LIMIT $3
) due JOIN delivery first ON first.id = due.first_id
ORDER BY due.due_ms, due.id";

const HAS_PLACEMENT_KEY: &str = "
SELECT 1 FROM delivery d
WHERE d.endpoint_id = $1 AND d.order_key <> d.endpoint_id AND d.state IN ('pending', 'failed')
LIMIT 1";

/// Postpones the blocked rows of a key to the time when its first row is due. Otherwise every claim would scan them
/// again.
const POSTPONE_BLOCKED: &str = "
UPDATE delivery SET due_ms = $3
WHERE endpoint_id = $1 AND order_key = $2 AND order_key <> endpoint_id
  AND state IN ('pending', 'failed') AND owner IS NULL AND due_ms < $3";

const CLAIM_FIRST: &str = leasing!(
    "
UPDATE delivery SET owner = $1, claim_no = claim_no + 1
WHERE id = $2 AND owner IS NULL AND state IN ('pending', 'failed') AND due_ms <= $3
  AND EXISTS (SELECT 1 FROM webhook_endpoint e WHERE e.id = delivery.endpoint_id AND e.state = 'enabled')"
);

/// Result of a claim of rows with ordering keys of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderedClaim {
    /// The leased rows.
    pub claimed: Vec<ClaimedDelivery>,
    /// Whether the endpoint has rows with an ordering key.
    pub has_ordering_keys: bool,
    /// Whether a limit was reached, so that more rows may be due.
    pub more: bool,
}

/// A due row with the key of a placement.
#[derive(FromQueryResult)]
struct DueRow {
    id: DeliveryId,
    #[sea_orm(from_alias = "order_key")]
    key: Uuid,
    #[sea_orm(from_alias = "first_id")]
    first: DeliveryId,
    first_owner: Option<i64>,
    first_due_ms: i64,
}

/// Leases the due first rows of the endpoint's ordering keys to `owner`, at most `want.max_rows`. Ignores
/// `want.scan_floor_ms`.
pub async fn claim_in_order(
    db: &Transaction,
    owner: i64,
    want: ClaimRequest,
    now_ms: i64,
) -> Result<OrderedClaim> {
    let mut found = OrderedClaim::default();
    let mut firsts = Vec::new();
    let first: Option<(DeliveryId, Option<i64>, i64)> =
        sql::value(db, FIRST_OF_ENDPOINT_KEY, params![want.endpoint]).await?;
    if let Some((first, leased_by, due_ms)) = first {
        found.has_ordering_keys = true;
        firsts.extend((leased_by.is_none() && due_ms <= now_ms).then_some(first));
    }
    let values = params![want.endpoint, now_ms, MAX_SCANNED_ROWS];
    let due: Vec<DueRow> = sql::rows(db, DUE_BY_PLACEMENT_KEY, values).await?;
    if !found.has_ordering_keys {
        let values = params![want.endpoint];
        let any: Option<i32> = sql::value(db, HAS_PLACEMENT_KEY, values).await?;
        found.has_ordering_keys = any.is_some();
    }
    found.more = due.len() >= usize::try_from(MAX_SCANNED_ROWS).unwrap_or(usize::MAX);
    for row in due {
        if row.id == row.first {
            firsts.push(row.id);
        } else if row.first_owner.is_none() && row.first_due_ms > now_ms {
            let values = params![want.endpoint, row.key, row.first_due_ms];
            sql::execute(db, POSTPONE_BLOCKED, values).await?;
        }
    }
    for first in firsts {
        if found.claimed.len() >= want.max_rows as usize {
            found.more = true;
            break;
        }
        // Another process may have claimed the row meanwhile.
        let claimed = sql::row(db, CLAIM_FIRST, params![owner, first, now_ms]).await?;
        found.claimed.extend(claimed);
    }
    Ok(found)
}
