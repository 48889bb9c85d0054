//! Connection pools, their settings, and how transactions begin. Never retries a statement.
//!
//! SQLite has one write connection, whose transactions begin IMMEDIATE, a read pool, and a connection that checkpoints
//! the write-ahead log.
//!
//! Postgres has a write pool, a read pool, a connection for the node and a connection for the listener. The node has
//! its own connection because a heartbeat that waits for a busy pool would make a healthy node fence itself.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnection, SqliteError};
use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait};
use thiserror::Error;

use crate::{Result, sql};

/// An open transaction. It is rolled back when dropped without a commit.
pub type Transaction = sea_orm::DatabaseTransaction;

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Every statement of this program is faster. A slower one is a bug and must not hold locks.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// A transaction that holds a creditor's lock longer than this is stalled. Other batches stop waiting for it.
const LOCK_TIMEOUT: &str = "4s";
/// A process that pauses between lock and commit loses its transaction, so that it does not block the others.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "8s";

/// How long SQLite waits while another process writes.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

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
}

/// The database of this process.
#[derive(Debug, Clone)]
pub struct Database {
    write: DatabaseConnection,
    read: DatabaseConnection,
    node: DatabaseConnection,
    /// Receives notifications of other processes (Postgres).
    listener: Option<DatabaseConnection>,
    /// Checkpoints the write-ahead log while others write (SQLite).
    checkpointer: Option<DatabaseConnection>,
    backend: DbBackend,
}

impl Database {
    /// Opens the pools.
    ///
    /// # Errors
    /// [`ConnectError`] if the URL is not supported or the database cannot be opened.
    pub async fn connect(url: &str, pools: PoolSizes) -> Result<Self, ConnectError> {
        if url.starts_with("sqlite:") {
            return Self::connect_sqlite(url, pools).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::connect_postgres(url, pools).await;
        }
        Err(ConnectError::UnknownBackend)
    }

