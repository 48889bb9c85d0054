//! What waits for an endpoint that is switched off is not sent any more.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use crate::database::statement;
use crate::queries::node::CleanupResult;

/// A row waits in no line, in its endpoint's one line or in its placement's, and each kind has an index of
/// its own: a statement that leaves the kind open would read the whole queue.
const KINDS: [&str; 3] = [
    "d.order_key IS NULL",
    "d.order_key IS NOT DISTINCT FROM d.endpoint_id",
    "d.order_key <> d.endpoint_id",
];

/// Begins with the endpoints, whatever the planner thinks of the queue: on SQLite because of CROSS JOIN, on
/// Postgres because a lateral query with a limit cannot be turned round.
#[must_use]
pub fn cancel_statements(backend: DbBackend) -> [String; 3] {
    KINDS.map(|kind| {
        let waits = format!("d.owner IS NULL AND d.state IN ('pending', 'failed') AND {kind}");
        let found = match backend {
            DbBackend::Postgres => format!(
                "SELECT w.id FROM webhook_endpoint e CROSS JOIN LATERAL \
                 (SELECT d.id FROM delivery d WHERE d.endpoint_id = e.id AND {waits} LIMIT $1) w \
                 WHERE e.state = 'disabled' LIMIT $1"
            ),
            _ => format!(
                "SELECT d.id FROM webhook_endpoint e CROSS JOIN delivery d \
                 WHERE e.state = 'disabled' AND d.endpoint_id = e.id AND {waits} LIMIT $1"
            ),
        };
        format!(
            "UPDATE delivery SET state = 'cancelled' \
             WHERE owner IS NULL AND state IN ('pending', 'failed') AND id IN ({found})"
        )
    })
}

/// Cancels waiting rows of endpoints that are disabled, at most `limit` of each kind.
///
/// # Errors
/// Whatever the database says; what was cancelled before stays cancelled.
pub async fn cancel_disabled<C: ConnectionTrait>(
    connection: &C,
    limit: u32,
) -> Result<CleanupResult, DbErr> {
    let mut cancelled = CleanupResult::default();
    for sql in cancel_statements(connection.get_database_backend()) {
        let cancel = statement(connection, &sql, [i64::from(limit).into()]);
        let done = connection.execute_raw(cancel).await?;
        cancelled.add(done.rows_affected(), limit);
    }
    Ok(cancelled)
}
