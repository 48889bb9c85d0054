//! One transaction for many commands, and the truth for every caller.
//!
//! Refusals are found before anything is written, so one bad command costs its batch nothing. If
//! the whole batch fails all the same, its commands run again one by one. If the connection is
//! lost while it commits, the batch's mark is looked up before anybody is answered.

use std::collections::BTreeSet;
use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::{creditors, ledger};
use entities::{DbErr, Transaction, is_passing};
use uuid::Uuid;

use super::command::{Command, CommandAnswer};
use super::executor::CommandExecutor;
use super::working_set::WorkingSet;
use crate::contract::ApiError;
use crate::outbox::{Outbox, OutboxContext, PostCommitDeliveries};

/// How long a Writer asks a database that has gone away whether the commit happened: within the
/// patience of the callers that wait for it.
const COMMIT_STATUS_TIMEOUT: Duration = Duration::from_secs(18);
const COMMIT_STATUS_PAUSE: Duration = Duration::from_millis(250);

/// What became of a batch: an answer a command, and what there is to send.
pub(super) struct BatchResult {
    pub(super) answers: Vec<CommandAnswer>,
    pub(super) outbound: PostCommitDeliveries,
}

/// How a transaction failed.
#[derive(Debug)]
enum Failure {
    /// Nothing of it happened.
    RolledBack(DbErr),
    /// The database went away during the commit and did not come back in time to be asked.
    CommitUnknown(DbErr),
}

/// Commits `commands` together if possible, one by one if not.
pub(super) async fn work(context: &OutboxContext, commands: &[&Command]) -> BatchResult {
    match commit_together(context, commands).await {
        Ok(result) => result,
        // One of them is at fault; a database that is away or busy would fail them all again.
        Err(Failure::RolledBack(error)) if commands.len() > 1 && !is_passing(&error) => {
            tracing::warn!(%error, commands = commands.len(), "a batch failed: its commands run one by one");
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
                outbound = outbound.and(result.outbound);
            }
            Err(failure) => answers.push(Err(caller_error(&failure, command))),
        }
    }
    BatchResult { answers, outbound }
}

/// What the caller of a command that failed is caller_error.
fn caller_error(failure: &Failure, command: &Command) -> ApiError {
    let operation = command.operation.name();
    match failure {
        Failure::RolledBack(error) => {
            tracing::error!(%error, operation, "a command failed, and nothing of it happened");
            if is_passing(error) {
                ApiError::Overloaded
            } else {
                ApiError::Internal
            }
        }
        Failure::CommitUnknown(error) => {
            tracing::error!(%error, operation, "nobody knows whether a command was committed");
            ApiError::OutcomeUnknown
        }
    }
}

/// One transaction.
async fn commit_together(
    context: &OutboxContext,
    commands: &[&Command],
) -> Result<BatchResult, Failure> {
    let batch = Uuid::now_v7();
    let transaction = context.env.db.begin().await.map_err(Failure::RolledBack)?;
    let result = run(context, &transaction, commands, batch)
        .await
        .map_err(Failure::RolledBack)?;
    let Err(error) = transaction.commit().await else {
        tracing::debug!(commands = commands.len(), %batch, "committed");
        return Ok(result);
    };
    tracing::warn!(%error, %batch, "the connection was lost during a commit");
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
    batch: Uuid,
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
    // One statement after the other all the same; but while one is executed, the next ones are made ready.
    let (_, _, outbound) = futures::try_join!(
        set.write(transaction),
        ledger::mark_batch(transaction, batch, now_ms),
        // Last, for it takes the endpoints' credit until its deliveries have ended.
        outbox.write(context, transaction),
    )?;
    Ok(BatchResult { answers, outbound })
}

/// Whether the batch was committed. Taking its creditors' locks first waits for a commit that is
/// still under way on the other side of a broken connection.
async fn commit_status(
    context: &OutboxContext,
    batch: Uuid,
    creditors: &BTreeSet<CreditorId>,
) -> Result<bool, DbErr> {
    let ids: Vec<CreditorId> = creditors.iter().copied().collect();
    let mut last = DbErr::Custom("the database did not answer in time".to_owned());
    let deadline = tokio::time::Instant::now() + COMMIT_STATUS_TIMEOUT;
    while let Ok(asked) = tokio::time::timeout_at(deadline, look_up(context, batch, &ids)).await {
        match asked {
            Ok(committed) => return Ok(committed),
            Err(error) => last = error,
        }
        tokio::time::sleep(COMMIT_STATUS_PAUSE).await;
    }
    Err(last)
}

async fn look_up(
    context: &OutboxContext,
    batch: Uuid,
    creditors: &[CreditorId],
) -> Result<bool, DbErr> {
    let transaction = context.env.db.begin().await?;
    creditors::lock_positions(&transaction, creditors).await?;
    let committed = ledger::batch_is_committed(&transaction, batch).await?;
    transaction.rollback().await?;
    Ok(committed)
}