    async fn connect_sqlite(url: &str, pools: PoolSizes) -> Result<Self, ConnectError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(ConnectError::InMemory);
        }
        let mut writer = sqlite_options(url, 1, WRITER_CACHE);
        writer.map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(is_clean(connection)))
        });
        let write = open(writer).await?;
        // The write connection creates the file and its WAL, so it comes first.
        let read = open(sqlite_options(url, pools.read, READER_CACHE)).await?;
        let checkpointer = open(sqlite_options(url, 1, READER_CACHE)).await?;
        Ok(Self {
            node: write.clone(),
            listener: None,
            checkpointer: Some(checkpointer),
            write,
            read,
            backend: DbBackend::Sqlite,
        })
    }

    async fn connect_postgres(url: &str, pools: PoolSizes) -> Result<Self, ConnectError> {
        Ok(Self {
            write: open(writer_options(url, pools.write)).await?,
            read: open(postgres_options(url, pools.read, &[])).await?,
            // One connection for the lifetime of the process. Its session holds the node's advisory lock.
            node: open(named_options(url, "partner-api node")).await?,
            // One connection that only waits for notifications.
            listener: Some(open(named_options(url, "partner-api listener")).await?),
            checkpointer: None,
            backend: DbBackend::Postgres,
        })
    }

    /// Whether this is Postgres, where several processes may share the database.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// The connection pool for plain reads outside a transaction.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// The connection pool for single statements that write.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// The node's own connection, for its heartbeat, the control feed and its advisory lock.
    #[must_use]
    pub fn node(&self) -> &DatabaseConnection {
        &self.node
    }

    /// The connection that receives notifications of other processes; `None` on SQLite.
    pub(crate) fn listener(&self) -> Option<&sea_orm::sqlx::PgPool> {
        let listener = self.listener.as_ref()?;
        Some(listener.get_postgres_connection_pool())
    }

    /// The connection that checkpoints the write-ahead log; `None` on Postgres, which checkpoints by itself.
    pub(crate) fn checkpointer(&self) -> Option<&DatabaseConnection> {
        self.checkpointer.as_ref()
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Fails if no connection is free within 3 seconds.
    pub async fn begin(&self) -> Result<Transaction> {
        let options = TransactionOptions {
            // A deferred transaction takes the write lock at its first write, and fails there instead of waiting.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await
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

    /// Closes all pools, after the connections in use are returned.
    pub async fn close(&self) {
        let pools = [&self.write, &self.read, &self.node].into_iter();
        for pool in pools.chain(&self.listener).chain(&self.checkpointer) {
            if let Err(error) = pool.clone().close().await {
                tracing::debug!(%error, "a connection pool failed to close");
            }
        }
    }
}

/// Returns whether a retry can succeed: the database is unreachable, busy or full, or a lock was not granted in time.
/// Any other error repeats with every attempt.
#[must_use]
pub fn is_transient(error: &DbErr) -> bool {
    use sea_orm::sqlx::Error;
    let cause = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            cause
        }
        _ => return false,
    };
    match cause.as_ref() {
        Error::Database(refusal) => {
            let code = refusal.code();
            let code = code.as_deref().unwrap_or_default();
            if refusal.try_downcast_ref::<SqliteError>().is_some() {
                is_transient_on_sqlite(code)
            } else {
                is_transient_on_postgres(code)
            }
        }
        // The first two mean that the connection already had an open transaction.
        Error::InvalidSavePointStatement
        | Error::BeginFailed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Checks a result code of SQLite (<https://sqlite.org/rescode.html>). The low byte is the primary code.
fn is_transient_on_sqlite(code: &str) -> bool {
    /// BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN.
    const TRANSIENT: &[u32] = &[5, 6, 7, 8, 9, 10, 13, 14];
    code.parse::<u32>()
        .is_ok_and(|code| TRANSIENT.contains(&(code & 0xff)))
}

/// Checks an error code of Postgres (its manual, appendix A). The list holds whole codes and classes.
fn is_transient_on_postgres(code: &str) -> bool {
    const TRANSIENT: &[&str] = &[
        "08",    // connection exceptions
        "25006", // read-only transaction
        "25P03", // idle in transaction for too long
        "40001", // serialization failure
        "40P01", // deadlock
        "53",    // insufficient resources: disk full, out of memory, too many connections
        "55P03", // lock not available
        "57014", // statement cancelled
        "57P01", // shutting down
        "57P02", // crashed
        "57P03", // starting
        "58030", // I/O error
    ];
    TRANSIENT.iter().any(|prefix| code.starts_with(prefix))
}

/// Returns `clause`, which locks rows, on Postgres. On SQLite a transaction locks the whole database, so it returns an
/// empty string.
pub(crate) fn row_lock(db: &impl ConnectionTrait, clause: &'static str) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => clause,
        _ => "",
    }
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection> {
    sea_orm::Database::connect(options).await
}

/// Returns whether SQLite's write connection may return to its pool. A connection with an open transaction may not: the
/// driver would nest the next transaction in it and never commit it.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A rollback may still be queued. It has been executed when the ping returns.
    connection.ping().await?;
    let is_clean = !connection.is_in_transaction();
    if !is_clean {
        tracing::warn!("a transaction could not be ended; its connection is closed");
    }
    Ok(is_clean)
}

fn base_options(url: &str, size: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Statements contain hashes of secrets and personal data, so they are never logged.
        .sqlx_logging(false)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None);
    options
}

/// `cache` is the value of `PRAGMA cache_size` for each connection.
fn sqlite_options(url: &str, size: u32, cache: &'static str) -> ConnectOptions {
    let mut options = base_options(url, size);
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
fn postgres_options(url: &str, size: u32, more: &[(&'static str, &'static str)]) -> ConnectOptions {
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
    let mut options = base_options(url, size);
    options.statement_timeout(STATEMENT_TIMEOUT);
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
fn writer_options(url: &str, size: u32) -> ConnectOptions {
    let plan = [
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("plan_cache_mode", "force_generic_plan"),
    ];
    postgres_options(url, size, &plan)
}

/// Options of a single connection that Postgres shows under this name.
fn named_options(url: &str, name: &str) -> ConnectOptions {
    let mut options = postgres_options(url, 1, &[]);
    options.set_application_name(name);
    options
}
