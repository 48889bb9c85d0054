//! Runs many commands in one transaction and gives each caller its own result.
//!
//! Commands are rejected before anything is written, so a rejected command does not affect its batch. If the whole
//! batch fails, its commands run again one by one. If the answer of the commit is lost, the batch's marker row shows
//! whether the commit happened. No caller gets an answer before that is known or the time for the answer has passed.

use std::collections::BTreeSet;
use std::time::Duration;

use entities::ids::{BatchId, CreditorId};
use entities::queries::{creditors, writer};
use entities::{DbErr, Failure, Transaction, failure_of};
use tokio::time::Instant;
use uuid::Uuid;

use super::command::{Command, CommandAnswer};
use super::executor::CommandExecutor;
use super::working_set::WorkingSet;
use crate::contract::ApiError;
use crate::outbox::{Outbox, OutboxContext, PostCommitDeliveries};

/// How long after its start a batch must be answered. It is shorter than the callers' `SUBMIT_TIMEOUT`, and leaves time
/// after the deadline of a transaction to look up whether it was committed.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(4_500);
/// Pause between two lookups of the commit status.
const COMMIT_STATUS_PAUSE: Duration = Duration::from_millis(250);

/// What a batch did with a command.
pub(super) enum Progressed {
    /// The command was performed, replayed or rejected.
    Answered(CommandAnswer),
    /// Another transaction holds the lock of the command's creditor. Nothing happened.
    CreditorBusy,
}

/// The result of a batch: one entry per command, in their order, and the deliveries to send after the commit.
pub(super) struct BatchResult {
    pub(super) answers: Vec<Progressed>,
    pub(super) outbound: PostCommitDeliveries,
}

/// Whether one of the commands caused the failure, so that the others can succeed without it.
fn is_of_one_command(error: &DbErr) -> bool {
    failure_of(error) == Failure::Permanent
}

/// The error that the caller of a command receives whose transaction failed before its commit.
fn caller_error(error: &DbErr, command: &Command) -> ApiError {
    if !is_of_one_command(error) {
        return ApiError::Overloaded;
    }
    let (creditor, operation) = (command.creditor, command.operation.name());
    tracing::error!(%error, creditor_id = %creditor, operation, "a command failed and was rolled back");
    ApiError::Internal
}

/// Commits `commands` in one transaction. If that fails because of a command, commits them one by one.
pub(super) async fn commit(context: &OutboxContext, commands: &[&Command]) -> BatchResult {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    match commit_together(context, commands, deadline).await {
        Ok(result) => result,
        Err(error) if commands.len() > 1 && is_of_one_command(&error) => {
            tracing::warn!(%error, commands = commands.len(), "a batch failed; its commands run one by one");
            commit_one_by_one(context, commands, deadline).await
        }
        Err(error) => {
            let failed =
                |command: &&Command| Progressed::Answered(Err(caller_error(&error, command)));
            BatchResult {
                answers: commands.iter().map(failed).collect(),
                outbound: PostCommitDeliveries::default(),
            }
        }
    }
}

async fn commit_one_by_one(
    context: &OutboxContext,
    commands: &[&Command],
    deadline: Instant,
) -> BatchResult {
    let mut answers = Vec::with_capacity(commands.len());
    let mut outbound = PostCommitDeliveries::default();
    for command in commands {
        if Instant::now() >= deadline {
            answers.push(Progressed::Answered(Err(ApiError::Overloaded)));
            continue;
        }
        match commit_together(context, std::slice::from_ref(command), deadline).await {
            Ok(result) => {
                answers.extend(result.answers);
                outbound = outbound.merge(result.outbound);
            }
            Err(error) => answers.push(Progressed::Answered(Err(caller_error(&error, command)))),
        }
    }
    BatchResult { answers, outbound }
}

