//! The connection pools of a process, their settings, and transactions. Never retries a statement.
//!
//! Every wait for the database is bounded by this process (`pool`), every error has a cause (`cause`), and tests can
//! inject faults below everything that uses the database (`faults`).
//!
//! SQLite has one write connection, whose transactions begin IMMEDIATE, a read pool, and a connection that checkpoints
//! the write-ahead log.
//!
//! Postgres has a write pool, a read pool, a connection for the node and a connection for the listener. The node has
//! its own connection because a heartbeat that waits for a busy pool would make a healthy node fence itself.

mod cause;
#[cfg(feature = "fault-injection")]
pub mod faults;
#[cfg(not(feature = "fault-injection"))]
#[allow(unreachable_pub)] // public with the feature
mod faults;
mod health;
mod pool;
mod transaction;

use std::time::Duration;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{self, Connection};
use sea_orm::{ConnectOptions, ConnectionTrait, DbBackend, DbErr};
use thiserror::Error;

pub use cause::{Cause, Failure, failure_of};
pub use pool::{Pool, PoolStatus, Timeouts};
pub use transaction::{Transaction, noting_commits};

use faults::Faults;

use crate::{Result, sql};

/// How long a transaction waits for a lock. Shorter than [`Timeouts::transaction`], so that the caller learns the cause.
const LOCK_TIMEOUT: &str = "2s";
/// A process that pauses between lock and commit loses its transaction, so that it does not block the others. Longer
/// than [`Timeouts::transaction`].
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "5s";

/// How long SQLite waits while another process writes.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// The text of the error that shows that two connections share a session.
const SHARED_SESSION: &str = "two connections share a session";

/// How long one checkpoint of SQLite may take. Nobody waits for it.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_secs(60);

/// Prepared statements that a connection caches. Each bulk statement comes in nine lengths (`queries::bulk`).
const CACHED_STATEMENTS: usize = 400;

/// Page cache of SQLite's write connection, as a value of `PRAGMA cache_size`: negative values are KiB. Four times as
/// much was no faster.
const WRITER_CACHE: &str = "-32768";
/// Page cache of each other connection, which discards it after every write of another connection.
const READER_CACHE: &str = "-16384";

/// Sizes of the connection pools.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// Connections for transactions on Postgres; SQLite always has one.
    pub write: u32,
    /// Connections for plain reads.
    pub read: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { write: 8, read: 8 }
    }
}

/// Why the database could not be connected to.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL scheme is neither `sqlite:` nor `postgres:`.
    #[error("DATABASE_URL must begin with sqlite: or postgres:")]
    UnknownBackend,
    /// The SQLite database is in memory. Each connection would have its own database.
    #[error("DATABASE_URL must name a file: connections cannot share an in-memory SQLite database")]
    InMemory,
    /// The database cannot be reached or opened. The message omits the URL, because it can contain a password.
    #[error("the database cannot be opened: {0}")]
    Unreachable(#[from] DbErr),
    /// Postgres acknowledges commits before they are durable.
    #[error(
        "Postgres runs with synchronous_commit=off, which loses commits in a crash: switch it on for this database or role"
    )]
    UnsafeCommit,
    /// A pooler gives each transaction to another session of Postgres.
    #[error(
        "the database is behind a pooler in transaction or statement mode (such as PgBouncer), in which locks and settings of a session do not work: use session mode, or connect to Postgres directly"
    )]
    TransactionPooler,
}

/// The database of this process.
#[derive(Debug, Clone)]
pub struct Database {
    write: Pool,
    read: Pool,
    node: Pool,
    /// Receives notifications of other processes (Postgres).
    listener: Option<Pool>,
    /// Checkpoints the write-ahead log while others write (SQLite).
    checkpointer: Option<Pool>,
    backend: DbBackend,
    #[cfg(feature = "fault-injection")]
    faults: Faults,
}

impl Database {
    /// Opens the pools.
    ///
    /// # Errors
    /// [`ConnectError`] if the URL is not supported or the database cannot be opened.
    pub async fn connect(url: &str, pools: PoolSizes) -> Result<Self, ConnectError> {
        Self::connect_within(url, pools, Timeouts::default()).await
    }

