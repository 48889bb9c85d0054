//! The setup of each measurement: a server on a new database, a sink, and tenants whose webhooks go to the sink.

use std::time::Duration;

use actors::clock::Clock;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement,
};

use super::calls::LoadPlan;
use super::sink_client::Receiver;
use super::support::seed::{self, Seeded};
use super::support::server::BenchServer;
use super::support::webhooks;

/// A server, a sink and tenants.
pub(crate) struct Setup {
    pub(crate) server: BenchServer,
    pub(crate) sink: Receiver,
    /// A connection of the bench to the same database.
    pub(crate) db: DatabaseConnection,
    tenants: Vec<Seeded>,
    /// Number of the next call.
    next_call: u64,
}

impl Setup {
    /// Starts everything. The webhook of tenant `n` goes to `paths(n)` at the sink.
    ///
    /// With `timing`, the sink records the time of each arrival.
    pub(crate) async fn start(tenants: usize, timing: bool, paths: fn(usize) -> String) -> Self {
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

    /// Prints what is measured, and on which database.
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

    /// Instructions for callers of the first `tenants`, with unused call numbers.
    pub(crate) fn plan(
        &mut self,
        tenants: usize,
        connections: u32,
        rate: Option<f64>,
        seconds: u64,
    ) -> LoadPlan {
        let keys = self.tenants.iter().take(tenants);
        let first = self.next_call;
        self.next_call += 1_000_000_000;
        LoadPlan {
            server: self.server.running.addr,
            keys: keys.map(|tenant| tenant.key.clone()).collect(),
            connections,
            rate,
            seconds,
            first,
        }
    }

    /// Runs a statement and returns the number of affected rows.
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        let done = self.db.execute_unprepared(sql).await;
        done.expect("the statement runs").rows_affected()
    }

    /// Runs a query and returns its integer column `n`.
    pub(crate) async fn ask(&self, sql: &str) -> i64 {
        let question = Statement::from_string(self.db.get_database_backend(), sql);
        let row = self.db.query_one_raw(question).await.expect("a row");
        let answer = row.and_then(|row| row.try_get("", "n").ok());
        answer.expect("a number")
    }

    /// Number of queued deliveries.
    pub(crate) async fn queued(&self) -> i64 {
        self.ask("SELECT count(*) AS n FROM delivery").await
    }

    /// Vacuums and flushes the database, so that this work does not fall into the measurement.
    pub(crate) async fn vacuum(&self) {
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
        // Pages that are not on disk yet would be written during the measurement.
        self.execute("PRAGMA synchronous = FULL").await;
        // The checkpoint fails while the server runs one.
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

    /// Stops the server. The sink ends when this value is dropped.
    pub(crate) async fn stop(self) {
        self.server.running.stop().await;
        self.db.close().await.expect("closes");
    }
}

/// The path of tenant `n` that the sink answers immediately.
pub(crate) fn healthy(n: usize) -> String {
    format!("/hook/{n}")
}

/// Opens a single connection to the database.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    // Rows of the bench need not survive a crash, and the server runs the checkpoints.
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .pragma("synchronous", "OFF")
            .pragma("wal_autocheckpoint", "0")
    });
    Database::connect(options).await.expect("the database")
}
