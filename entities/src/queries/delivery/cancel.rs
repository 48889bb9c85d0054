//! Cancels the waiting rows of disabled endpoints.

use sea_orm::{ConnectionTrait, DbBackend};

use crate::queries::node::CleanupResult;
use crate::sql::{self, params};

/// Kinds of rows: without an ordering key, with that of the endpoint, with that of a placement. Each kind has its own
/// index. A statement for all kinds at once would scan the entire queue.
const KINDS: [&str; 3] = [
    "d.order_key IS NULL",
    "d.order_key IS NOT DISTINCT FROM d.endpoint_id",
    "d.order_key <> d.endpoint_id",
];

/// The endpoints that a round looks at: those that were disabled last. Rows of the others were cancelled before.
const RECENTLY_DISABLED: &str = "(SELECT id FROM webhook_endpoint WHERE state = 'disabled' ORDER BY updated_ms DESC LIMIT 10000)";

/// Returns the statements that cancel, one for each kind of rows. Public, so that a test can check their plans.
///
/// The statements force the planner to start with the endpoints: SQLite does not reorder a CROSS JOIN, and Postgres
/// cannot reorder a lateral query with a limit.
#[must_use]
pub fn cancel_statements(backend: DbBackend) -> [String; 3] {
    KINDS.map(|kind| {
        let waits = format!("d.owner IS NULL AND d.state IN ('pending', 'failed') AND {kind}");
        let found = match backend {
            DbBackend::Postgres => format!(
                "SELECT w.id FROM {RECENTLY_DISABLED} e CROSS JOIN LATERAL \
                 (SELECT d.id FROM delivery d WHERE d.endpoint_id = e.id AND {waits} LIMIT $1) w \
                 LIMIT $1"
            ),
            _ => format!(
                "SELECT d.id FROM {RECENTLY_DISABLED} e CROSS JOIN delivery d \
                 WHERE d.endpoint_id = e.id AND {waits} LIMIT $1"
            ),
        };
        format!(
            "UPDATE delivery SET state = 'cancelled' \
             WHERE owner IS NULL AND state IN ('pending', 'failed') AND id IN ({found})"
        )
    })
}

/// Cancels waiting rows of disabled endpoints, at most `limit` of each kind.
pub async fn cancel_disabled(db: &impl ConnectionTrait, limit: u32) -> CleanupResult {
    let mut cancelled = CleanupResult::default();
    for text in cancel_statements(db.get_database_backend()) {
        let rows = sql::execute(db, &text, params![i64::from(limit)]).await;
        cancelled.add(rows, limit);
    }
    cancelled
}