    /// The same, with other timeouts.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_within(
        url: &str,
        pools: PoolSizes,
        timeouts: Timeouts,
    ) -> Result<Self, ConnectError> {
        if url.starts_with("sqlite:") {
            return Self::connect_sqlite(url, pools, timeouts).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::connect_postgres(url, pools, timeouts).await;
        }
        Err(ConnectError::UnknownBackend)
    }

    async fn connect_sqlite(
        url: &str,
        pools: PoolSizes,
        timeouts: Timeouts,
    ) -> Result<Self, ConnectError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(ConnectError::InMemory);
        }
        let faults = Faults::default();
        let mut writer = sqlite_options(url, 1, WRITER_CACHE, timeouts);
        // SQLite counts the transaction as open until it has executed a queued rollback.
        writer.map_sqlx_sqlite_pool_opts(|pool| close_inside_transaction(pool, true));
        let write = Pool::open("write", writer, timeouts, true, &faults).await?;
        // The write connection creates the file and its WAL, so it comes first.
        let reader = sqlite_options(url, pools.read, READER_CACHE, timeouts);
        let read = Pool::open("read", reader, timeouts, false, &faults).await?;
        let long = Timeouts {
            statement: CHECKPOINT_TIMEOUT,
            ..timeouts
        };
        let checkpointer = sqlite_options(url, 1, READER_CACHE, timeouts);
        let checkpointer =
            Pool::open("checkpoint", checkpointer, long, false, &Faults::default()).await?;
        Ok(Self {
            node: write.clone(),
            listener: None,
            checkpointer: Some(checkpointer),
            write,
            read,
            backend: DbBackend::Sqlite,
            #[cfg(feature = "fault-injection")]
            faults,
        })
    }

    async fn connect_postgres(
        url: &str,
        pools: PoolSizes,
        timeouts: Timeouts,
    ) -> Result<Self, ConnectError> {
        let faults = Faults::default();
        let mut writer = writer_options(url, pools.write, timeouts);
        writer.map_sqlx_postgres_pool_opts(|pool| close_inside_transaction(test_idle(pool), false));
        let write = Pool::open("write", writer, timeouts, true, &faults).await?;
        let reader = postgres_options(url, pools.read, &[], timeouts);
        let read = Pool::open("read", reader, timeouts, false, &faults).await?;
        // One connection for the lifetime of the process. Its session holds the node's advisory lock.
        let node = named_options(url, "partner-api node", timeouts);
        let node = Pool::open("node", node, timeouts, true, &faults).await?;
        // One connection that only waits for notifications.
        let listener = named_options(url, "partner-api listener", timeouts);
        let listener =
            Pool::open("listener", listener, timeouts, false, &Faults::default()).await?;
        Ok(Self {
            write,
            read,
            node,
            listener: Some(listener),
            checkpointer: None,
            backend: DbBackend::Postgres,
            #[cfg(feature = "fault-injection")]
            faults,
        })
    }

    /// The faults that a test injects.
    #[cfg(feature = "fault-injection")]
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Whether this is Postgres, where several processes may share the database.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// The connection pool for plain reads outside a transaction.
    #[must_use]
    pub fn reader(&self) -> &Pool {
        &self.read
    }

    /// The connection pool for single statements that write.
    #[must_use]
    pub fn writer(&self) -> &Pool {
        &self.write
    }

    /// The node's own connection, for its heartbeat, the control feed and its advisory lock.
    #[must_use]
    pub fn node(&self) -> &Pool {
        &self.node
    }

    /// The connections of every pool as they are now.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolStatus> {
        let own_node = self.is_postgres().then_some(&self.node);
        let pools = [&self.write, &self.read].into_iter().chain(own_node);
        let rare = self.listener.iter().chain(&self.checkpointer);
        pools.chain(rare).map(Pool::status).collect()
    }

    /// The connection that receives notifications of other processes; `None` on SQLite.
    pub(crate) fn listener(&self) -> Option<&Pool> {
        self.listener.as_ref()
    }

    /// The connection that checkpoints the write-ahead log; `None` on Postgres, which checkpoints by itself.
    pub(crate) fn checkpointer(&self) -> Option<&Pool> {
        self.checkpointer.as_ref()
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Fails if no connection is free in time.
    pub async fn begin(&self) -> Result<Transaction> {
        Transaction::begin(&self.write).await
    }

    /// Whether the last write was refused, and no later one has succeeded. The heartbeat of a node counts as a write.
    #[must_use]
    pub fn refuses_writes(&self) -> bool {
        self.write.is_red() || self.node.is_red()
    }

    /// Checks that Postgres makes commits durable before it acknowledges them.
    ///
    /// # Errors
    /// [`ConnectError::UnsafeCommit`] if it does not.
    pub async fn require_durable_commits(&self) -> Result<(), ConnectError> {
        if self.is_postgres() {
            let setting = sql::value(&self.read, "SHOW synchronous_commit", []).await?;
            if setting.is_some_and(|setting: String| setting == "off") {
                return Err(ConnectError::UnsafeCommit);
            }
        }
        Ok(())
    }

    /// Checks that a connection is one session of Postgres for as long as it lasts. The locks of the cluster are held by
    /// a session.
    ///
    /// # Errors
    /// [`ConnectError::TransactionPooler`] if two connections share a session.
    pub async fn require_sessions(&self) -> Result<(), ConnectError> {
        const OTHERS: usize = 3;
        if !self.is_postgres() {
            return Ok(());
        }
        let mark = uuid::Uuid::now_v7();
        // Simple queries, because a pooler in transaction mode may not support prepared statements.
        let set = format!("SELECT set_config('partner_api.session', '{mark}', false)");
        self.node.execute_unprepared(&set).await?;
        let is_shared = format!(
            "DO $$ BEGIN IF current_setting('partner_api.session', true) = '{mark}' THEN \
             RAISE EXCEPTION '{SHARED_SESSION}'; END IF; END $$"
        );
        for _ in 0..OTHERS {
            match self.write.execute_unprepared(&is_shared).await {
                Err(error) if error.to_string().contains(SHARED_SESSION) => {
                    return Err(ConnectError::TransactionPooler);
                }
                other => other?,
            };
        }
        Ok(())
    }

    /// Closes all pools, after the connections in use are returned.
    pub async fn close(&self) {
        let pools = [&self.write, &self.read, &self.node].into_iter();
        for pool in pools.chain(&self.listener).chain(&self.checkpointer) {
            pool.close().await;
        }
    }
}

