//! A connection pool that waits for no statement longer than [`Timeouts`] allows.
//!
//! If the answer of a statement is lost, or the server cannot execute it, the pool is replaced: all its connections are
//! closed, and new ones are opened when they are needed. A single bad connection is rarely alone, and the driver waits
//! without a limit for the last answer of a connection that returns to its pool. Statements that run on the other
//! connections of the former pool finish there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::sqlx::{self, pool::PoolOptions};
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr,
    ExecResult, QueryResult, SqlxPostgresConnector, SqlxSqliteConnector, Statement,
};
use tokio::time::Instant;

use super::cause::{Cause, OwnError, of_change};
use super::faults::{Faults, Point};
use super::health::PoolHealth;
use crate::Result;

/// How long the closing of a former pool may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest waits for the database, measured by this process.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a free connection, and for the opening of a new one.
    pub acquire: Duration,
    /// For the answer of a statement, including the wait for a connection.
    pub statement: Duration,
    /// For everything from the begin of a transaction to the answer of its commit.
    pub transaction: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            acquire: Duration::from_secs(3),
            statement: Duration::from_millis(3_500),
            transaction: Duration::from_secs(4),
        }
    }
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// `read`, `write`, `node`, `listener` or `checkpoint`.
    pub name: &'static str,
    /// Open connections.
    pub open: u32,
    /// Those that run nothing.
    pub idle: u32,
    /// Whether the last statement was refused.
    pub refuses: bool,
}

/// A pool of connections to one database. Clones share it.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: DbBackend,
    timeouts: Timeouts,
    /// Whether statements outside a transaction change something, so that a lost answer makes their outcome unknown.
    writes: bool,
    health: PoolHealth,
    current: RwLock<Generation>,
    faults: Faults,
}

/// The connections between two replacements.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    number: u64,
    pub(super) db: DatabaseConnection,
    /// Number of statements that were answered.
    answered: Arc<AtomicU64>,
}

impl Generation {
    fn new(number: u64, db: DatabaseConnection) -> Self {
        Self {
            number,
            db,
            answered: Arc::default(),
        }
    }
}

impl Pool {
    /// Opens the pool, with at least one connection.
    pub(super) async fn open(
        name: &'static str,
        options: ConnectOptions,
        timeouts: Timeouts,
        writes: bool,
        faults: &Faults,
    ) -> Result<Self> {
        let db = sea_orm::Database::connect(options).await?;
        Ok(Self(Arc::new(Inner {
            backend: db.get_database_backend(),
            timeouts,
            writes,
            health: PoolHealth::new(name),
            current: RwLock::new(Generation::new(0, db)),
            faults: faults.clone(),
        })))
    }

    /// The driver's own pool, for a caller that needs a type of the driver. Its statements have no time limit.
    #[must_use]
    pub fn unbounded(&self) -> DatabaseConnection {
        self.generation().db
    }

