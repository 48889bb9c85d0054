//! Connections: which database, how many of them, and how a transaction begins.
//!
//! SQLite has one write connection, whose transactions begin IMMEDIATE, a separate read pool, and a
//! connection that copies the log into the database.
//! Postgres has three pools: writes, reads, and one connection of the node's own, because a
//! heartbeat that waits behind a busy pool would make a healthy node fence itself.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnection, SqliteError};
use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use thiserror::Error;

/// An open transaction: rolled back unless it is committed.
pub type Transaction = DatabaseTransaction;

/// How long a caller may wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// No statement of this program runs longer; one that does is a bug that must not hold locks.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Whoever holds a creditor's lock for longer is stalled; nobody's batch waits for it.
const LOCK_TIMEOUT: &str = "4s";
/// A process that was paused between lock and commit loses its transaction, not everybody's time.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "8s";

/// How long SQLite waits for another process that writes.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps: lists of rows come in nine lengths (`queries::bulk`).
const CACHED_STATEMENTS: usize = 400;

/// What SQLite's write connection keeps of the database in memory, in KiB (negative: not in pages).
/// Four times as much was no faster.
const WRITER_CACHE: &str = "-32768";
/// The same of each other connection, which forgets all of it when somebody has written.
const READER_CACHE: &str = "-16384";

/// Sizes of the pools.
#[derive(Debug, Clone, Copy)]
pub struct Pools {
    /// Connections for transactions (Postgres; SQLite always has one).
    pub write: u32,
    /// Connections for plain reads.
    pub read: u32,
}

impl Default for Pools {
    fn default() -> Self {
        Self { write: 8, read: 8 }
    }
}

/// Why no connection could be had.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Neither `sqlite:` nor `postgres:`.
    #[error("DATABASE_URL must begin with sqlite: or postgres:")]
    UnknownBackend,
    /// Each connection would have a database of its own.
    #[error(
        "DATABASE_URL must name a file: an in-memory SQLite database cannot be shared by connections"
    )]
    InMemory,
    /// The database cannot be reached or opened. The URL is not repeated: it may hold a password.
    #[error("the database cannot be opened: {0}")]
    Unreachable(#[source] DbErr),
    /// A commit that may be lost is not one.
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
    /// Hears the other processes (Postgres).
    listener: Option<DatabaseConnection>,
    /// Copies the log into the database while others write (SQLite).
    checkpointer: Option<DatabaseConnection>,
    backend: DbBackend,
}

impl Database {
    /// Opens the pools.
    ///
    /// # Errors
    /// [`ConnectError`] when the URL is of another kind or nothing answers.
    pub async fn connect(url: &str, pools: Pools) -> Result<Self, ConnectError> {
        if url.starts_with("sqlite:") {
            return Self::connect_sqlite(url, pools).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::connect_postgres(url, pools).await;
        }
        Err(ConnectError::UnknownBackend)
    }