/// Returns `clause`, which locks rows, on Postgres. On SQLite a transaction locks the whole database, so it returns an
/// empty string.
pub(crate) fn row_lock(db: &impl ConnectionTrait, clause: &'static str) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => clause,
        _ => "",
    }
}

/// Closes a connection that returns to its pool inside a transaction. The driver would nest the next transaction in it
/// and never commit it.
fn close_inside_transaction<D: sqlx::Database>(pool: PoolOptions<D>, ping: bool) -> PoolOptions<D> {
    pool.after_release(move |connection, _| {
        Box::pin(async move {
            if ping {
                connection.ping().await?;
            }
            let is_clean = !connection.is_in_transaction();
            if !is_clean {
                tracing::warn!("a transaction could not be ended; its connection is closed");
            }
            Ok(is_clean)
        })
    })
}

/// Tests a connection of Postgres that was not used for a while. Something between the two may have dropped it without a
/// word.
fn test_idle(pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
    const IDLE: Duration = Duration::from_secs(30);
    const ANSWER: Duration = Duration::from_millis(500);
    pool.before_acquire(|connection, state| {
        Box::pin(async move {
            if state.idle_for < IDLE {
                return Ok(true);
            }
            let ping = tokio::time::timeout(ANSWER, connection.ping()).await;
            Ok(matches!(ping, Ok(Ok(()))))
        })
    })
}

fn base_options(url: &str, size: u32, timeouts: Timeouts) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(timeouts.acquire)
        // Statements contain hashes of secrets and personal data, so they are never logged.
        .sqlx_logging(false)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None);
    options
}

/// `cache` is the value of `PRAGMA cache_size` for each connection.
fn sqlite_options(url: &str, size: u32, cache: &'static str, timeouts: Timeouts) -> ConnectOptions {
    let mut options = base_options(url, size, timeouts);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            // Without it, REPLACE deletes rows without firing the append-only trigger.
            .pragma("recursive_triggers", "ON")
            .pragma("cache_size", cache)
            // Keeps the statement journal in memory. A file took a sixth of the time of a commit.
            .pragma("temp_store", "MEMORY")
            // A periodic task checkpoints the log (`queries::wal`). While a reader holds an old snapshot, an automatic
            // checkpoint would sort the entire log in every commit and copy nothing.
            .pragma("wal_autocheckpoint", "0")
            // In bytes: twice the size under load. Truncates a log that grew during a long snapshot.
            .pragma("journal_size_limit", "402653184")
            .statement_cache_capacity(CACHED_STATEMENTS)
    });
    options
}

/// `more` are settings of each session.
fn postgres_options(
    url: &str,
    size: u32,
    more: &[(&'static str, &'static str)],
    timeouts: Timeouts,
) -> ConnectOptions {
    let mut settings = vec![
        ("lock_timeout", LOCK_TIMEOUT),
        // Compiling a query takes longer than any statement of this program.
        ("jit", "off"),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_TIMEOUT,
        ),
    ];
    settings.extend_from_slice(more);
    let mut options = base_options(url, size, timeouts);
    // Before this process stops waiting, so that it learns that only this statement is slow.
    options.statement_timeout(timeouts.statement.mul_f32(0.8));
    options.map_sqlx_postgres_pool_opts(test_idle);
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres
            .options(settings.clone())
            .statement_cache_capacity(CACHED_STATEMENTS)
    });
    options
}

/// Restricts the planner to nested index scans for statements that write.
///
/// Such statements look up a few given rows by index. Postgres caches plans. A plan made while a table is small could
/// scan the entire table, and would stay in use after the table has grown.
fn writer_options(url: &str, size: u32, timeouts: Timeouts) -> ConnectOptions {
    let plan = [
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("plan_cache_mode", "force_generic_plan"),
    ];
    postgres_options(url, size, &plan, timeouts)
}

/// Options of a single connection that Postgres shows under this name.
fn named_options(url: &str, name: &str, timeouts: Timeouts) -> ConnectOptions {
    let mut options = postgres_options(url, 1, &[], timeouts);
    options.set_application_name(name);
    options
}
