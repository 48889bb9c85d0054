//! Writes large numbers of due deliveries directly into the database, in the form in which the outbox writes them.

use std::time::Duration;

use actors::clock::Clock;

use super::setup::Setup;

/// Rows per transaction. Between transactions the server can use the database.
const CHUNK: u64 = 10_000;
/// Pause between transactions.
const PAUSE: Duration = Duration::from_millis(5);

/// Numbers the written rows, so that ids are unique.
#[derive(Debug)]
pub(crate) struct Backlog {
    next: u64,
    /// The time in the ids, in milliseconds since the epoch. Older ids would be pruned by the server.
    begun_ms: i64,
}

impl Backlog {
    /// An empty backlog that starts now.
    pub(crate) fn begin() -> Self {
        Self {
            next: 0,
            begun_ms: Clock::system().now_ms(),
        }
    }

    /// Pauses the endpoints whose URL contains `path`, adds `rows` due deliveries evenly, and tidies the database.
    pub(crate) async fn add(&mut self, setup: &Setup, rows: u64, path: &str) {
        set_state(setup, path, "paused").await;
        let endpoints = count(setup, path).await;
        let end = self.next + rows;
        let due_ms = Clock::system().now_ms() - i64::try_from(end).expect("not that many");
        while self.next < end {
            let until = end.min(self.next + CHUNK);
            for sql in [self.messages(setup, path), self.deliveries(setup, path)] {
                let sql = sql
                    .replace("@first", &self.next.to_string())
                    .replace("@until", &until.to_string())
                    .replace("@due", &due_ms.to_string())
                    .replace("@endpoints", &endpoints.to_string());
                setup.execute(&sql).await;
            }
            self.next = until;
            tokio::time::sleep(PAUSE).await;
        }
        setup.vacuum().await;
    }

    fn messages(&self, setup: &Setup, path: &str) -> String {
        let (target_rows, id) = (target_rows(path), self.id(setup, 1));
        format!(
            "{target_rows}
        INSERT INTO message (id, creditor_id, event_type, sequence, payload, created_ms)
        SELECT {id}, creditor_id, 'placement.created', 1000000 + n,
            '{{\"type\":\"placement.created\",\"timestamp\":\"2026-06-01T00:00:00.000Z\",\"data\":{{\"placement_id\":' ||
            '\"019b0003-0000-7000-8000-000000000000\",\"invoice_number\":\"R-' || n || '\",\"external_debtor_ref\":\"D-' || n ||
            '\",\"status\":\"pending_enrichment\",\"sequence\":' || n || ',\"updated_at\":\"2026-06-01T00:00:00.000Z\"}}}}',
            @due + n FROM due"
        )
    }

    /// The deliveries have no ordering key, as at an unordered endpoint.
    fn deliveries(&self, setup: &Setup, path: &str) -> String {
        let [message, delivery] = [1, 2].map(|kind| self.id(setup, kind));
        let target_rows = target_rows(path);
        format!(
            "{target_rows}
        INSERT INTO delivery (id, message_id, endpoint_id, creditor_id, state, due_ms, owner, claim_no, attempt, order_key,
            sequence, response_status)
        SELECT {delivery}, {message}, endpoint_id, creditor_id, 'pending', @due + n, NULL, 0, 0, NULL,
            1000000 + n, NULL FROM due"
        )
    }

    /// An SQL expression for the id of row `n`. Ids of one `kind` sort by `n`, as UUIDs v7 sort by time.
    fn id(&self, setup: &Setup, kind: u8) -> String {
        let time = format!("{:012x}", self.begun_ms);
        if setup.is_postgres() {
            let (high, low) = time.split_at(8);
            format!("('{high}-{low}-700{kind}-8000-' || lpad(to_hex(n), 12, '0'))::uuid")
        } else {
            format!("unhex(printf('{time}700{kind}8000%012x', n))")
        }
    }
}

/// Enables the endpoints whose URL contains `path`. The server notices it at its next poll.
pub(crate) async fn enable(setup: &Setup, path: &str) {
    set_state(setup, path, "enabled").await;
}

async fn set_state(setup: &Setup, path: &str, state: &str) {
    let changed = setup
        .execute(&format!(
            "UPDATE webhook_endpoint SET state = '{state}' WHERE url LIKE '%{path}%'"
        ))
        .await;
    assert_ne!(changed, 0, "endpoints with this path exist");
}

async fn count(setup: &Setup, path: &str) -> i64 {
    let counted = format!("SELECT count(*) AS n FROM webhook_endpoint WHERE url LIKE '%{path}%'");
    setup.ask(&counted).await
}

/// Common table expressions that assign each row to an endpoint.
fn target_rows(path: &str) -> String {
    format!(
        "WITH RECURSIVE series (n) AS (
            SELECT CAST(@first AS bigint) UNION ALL SELECT n + 1 FROM series WHERE n + 1 < @until
        ), target AS (
            SELECT id, creditor_id, row_number() OVER (ORDER BY id) - 1 AS lot
            FROM webhook_endpoint WHERE url LIKE '%{path}%'
        ), due AS (
            SELECT series.n, target.id AS endpoint_id, target.creditor_id
            FROM series JOIN target ON target.lot = series.n % @endpoints
        )"
    )
}
