//! A transaction with a deadline.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _,
};
use tokio::time::Instant;

use super::cause::of_change;
use super::faults::Point;
use super::pool::{Generation, Pool, changes};
use crate::Result;

tokio::task_local! {
    /// Whether the current work has committed a change.
    static COMMITTED: Cell<bool>;
}

/// Runs `work`, and also returns whether it has committed a transaction that changed a row. After that, an error of
/// `work` no longer means that nothing happened.
///
/// Commits of other tasks do not count.
pub async fn noting_commits<T>(work: impl Future<Output = T>) -> (T, bool) {
    let noting = async {
        let value = work.await;
        (value, COMMITTED.with(Cell::get))
    };
    COMMITTED.scope(Cell::new(false), noting).await
}

/// An open transaction. It is rolled back when it is dropped without a commit.
///
/// It must end within [`super::Timeouts::transaction`]; the statement or the commit that takes longer fails.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    pool: Pool,
    generation: Generation,
    deadline: Instant,
    /// Whether a statement has changed a row.
    has_changes: AtomicBool,
}

impl Transaction {
    /// Begins a transaction that will write.
    pub(super) async fn begin(pool: &Pool) -> Result<Self> {
        let options = TransactionOptions {
            // A deferred transaction takes the write lock at its first write, and fails there instead of waiting.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let generation = pool.generation();
        let deadline = Instant::now() + pool.timeouts().transaction;
        let begun = generation.db.begin_with_options(options);
        let inner = pool
            .bounded(&generation, deadline, Point::Begin, begun)
            .await?;
        Ok(Self {
            inner,
            pool: pool.clone(),
            generation,
            deadline,
            has_changes: AtomicBool::new(false),
        })
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// After an error of [`super::Failure::OutcomeUnknown`] the transaction may have been committed. After any other
    /// error it is rolled back.
    pub async fn commit(self) -> Result<()> {
        let Self {
            inner,
            pool,
            generation,
            deadline,
            has_changes,
        } = self;
        let committed = pool
            .bounded(&generation, deadline, Point::Commit, inner.commit())
            .await;
        if committed.is_ok() && has_changes.into_inner() {
            // Work that nobody asks does not note its commits.
            let _ = COMMITTED.try_with(|committed| committed.set(true));
            pool.succeeded();
        }
        // The driver may be wrong about the state of the connection.
        committed
            .map_err(of_change)
            .inspect_err(|_| pool.replace(&generation))
    }

    /// Rolls the transaction back. If that fails, its connection is closed, so that it has no effect in any case.
    pub async fn rollback(self) -> Result<()> {
        let Self {
            inner,
            pool,
            generation,
            deadline,
            ..
        } = self;
        let ended = pool
            .bounded(&generation, deadline, Point::Rollback, inner.rollback())
            .await;
        ended.inspect_err(|_| pool.replace(&generation))
    }

    async fn run<T>(&self, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let deadline = self
            .deadline
            .min(Instant::now() + self.pool.timeouts().statement);
        self.pool
            .bounded(&self.generation, deadline, Point::Statement, answer)
            .await
    }

    fn note(&self, changed: bool) {
        if changed {
            self.has_changes.store(true, Ordering::Relaxed);
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult> {
        let changes = changes(&statement.sql);
        let done = self.run(self.inner.execute_raw(statement)).await?;
        self.note(changes && done.rows_affected() > 0);
        Ok(done)
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult> {
        let done = self.run(self.inner.execute_unprepared(text)).await?;
        self.note(changes(text) && done.rows_affected() > 0);
        Ok(done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>> {
        let changes = changes(&statement.sql);
        let row = self.run(self.inner.query_one_raw(statement)).await?;
        self.note(changes && row.is_some());
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let changes = changes(&statement.sql);
        let rows = self.run(self.inner.query_all_raw(statement)).await?;
        self.note(changes && !rows.is_empty());
        Ok(rows)
    }
}