/// Runs `commands` in one transaction and commits it. Fails if it was rolled back, which has no effect.
async fn commit_together(
    context: &OutboxContext,
    commands: &[&Command],
    deadline: Instant,
) -> Result<BatchResult, DbErr> {
    let batch = BatchId(Uuid::now_v7());
    let transaction = context.env.db.begin().await?;
    let result = run(context, &transaction, commands, batch).await?;
    let Err(error) = transaction.commit().await else {
        tracing::debug!(commands = commands.len(), batch_id = %batch, "a batch was committed");
        return Ok(result);
    };
    if failure_of(&error) != Failure::OutcomeUnknown {
        return Err(error);
    }
    tracing::warn!(%error, batch_id = %batch, "the answer of a commit was lost; its status is looked up");
    let ran = commands.iter().zip(&result.answers);
    let ran = ran.filter(|(_, progressed)| matches!(progressed, Progressed::Answered(_)));
    let creditors: BTreeSet<CreditorId> = ran.map(|(command, _)| command.creditor).collect();
    match commit_status(context, batch, &creditors, deadline).await {
        Ok(true) => Ok(result),
        Ok(false) => Ok(result.without_effect(&ApiError::Overloaded)),
        Err(error) => {
            tracing::warn!(%error, batch_id = %batch, "the status of a commit is unknown");
            Ok(result.without_effect(&ApiError::OutcomeUnknown))
        }
    }
}

impl BatchResult {
    /// The result of a batch whose commit did not take effect, or may not have: every command that would have had an
    /// effect gets `error`. Rejections and replays stay as they are.
    fn without_effect(self, error: &ApiError) -> Self {
        let answers = self.answers.into_iter().map(|progressed| match progressed {
            Progressed::Answered(Ok(done)) if !done.replayed => {
                Progressed::Answered(Err(error.clone()))
            }
            other => other,
        });
        Self {
            answers: answers.collect(),
            outbound: PostCommitDeliveries::default(),
        }
    }
}

async fn run(
    context: &OutboxContext,
    transaction: &Transaction,
    commands: &[&Command],
    batch: BatchId,
) -> Result<BatchResult, DbErr> {
    let creditors: BTreeSet<CreditorId> = commands.iter().map(|command| command.creditor).collect();
    let (mut outbox, busy) =
        Outbox::open_available(transaction, &creditors, &context.env.clock).await?;
    let now_ms = outbox.now_ms();
    let is_busy = |command: &Command| busy.contains(&command.creditor);
    let free: Vec<&Command> = commands
        .iter()
        .copied()
        .filter(|command| !is_busy(command))
        .collect();
    let mut set = WorkingSet::load(transaction, &free, now_ms).await?;
    let mut executor = CommandExecutor {
        set: &mut set,
        outbox: &mut outbox,
        now_ms,
    };
    let mut changes_something = false;
    let answers = commands.iter().map(|command| {
        if is_busy(command) {
            return Progressed::CreditorBusy;
        }
        let answer = executor.apply(command);
        changes_something |= answer.as_ref().is_ok_and(|done| !done.replayed);
        Progressed::Answered(answer)
    });
    let answers: Vec<Progressed> = answers.collect();
    if !changes_something {
        return Ok(BatchResult {
            answers,
            outbound: PostCommitDeliveries::default(),
        });
    }
    outbox.count_placements(&set.take_counted())?;
    // A connection executes one statement at a time. Joining the futures prepares the next statements meanwhile.
    let (_, _, outbound) = futures::try_join!(
        set.write(transaction),
        writer::mark_batch(transaction, batch, now_ms),
        // Last, because it holds endpoint capacity from here until the deliveries complete.
        outbox.write(context, transaction),
    )?;
    Ok(BatchResult { answers, outbound })
}

/// Whether the batch was committed. Retries until `deadline`.
async fn commit_status(
    context: &OutboxContext,
    batch: BatchId,
    creditors: &BTreeSet<CreditorId>,
    deadline: Instant,
) -> Result<bool, DbErr> {
    let ids: Vec<CreditorId> = creditors.iter().copied().collect();
    let mut last = DbErr::Custom("the database did not answer in time".to_owned());
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
