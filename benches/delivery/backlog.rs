//! Due deliveries in bulk, written straight into the database: as the outbox writes them, only many more.

use std::time::Duration;

use actors::clock::Clock;

use super::setup::Stage;

/// Rows of one transaction: the server shall get its turn at the database in between.
const CHUNK: u64 = 10_000;
const TURN: Duration = Duration::from_millis(5);

/// Numbers the rows that were written, so that no two have the same id.
#[derive(Debug)]
pub(crate) struct Backlog {
    next: u64,
    /// When it was begun, as the ids tell it: what is older than the server keeps it would be pruned while it waits.
    begun_ms: i64,
}

impl Backlog {
    /// None yet, as of now.
    pub(crate) fn begin() -> Self {
        Self {
            next: 0,
            begun_ms: Clock::system().now_ms(),
        }
    }

    /// Pauses the endpoints of these paths, gives them `rows` due deliveries in turn, and leaves the database in order.
    pub(crate) async fn add(&mut self, stage: &Stage, rows: u64, path: &str) {
        set_state(stage, path, "paused").await;
        let endpoints = count(stage, path).await;
        let end = self.next + rows;
        let due_ms = Clock::system().now_ms() - i64::try_from(end).expect("not that many");
        while self.next < end {
            let until = end.min(self.next + CHUNK);
            for sql in [self.messages(stage, path), self.deliveries(stage, path)] {
                let sql = sql
                    .replace("@first", &self.next.to_string())
                    .replace("@until", &until.to_string())
                    .replace("@due", &due_ms.to_string())
                    .replace("@endpoints", &endpoints.to_string());
                stage.execute(&sql).await;
            }
            self.next = until;
            tokio::time::sleep(TURN).await;
        }
        stage.tidy().await;
    }

    fn messages(&self, stage: &Stage, path: &str) -> String {
        let (shared, id) = (shared(path), self.id(stage, 1));
        format!(
            "{shared}
        INSERT INTO message (id, creditor_id, event_type, sequence, payload, created_ms)
        SELECT {id}, creditor_id, 'placement.created', 1000000 + n,
            '{{\"type\":\"placement.created\",\"timestamp\":\"2026-06-01T00:00:00.000Z\",\"data\":{{\"placement_id\":' ||
            '\"019b0003-0000-7000-8000-000000000000\",\"invoice_number\":\"R-' || n || '\",\"external_debtor_ref\":\"D-' || n ||
            '\",\"status\":\"pending_enrichment\",\"sequence\":' || n || ',\"updated_at\":\"2026-06-01T00:00:00.000Z\"}}}}',
            @due + n FROM due"
        )
    }

    /// In no line, as at an endpoint that keeps no order.
    fn deliveries(&self, stage: &Stage, path: &str) -> String {
        let [message, delivery] = [1, 2].map(|kind| self.id(stage, kind));
        let shared = shared(path);
        format!(
            "{shared}
        INSERT INTO delivery (id, message_id, endpoint_id, creditor_id, state, due_ms, owner, claim_no, attempt, order_key,
            sequence, response_status)
        SELECT {delivery}, {message}, endpoint_id, creditor_id, 'pending', @due + n, NULL, 0, 0, NULL,
            1000000 + n, NULL FROM due"
        )
    }

    /// The id of kind `kind` with number `n`: in the order of their numbers, as ids v7 are in the order of their times.
    fn id(&self, stage: &Stage, kind: u8) -> String {
        let time = format!("{:012x}", self.begun_ms);
        if stage.is_postgres() {
            let (high, low) = time.split_at(8);
            format!("('{high}-{low}-700{kind}-8000-' || lpad(to_hex(n), 12, '0'))::uuid")
        } else {
            format!("unhex(printf('{time}700{kind}8000%012x', n))")
        }
    }
}

/// Lets the endpoints of these paths be sent to; the server finds out at its next poll.
pub(crate) async fn enable(stage: &Stage, path: &str) {
    set_state(stage, path, "enabled").await;
}

async fn set_state(stage: &Stage, path: &str, state: &str) {
    let changed = stage
        .execute(&format!(
            "UPDATE webhook_endpoint SET state = '{state}' WHERE url LIKE '%{path}%'"
        ))
        .await;
    assert_ne!(changed, 0, "there are such endpoints");
}

async fn count(stage: &Stage, path: &str) -> i64 {
    let counted = format!("SELECT count(*) AS n FROM webhook_endpoint WHERE url LIKE '%{path}%'");
    stage.ask(&counted).await
}

/// Which row goes to which endpoint.
fn shared(path: &str) -> String {
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
