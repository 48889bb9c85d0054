//! Leasing due rows that stand in a line: only ever the first of it.
//!
//! A row's line is named by its `order_key`: its endpoint's id, or its placement's. The first of a
//! line is its undelivered row with the lowest `sequence`, leased or not; while it is leased or
//! waits for its next attempt, nothing behind it is taken. Sequences become visible in their order,
//! because whoever allots them holds the creditor's position until the commit.

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::claim::{claimed, leasing};
use super::{ClaimWant, ClaimedDelivery};
use crate::Transaction;
use crate::database::statement;
use crate::ids::{DeliveryId, EndpointId};

/// Rows of placements' lines that one claim looks at.
const MAX_SCANNED_ROWS: i64 = 256;

/// The first of an endpoint's one line.
const FIRST_OF_ENDPOINT_KEY: &str = "
SELECT d.id, d.owner, d.due_ms FROM delivery d
WHERE d.endpoint_id = $1 AND d.order_key IS NOT DISTINCT FROM d.endpoint_id AND d.state IN ('pending', 'failed')
ORDER BY d.sequence LIMIT 1";

/// Due rows of placements' lines, each with the first of its line.
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
    ORDER BY d.due_ms, d.id
    LIMIT $3
) due JOIN delivery first ON first.id = due.first_id
ORDER BY due.due_ms, due.id";

/// Rows behind a first one that waits for its next attempt are due with it: otherwise every claim
/// would read them again.
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

/// What a claim of one endpoint's lines found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderedClaim {
    /// Leased now.
    pub claimed: Vec<ClaimedDelivery>,
    /// Whether the endpoint has lines at all.
    pub has_ordering_keys: bool,
    /// Whether there was more to look at.
    pub more: bool,
}

/// Leases the due first rows of an endpoint's lines to `owner`, at most `want.credit` of them.
pub async fn claim_in_order(
    transaction: &Transaction,
    owner: i64,
    want: ClaimWant,
    now_ms: i64,
) -> Result<OrderedClaim, DbErr> {
    let mut found = OrderedClaim::default();
    let mut firsts = Vec::new();
    if let Some((first, is_free)) =
        first_of_endpoint_key(transaction, want.endpoint, now_ms).await?
    {
        found.has_ordering_keys = true;
        firsts.extend(is_free.then_some(first));
    }
    let due = due_by_placement_key(transaction, want.endpoint, now_ms).await?;
    found.has_ordering_keys |= !due.is_empty();
    found.more = due.len() >= usize::try_from(MAX_SCANNED_ROWS).unwrap_or(usize::MAX);
    for row in due {
        if row.id == row.first {
            firsts.push(row.id);
        } else if row.first_owner.is_none() && row.first_due_ms > now_ms {
            let values = [
                want.endpoint.into(),
                row.key.into(),
                row.first_due_ms.into(),
            ];
            transaction
                .execute_raw(statement(transaction, POSTPONE_BLOCKED, values))
                .await?;
        }
    }
    for first in firsts {
        if found.claimed.len() >= want.max_rows as usize {
            found.more = true;
            break;
        }
        found
            .claimed
            .extend(claim_first(transaction, owner, first, now_ms).await?);
    }
    Ok(found)
}

/// The first of the endpoint's one line, and whether it may be taken now.
async fn first_of_endpoint_key(
    transaction: &Transaction,
    endpoint: EndpointId,
    now_ms: i64,
) -> Result<Option<(DeliveryId, bool)>, DbErr> {
    let row = transaction
        .query_one_raw(statement(
            transaction,
            FIRST_OF_ENDPOINT_KEY,
            [endpoint.into()],
        ))
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let owner: Option<i64> = row.try_get("", "owner")?;
    let due_ms: i64 = row.try_get("", "due_ms")?;
    Ok(Some((
        row.try_get("", "id")?,
        owner.is_none() && due_ms <= now_ms,
    )))
}

/// A due row of a placement's line.
struct DueRow {
    id: DeliveryId,
    key: Uuid,
    first: DeliveryId,
    first_owner: Option<i64>,
    first_due_ms: i64,
}

async fn due_by_placement_key(
    transaction: &Transaction,
    endpoint: EndpointId,
    now_ms: i64,
) -> Result<Vec<DueRow>, DbErr> {
    let values = [endpoint.into(), now_ms.into(), MAX_SCANNED_ROWS.into()];
    let rows = transaction
        .query_all_raw(statement(transaction, DUE_BY_PLACEMENT_KEY, values))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(DueRow {
                id: row.try_get("", "id")?,
                key: row.try_get("", "order_key")?,
                first: row.try_get("", "first_id")?,
                first_owner: row.try_get("", "first_owner")?,
                first_due_ms: row.try_get("", "first_due_ms")?,
            })
        })
        .collect()
}

/// Another process may have been quicker: then nothing is taken, and nothing behind it either.
async fn claim_first(
    transaction: &Transaction,
    owner: i64,
    first: DeliveryId,
    now_ms: i64,
) -> Result<Option<ClaimedDelivery>, DbErr> {
    let values = [owner.into(), first.into(), now_ms.into()];
    transaction
        .query_one_raw(statement(transaction, CLAIM_FIRST, values))
        .await?
        .as_ref()
        .map(claimed)
        .transpose()
}
