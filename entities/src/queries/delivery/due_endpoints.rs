//! Finding out who has rows waiting: the truth behind every wake-up.

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::DueEndpoint;
use crate::database::statement;

/// Rows in no line.
const UNORDERED: &str =
    "d.owner IS NULL AND d.state IN ('pending', 'failed') AND d.order_key IS NULL";
/// Rows of placements' lines.
const BY_PLACEMENT_KEY: &str =
    "d.owner IS NULL AND d.state IN ('pending', 'failed') AND d.order_key <> d.endpoint_id";
/// Rows of their endpoints' one line, leased ones included.
const BY_ENDPOINT_KEY: &str =
    "d.state IN ('pending', 'failed') AND d.order_key IS NOT DISTINCT FROM d.endpoint_id";

/// Hops from endpoint to endpoint along an index instead of reading every waiting row.
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

/// Every enabled endpoint that has rows waiting, with the time at which the first is due: once for
/// those in no line, once for those in one. Its cost grows with the endpoints, not with their rows.
pub async fn due_endpoints<C: ConnectionTrait>(connection: &C) -> Result<Vec<DueEndpoint>, DbErr> {
    // A line whose first row is leased waits for nothing but that row.
    let due_of_first = "CASE WHEN d.owner IS NULL THEN d.due_ms END";
    let mut found = Vec::new();
    for (which, due, in_order) in [
        (UNORDERED, "d.due_ms", false),
        (BY_PLACEMENT_KEY, "d.due_ms", true),
        (BY_ENDPOINT_KEY, due_of_first, true),
    ] {
        let rows = connection
            .query_all_raw(statement(connection, &hop(which, due), []))
            .await?;
        for row in &rows {
            found.extend(due_endpoint(row, in_order)?);
        }
    }
    Ok(found)
}

fn due_endpoint(row: &QueryResult, in_order: bool) -> Result<Option<DueEndpoint>, DbErr> {
    let due_ms: Option<i64> = row.try_get("", "due_ms")?;
    let endpoint = row.try_get("", "endpoint_id")?;
    Ok(due_ms.map(|due_ms| DueEndpoint {
        endpoint,
        due_ms,
        in_order,
    }))
}