    async fn connect_sqlite(url: &str, pools: Pools) -> Result<Self, ConnectError> {
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

    async fn connect_postgres(url: &str, pools: Pools) -> Result<Self, ConnectError> {
        Ok(Self {
            write: open(writer_options(url, pools.write)).await?,
            read: open(postgres_options(url, pools.read)).await?,
            node: open(node_options(url)).await?,
            listener: Some(open(listener_options(url)).await?),
            checkpointer: None,
            backend: DbBackend::Postgres,
        })
    }

    /// Whether this is Postgres, where several processes may share the database.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// For plain reads outside a transaction.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For single statements that write.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// The node's own connection: heartbeat, control feed, advisory locks.
    #[must_use]
    pub fn node(&self) -> &DatabaseConnection {
        &self.node
    }

    /// Where the other processes are heard; there are none on SQLite.
    pub(crate) fn listener(&self) -> Option<&sea_orm::sqlx::PgPool> {
        self.listener
            .as_ref()
            .map(DatabaseConnection::get_postgres_connection_pool)
    }

    /// Where SQLite's log is copied into the database; Postgres does so by itself.
    pub(crate) fn checkpointer(&self) -> Option<&DatabaseConnection> {
        self.checkpointer.as_ref()
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// When no connection is free in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            // Deferred would take the write lock at the first write, and fail there instead of waiting.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await
    }

    /// Refuses a Postgres that acknowledges commits before they are durable.
    ///
    /// # Errors
    /// [`ConnectError::UnsafeCommit`].
    pub async fn require_durable_commits(&self) -> Result<(), ConnectError> {
        if !self.is_postgres() {
            return Ok(());
        }
        let row = self
            .read
            .query_one_raw(statement(&self.read, "SHOW synchronous_commit", []))
            .await
            .map_err(ConnectError::Unreachable)?;
        let setting: Option<String> = row.and_then(|row| row.try_get_by_index(0).ok());
        if setting.as_deref() == Some("off") {
            return Err(ConnectError::UnsafeCommit);
        }
        Ok(())
    }

    /// Closes every pool, waiting for connections in use.
    pub async fn close(&self) {
        let pools = [&self.write, &self.read, &self.node].into_iter();
        for pool in pools.chain(&self.listener).chain(&self.checkpointer) {
            if let Err(error) = pool.clone().close().await {
                tracing::debug!(%error, "closing a pool");
            }
        }
    }
}

/// Whether the database is away, busy, full or has held a lock for too long: the same thing may work
/// in a moment. Anything else is a statement that fails whenever it is tried.
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
        // The first two: a transaction was open already where one was to begin.
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

/// SQLite's result codes (<https://sqlite.org/rescode.html>). The low byte is the primary code, the rest says where.
fn is_transient_on_sqlite(code: &str) -> bool {
    /// BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN.
    const TRANSIENT: &[u32] = &[5, 6, 7, 8, 9, 10, 13, 14];
    code.parse::<u32>()
        .is_ok_and(|code| TRANSIENT.contains(&(code & 0xff)))
}

/// Postgres' error codes (its manual, appendix A), whole or by class.
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

/// A statement for the backend of `connection`. Both backends understand `$1`, `$2`, ….
pub(crate) fn statement<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// `FOR UPDATE` where rows can be locked; on SQLite the transaction holds the whole database.
pub(crate) fn for_update<C: ConnectionTrait>(connection: &C) -> &'static str {
    match connection.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    }
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, ConnectError> {
    sea_orm::Database::connect(options)
        .await
        .map_err(ConnectError::Unreachable)
}

/// Whether SQLite's write connection may go back to its pool. One whose transaction could not be ended may not: the driver
/// would take the next transaction for a part of that one, and never commit it.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A rollback may be queued: it has been executed when the connection answers.
    connection.ping().await?;
    let is_clean = !connection.is_in_transaction();
    if !is_clean {
        tracing::warn!("a transaction could not be ended: its connection is closed");
    }
    Ok(is_clean)
}

fn base_options(url: &str, size: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Statements carry secrets' hashes and people's data: they are not logged, at any level.
        .sqlx_logging(false)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None);
    options
}

/// `cache` is of each connection, as `PRAGMA cache_size` takes it.
fn sqlite_options(url: &str, size: u32, cache: &'static str) -> ConnectOptions {
    let mut options = base_options(url, size);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            // Without it, REPLACE would delete rows behind the append-only trigger's back.
            .pragma("recursive_triggers", "ON")
            .pragma("cache_size", cache)
            // What a statement would have to undo stays in memory: as a file it took a sixth of a commit.
            .pragma("temp_store", "MEMORY")
            // Rounds of their own copy the log (`queries::wal`). A commit that may not copy it, because
            // somebody reads from an old snapshot, would sort the whole of it to find that out.
            .pragma("wal_autocheckpoint", "0")
            // Twice what it is under load: what a long snapshot let it grow to is given back.
            .pragma("journal_size_limit", "402653184")
            .statement_cache_capacity(CACHED_STATEMENTS)
    });
    options
}

fn postgres_options(url: &str, size: u32) -> ConnectOptions {
    postgres_options_with(url, size, &[])
}

fn postgres_options_with(
    url: &str,
    size: u32,
    more: &[(&'static str, &'static str)],
) -> ConnectOptions {
    let mut settings = vec![
        ("lock_timeout", LOCK_TIMEOUT),
        // Compiling costs more than any statement of ours takes.
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

/// What is written walks indexes from a few rows that it is given. A plan is kept for many executions:
/// made while a table is small it might read that table whole, and go on to when it is not. So only
/// the one plan that is right at every size is left to choose.
fn writer_options(url: &str, size: u32) -> ConnectOptions {
    let plan = [
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("plan_cache_mode", "force_generic_plan"),
    ];
    postgres_options_with(url, size, &plan)
}

/// One connection that lives as long as the process: its session holds the node's advisory lock.
fn node_options(url: &str) -> ConnectOptions {
    let mut options = postgres_options(url, 1);
    options.set_application_name("partner-api node");
    options
}

/// One connection that waits for notifications, and does nothing else.
fn listener_options(url: &str) -> ConnectOptions {
    let mut options = postgres_options(url, 1);
    options.set_application_name("partner-api listener");
    options
}