    /// Whether the last statement was refused.
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.0.health.is_red()
    }

    /// The connections as they are now.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let db = self.generation().db;
        let (open, idle) = match self.0.backend {
            DbBackend::Postgres => {
                let pool = db.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = db.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        PoolStatus {
            name: self.0.health.pool(),
            open,
            idle: u32::try_from(idle).unwrap_or(u32::MAX).min(open),
            refuses: self.is_red(),
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.0.timeouts
    }

    pub(super) fn generation(&self) -> Generation {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for `answer` until `deadline`, and judges the connection by it.
    pub(super) async fn bounded<T>(
        &self,
        generation: &Generation,
        deadline: Instant,
        point: Point,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let (began, answered) = (Instant::now(), generation.answered.load(Ordering::Relaxed));
        let answer = self.0.faults.around(point, answer);
        let answer = tokio::time::timeout_at(deadline, answer).await;
        let is_silent = answer.is_err();
        let answer = answer.unwrap_or_else(|_| {
            let waited = began.elapsed().as_millis();
            Err(OwnError::NoAnswer(waited).into())
        });
        match &answer {
            Ok(_) => {
                generation.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let cause = Cause::of(error);
                let waited = matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
                if waited || cause.refuses_everybody() {
                    self.0.health.refused(error);
                }
                // No connection became free, although nothing was answered either: all of them hang.
                let all_hang = waited && generation.answered.load(Ordering::Relaxed) == answered;
                // A statement of SQLite cannot be interrupted. Its connection is free again when it ends, and another
                // one would only run beside it.
                let is_slow = self.0.backend == DbBackend::Sqlite && (is_silent || all_hang);
                if (cause.breaks_connection() || all_hang) && !is_slow {
                    self.replace(generation);
                }
            }
        }
        answer
    }

    /// Replaces all connections, unless that has happened since `failed` was current. Opens no connection.
    pub(super) fn replace(&self, failed: &Generation) {
        let former = {
            let mut current = self
                .0
                .current
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if current.number != failed.number {
                return;
            }
            let next = Generation::new(current.number + 1, reopened(&current.db));
            std::mem::replace(&mut *current, next)
        };
        // Also closes connections that are in use now, when they are returned.
        tokio::spawn(tokio::time::timeout(CLOSE_TIMEOUT, former.db.close()));
    }

    /// Runs a statement outside a transaction. `worked` tells from its answer whether the health of the pool is proven.
    async fn run<T>(
        &self,
        generation: &Generation,
        answer: impl Future<Output = Result<T>> + Send,
        worked: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        let deadline = Instant::now() + self.0.timeouts.statement;
        let point = match self.0.writes {
            true => Point::Write,
            false => Point::Statement,
        };
        let answer = self.bounded(generation, deadline, point, answer).await;
        match answer {
            Ok(answer) => {
                if !self.0.writes || worked(&answer) {
                    self.succeeded();
                }
                Ok(answer)
            }
            Err(error) if self.0.writes => Err(of_change(error)),
            Err(error) => Err(error),
        }
    }

    /// Notes that the pool did what it is for: a read, or on a pool for writes a change.
    pub(super) fn succeeded(&self) {
        self.0.health.succeeded();
    }

    /// Closes the connections, after those in use are returned.
    pub(super) async fn close(&self) {
        let db = self.generation().db;
        match tokio::time::timeout(CLOSE_TIMEOUT, db.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection pool failed to close"),
            Err(_) => tracing::debug!("a connection pool did not close in time"),
        }
    }
}

/// A pool with the options of `db` and without a connection.
fn reopened(db: &DatabaseConnection) -> DatabaseConnection {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let former = db.get_postgres_connection_pool();
            let connect = former.connect_options().as_ref().clone();
            let pool = on_demand(former.options().clone()).connect_lazy_with(connect);
            SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
        }
        _ => {
            let former = db.get_sqlite_connection_pool();
            let connect = former.connect_options().as_ref().clone();
            let pool = on_demand(former.options().clone()).connect_lazy_with(connect);
            SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
        }
    }
}

/// Without a task that connects for minutes while the database is away.
fn on_demand<D: sqlx::Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.min_connections(0)
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.0.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult> {
        let (generation, changes) = (self.generation(), changes(&statement.sql));
        let answer = generation.db.execute_raw(statement);
        self.run(&generation, answer, |done| {
            changes && done.rows_affected() > 0
        })
        .await
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult> {
        let (generation, changes) = (self.generation(), changes(text));
        let answer = generation.db.execute_unprepared(text);
        self.run(&generation, answer, |done| {
            changes && done.rows_affected() > 0
        })
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>> {
        let (generation, changes) = (self.generation(), changes(&statement.sql));
        let answer = generation.db.query_one_raw(statement);
        self.run(&generation, answer, |row| changes && row.is_some())
            .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let (generation, changes) = (self.generation(), changes(&statement.sql));
        let answer = generation.db.query_all_raw(statement);
        self.run(&generation, answer, |rows| changes && !rows.is_empty())
            .await
    }
}

/// Whether a statement can change rows. Drivers also report affected rows for others.
pub(super) fn changes(text: &str) -> bool {
    let text = text.trim_start();
    ["INSERT", "UPDATE", "DELETE", "WITH"]
        .iter()
        .any(|word| text.starts_with(word))
}
