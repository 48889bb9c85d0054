//! Finds the endpoints that have waiting rows. Wake-ups are hints; this query is authoritative.

use sea_orm::ConnectionTrait;

use super::DueEndpoint;
use crate::{Result, sql};

/// Rows without an ordering key.
const UNORDERED: &str =
    "d.owner IS NULL AND d.state IN ('pending', 'failed') AND d.order_key IS NULL";
/// Rows with the key of a placement.
const BY_PLACEMENT_KEY: &str =
    "d.owner IS NULL AND d.state IN ('pending', 'failed') AND d.order_key <> d.endpoint_id";
/// Rows with the key of their endpoint, including leased ones.
const BY_ENDPOINT_KEY: &str =
    "d.state IN ('pending', 'failed') AND d.order_key IS NOT DISTINCT FROM d.endpoint_id";

/// Builds a query that skips from endpoint to endpoint along an index, instead of reading every waiting row.
fn hop(which: &str, due: &str) -> String {
    format!(
        "WITH RECURSIVE hop (endpoint_id) AS (
             SELECT (SELECT d.endpoint_id FROM delivery d WHERE {which} ORDER BY d.endpoint_id LIMIT 1)
             UNION ALL
             SELECT (SELECT d.endpoint_id FROM delivery d
                     WHERE {which} AND d.endpoint_id > hop.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
             FROM hop WHERE hop.endpoint_id IS NOT NULL
         )
         SELECT hop.endpoint_id AS endpoint_id,
             (SELECT {due} FROM delivery d WHERE d.endpoint_id = hop.endpoint_id AND {which} ORDER BY {} LIMIT 1) AS due_ms
         FROM hop
         WHERE (SELECT e.state FROM webhook_endpoint e WHERE e.id = hop.endpoint_id) = 'enabled'",
        if which == BY_ENDPOINT_KEY { "d.sequence" } else { "d.due_ms" },
    )
}

/// Returns every enabled endpoint that has waiting rows, with the time when the first one is due.
///
/// An endpoint occurs more than once if it has rows with and without an ordering key. The cost grows with the number of
/// endpoints, not with the number of rows.
pub async fn due_endpoints(db: &impl ConnectionTrait) -> Result<Vec<DueEndpoint>> {
    // If the first row of the key is leased, no other row can be claimed, so the endpoint is not due.
    let due_of_first = "CASE WHEN d.owner IS NULL THEN d.due_ms END";
    let mut found = Vec::new();
    for (which, due, in_order) in [
        (UNORDERED, "d.due_ms", false),
        (BY_PLACEMENT_KEY, "d.due_ms", true),
        (BY_ENDPOINT_KEY, due_of_first, true),
    ] {
        for (endpoint, due_ms) in sql::values(db, &hop(which, due), []).await? {
            let due_ms: Option<i64> = due_ms;
            found.extend(due_ms.map(|due_ms| DueEndpoint {
                endpoint,
                due_ms,
                in_order,
            }));
        }
    }
    Ok(found)
}
