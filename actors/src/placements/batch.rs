//! Runs many commands in one transaction and gives each caller its own result.
//!
//! Commands are rejected before anything is written, so a rejected command does not affect its batch. If the whole
//! batch fails, its commands run again one by one. If the connection is lost during the commit, the batch's marker row
//! shows whether the commit happened. No caller gets an answer before that is known or the lookup has timed out.

use std::collections::BTreeSet;
use std::time::Duration;

use entities::ids::{BatchId, CreditorId};
use entities::queries::{creditors, writer};
use entities::{DbErr, Transaction, is_transient};
use uuid::Uuid;

use super::command::{Command, CommandAnswer};
use super::executor::CommandExecutor;
use super::working_set::WorkingSet;
use crate::contract::ApiError;
use crate::outbox::{Outbox, OutboxContext, PostCommitDeliveries};

/// How long a Writer keeps asking an unreachable database whether a commit happened. It is shorter than the callers'
/// `SUBMIT_TIMEOUT`, so that they still receive the answer.
const COMMIT_STATUS_TIMEOUT: Duration = Duration::from_secs(18);
/// Pause between two lookups of the commit status.
const COMMIT_STATUS_PAUSE: Duration = Duration::from_millis(250);

/// The result of a batch: one answer per command, in their order, and the deliveries to send after the commit.
pub(super) struct BatchResult {
    pub(super) answers: Vec<CommandAnswer>,
    pub(super) outbound: PostCommitDeliveries,
}

/// How a transaction failed.
#[derive(Debug)]
enum Failure {
    /// The transaction was rolled back. It has no effect.
    RolledBack(DbErr),
    /// The connection was lost during the commit, and the commit status could not be read in time.
    CommitUnknown(DbErr),
}

/// Commits `commands` in one transaction. If that fails because of a command, commits them one by one.
pub(super) async fn commit(context: &OutboxContext, commands: &[&Command]) -> BatchResult {
    match commit_together(context, commands).await {
        Ok(result) => result,
        // One of the commands caused the failure. After a transient database error, a rerun would only fail again.
        Err(Failure::RolledBack(error)) if commands.len() > 1 && !is_transient(&error) => {
            tracing::warn!(%error, commands = commands.len(), "a batch failed; its commands run one by one");
            commit_one_by_one(context, commands).await
        }
        Err(failure) => {
            let answers = commands
                .iter()
                .map(|command| Err(caller_error(&failure, command)))
                .collect();
            BatchResult {
                answers,
                outbound: PostCommitDeliveries::default(),
            }
        }
    }
}

async fn commit_one_by_one(context: &OutboxContext, commands: &[&Command]) -> BatchResult {
    let mut answers = Vec::with_capacity(commands.len());
    let mut outbound = PostCommitDeliveries::default();
    for command in commands {
        match commit_together(context, std::slice::from_ref(command)).await {
            Ok(result) => {
                answers.extend(result.answers);
                outbound = outbound.merge(result.outbound);
            }
            Err(failure) => answers.push(Err(caller_error(&failure, command))),
        }
    }
    BatchResult { answers, outbound }
}

/// The error that the caller of a failed command receives.
fn caller_error(failure: &Failure, command: &Command) -> ApiError {
    let (creditor, operation) = (command.creditor, command.operation.name());
    match failure {
        Failure::RolledBack(error) => {
            tracing::error!(%error, creditor_id = %creditor, operation, "a command failed and was rolled back");
            if is_transient(error) {
                ApiError::Overloaded
            } else {
                ApiError::Internal
            }
        }
        Failure::CommitUnknown(error) => {
            tracing::error!(%error, creditor_id = %creditor, operation, "the commit status of a command is unknown");
            ApiError::OutcomeUnknown
        }
    }
}

/// Runs `commands` in one transaction and commits it.
async fn commit_together(
    context: &OutboxContext,
    commands: &[&Command],
) -> Result<BatchResult, Failure> {
    let batch = BatchId(Uuid::now_v7());
    let transaction = context.env.db.begin().await.map_err(Failure::RolledBack)?;
    let result = run(context, &transaction, commands, batch)
        .await
        .map_err(Failure::RolledBack)?;
    let Err(error) = transaction.commit().await else {
        tracing::debug!(commands = commands.len(), batch_id = %batch, "a batch was committed");
        return Ok(result);
    };
    tracing::warn!(%error, batch_id = %batch, "the connection was lost during a commit");
    let creditors: BTreeSet<CreditorId> = commands.iter().map(|command| command.creditor).collect();
    match commit_status(context, batch, &creditors).await {
        Ok(true) => Ok(result),
        Ok(false) => Err(Failure::RolledBack(error)),
        Err(error) => Err(Failure::CommitUnknown(error)),
    }
}

async fn run(
    context: &OutboxContext,
    transaction: &Transaction,
    commands: &[&Command],
    batch: BatchId,
) -> Result<BatchResult, DbErr> {
    let creditors: BTreeSet<CreditorId> = commands.iter().map(|command| command.creditor).collect();
    let mut outbox = Outbox::open(transaction, &creditors, &context.env.clock).await?;
    let now_ms = outbox.now_ms();
    let mut set = WorkingSet::load(transaction, commands, now_ms).await?;
    let mut executor = CommandExecutor {
        set: &mut set,
        outbox: &mut outbox,
        now_ms,
    };
    let answers: Vec<CommandAnswer> = commands
        .iter()
        .map(|command| executor.apply(command))
        .collect();
    if answers
        .iter()
        .all(|answer| answer.as_ref().map_or(true, |done| done.replayed))
    {
        return Ok(BatchResult {
            answers,
            outbound: PostCommitDeliveries::default(),
        });
    }
    // A connection executes one statement at a time. Joining the futures prepares the next statements meanwhile.
    let (_, _, outbound) = futures::try_join!(
        set.write(transaction),
        writer::mark_batch(transaction, batch, now_ms),
        // Last, because it holds endpoint capacity from here until the deliveries complete.
        outbox.write(context, transaction),
    )?;
    Ok(BatchResult { answers, outbound })
}

/// Whether the batch was committed. Retries until `COMMIT_STATUS_TIMEOUT`.
async fn commit_status(
    context: &OutboxContext,
    batch: BatchId,
    creditors: &BTreeSet<CreditorId>,
) -> Result<bool, DbErr> {
    let ids: Vec<CreditorId> = creditors.iter().copied().collect();
    let mut last = DbErr::Custom("the database did not answer in time".to_owned());
    let deadline = tokio::time::Instant::now() + COMMIT_STATUS_TIMEOUT;
    while let Ok(status) = tokio::time::timeout_at(deadline, look_up(context, batch, &ids)).await {
        match status {
            Ok(committed) => return Ok(committed),
            Err(error) => last = error,
        }
        tokio::time::sleep(COMMIT_STATUS_PAUSE).await;
    }
    Err(last)
}

/// Reads the batch's marker row. Locking its creditors first waits for a commit that the database may still be
/// processing for the broken connection.
async fn look_up(
    context: &OutboxContext,
    batch: BatchId,
    creditors: &[CreditorId],
) -> Result<bool, DbErr> {
    let transaction = context.env.db.begin().await?;
    creditors::lock_positions(&transaction, creditors).await?;
    let committed = writer::batch_is_committed(&transaction, batch).await?;
    transaction.rollback().await?;
    Ok(committed)
}
