//! Rows, log bytes and transactions that one API call writes to the database.

use super::say;
use super::setup::Setup;

/// All tables that a call or its delivery writes to.
const TABLES: [&str; 8] = [
    "placement",
    "placement_history",
    "audit_event",
    "idempotency_record",
    "message",
    "delivery",
    "delivery_attempt",
    "writer_batch",
];

/// Counts at one time.
#[derive(Debug)]
pub(crate) struct Rows {
    tables: [i64; TABLES.len()],
    delivered: i64,
    /// Bytes of the write-ahead log and number of transactions. `None` on SQLite.
    log: Option<(i64, i64)>,
}

impl Rows {
    pub(crate) async fn count(setup: &Setup) -> Self {
        let mut tables = [0; TABLES.len()];
        for (count, table) in tables.iter_mut().zip(TABLES) {
            *count = setup
                .ask(&format!("SELECT count(*) AS n FROM {table}"))
                .await;
        }
        let delivered = "SELECT count(*) AS n FROM delivery_attempt WHERE outcome = 'delivered'";
        Self {
            tables,
            delivered: setup.ask(delivered).await,
            log: log(setup).await,
        }
    }

    /// Prints the rows per call since `before`.
    pub(crate) fn say_per_call(&self, before: &Self, calls: f64) {
        let per_call = |name: &str, rows: i64, unit: &str| {
            #[allow(clippy::cast_precision_loss)]
            let rows = rows as f64;
            say(&format!("per call, {name}"), rows / calls, unit);
        };
        let delivered = self.delivered - before.delivered;
        for (n, table) in TABLES.into_iter().enumerate() {
            let added = self.tables[n] - before.tables[n];
            match table {
                "delivery" => {
                    per_call("delivery inserted", added + delivered, "rows");
                    per_call("delivery deleted", delivered, "rows");
                }
                "writer_batch" => {
                    per_call("writer_batch (one per commit of a Writer)", added, "rows");
                }
                _ => per_call(table, added, "rows"),
            }
        }
        if let (Some((bytes, transactions)), Some((bytes_before, before))) = (self.log, before.log)
        {
            per_call("write-ahead log", bytes - bytes_before, "bytes");
            per_call("transactions of all kinds", transactions - before, "");
        }
    }
}

async fn log(setup: &Setup) -> Option<(i64, i64)> {
    if !setup.is_postgres() {
        return None;
    }
    let bytes = "SELECT (pg_current_wal_lsn() - '0/0')::bigint AS n";
    let transactions =
        "SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()";
    Some((setup.ask(bytes).await, setup.ask(transactions).await))
}
