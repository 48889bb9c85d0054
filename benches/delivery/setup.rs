//! What every measurement stands on: a server on a fresh database, a sink, and tenants whose webhooks go there.

use std::time::Duration;

use actors::clock::Clock;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement,
};

use super::calls::Orders;
use super::sink_client::Receiver;
use super::support::seed::{self, Seeded};
use super::support::server::BenchServer;
use super::support::webhooks;

/// All that is needed.
pub(crate) struct Stage {
    pub(crate) server: BenchServer,
    pub(crate) sink: Receiver,
    /// Of the bench's own, into the same database.
    pub(crate) db: DatabaseConnection,
    tenants: Vec<Seeded>,
    /// Number of the next call.
    next_call: u64,
}

impl Stage {
    /// So many tenants, the nth one's webhook at `paths(n)` of the sink. With `timing` the sink notes when each webhook came.
    pub(crate) async fn set(tenants: usize, timing: bool, paths: fn(usize) -> String) -> Self {
        let server = BenchServer::start(Clock::system()).await;
        let sink = Receiver::start(timing).await;
        let tenants = seed::creditors(&server.url, tenants).await;
        let target = |n| format!("http://{}{}", sink.addr, paths(n));
        webhooks::point(&server.url, server.running.addr, &tenants, target).await;
        let db = connect(&server.url).await;
        Self {
            server,
            sink,
            db,
            tenants,
            next_call: 0,
        }
    }

    /// Says what is measured, and on which database.
    pub(crate) fn announce(&self, what: &str) {
        println!("\n== {what} on {}", self.backend());
    }

    pub(crate) fn backend(&self) -> &'static str {
        if self.is_postgres() {
            "Postgres"
        } else {
            "SQLite"
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Postgres
    }

    /// Orders for callers of the first `tenants`, with call numbers that nobody had before.
    pub(crate) fn orders(
        &mut self,
        tenants: usize,
        connections: u32,
        rate: Option<f64>,
        seconds: u64,
    ) -> Orders {
        let keys = self.tenants.iter().take(tenants);
        let first = self.next_call;
        self.next_call += 1_000_000_000;
        Orders {
            server: self.server.running.addr,
            keys: keys.map(|tenant| tenant.key.clone()).collect(),
            connections,
            rate,
            seconds,
            first,
        }
    }

    /// Runs a statement of the bench's own; rows affected.
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        let done = self.db.execute_unprepared(sql).await;
        done.expect("the statement runs").rows_affected()
    }

    /// The answer to a question of the bench's own, a whole number called `n`.
    pub(crate) async fn ask(&self, sql: &str) -> i64 {
        let question = Statement::from_string(self.db.get_database_backend(), sql);
        let row = self.db.query_one_raw(question).await.expect("a row");
        let answer = row.and_then(|row| row.try_get("", "n").ok());
        answer.expect("a number")
    }

    /// Rows of the queue.
    pub(crate) async fn queued(&self) -> i64 {
        self.ask("SELECT count(*) AS n FROM delivery").await
    }

    /// Leaves the database in order, so that what was put into it is not what is measured.
    pub(crate) async fn tidy(&self) {
        if self.is_postgres() {
            for step in [
                "VACUUM ANALYZE delivery",
                "VACUUM ANALYZE message",
                "CHECKPOINT",
            ] {
                self.execute(step).await;
            }
            return;
        }
        // What is not on the disk now would be written there during the measurement.
        self.execute("PRAGMA synchronous = FULL").await;
        // Not while the server does the same.
        while !self.truncate_wal().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.execute("PRAGMA synchronous = OFF").await;
    }

    async fn truncate_wal(&self) -> bool {
        let truncate = Statement::from_string(
            self.db.get_database_backend(),
            "PRAGMA wal_checkpoint(TRUNCATE)",
        );
        let row = self.db.query_one_raw(truncate).await.expect("an answer");
        let busy: i64 = row.expect("a row").try_get_by_index(0).expect("a number");
        busy == 0
    }

    /// Ends the server; the sink ends with this.
    pub(crate) async fn clear(self) {
        self.server.running.stop().await;
        self.db.close().await.expect("closes");
    }
}

/// A webhook that is answered at once.
pub(crate) fn healthy(n: usize) -> String {
    format!("/hook/{n}")
}

/// A pool of the bench's own.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    // What the bench writes itself need not survive a crash, and the server copies the log.
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .pragma("synchronous", "OFF")
            .pragma("wal_autocheckpoint", "0")
    });
    Database::connect(options).await.expect("the database")
}
