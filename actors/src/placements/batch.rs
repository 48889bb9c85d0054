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

use super::command::{Answer, Command};
use super::executor::Desk;
use super::working_set::WorkingSet;
use crate::contract::ApiError;
use crate::outbox::{Journal, Outbound, OutboxContext};

/// How long a Writer asks a database that has gone away whether the commit happened: within the
/// patience of the callers that wait for it.
const VERDICT_WITHIN: Duration = Duration::from_secs(18);
const VERDICT_PAUSE: Duration = Duration::from_millis(250);

/// What became of a batch: an answer a command, and what there is to send.
pub(super) struct Worked {
    pub(super) answers: Vec<Answer>,
    pub(super) outbound: Outbound,
}

/// How a transaction failed.
#[derive(Debug)]
enum Failure {
    /// Nothing of it happened.
    Undone(DbErr),
    /// The database went away during the commit and did not come back in time to be asked.
    Unknown(DbErr),
}

/// Commits `commands` together if possible, one by one if not.
pub(super) async fn work(outbox: &OutboxContext, commands: &[&Command]) -> Worked {
    match commit_together(outbox, commands).await {
        Ok(worked) => worked,
        // One of them is at fault; a database that is away or busy would fail them all again.
        Err(Failure::Undone(error)) if commands.len() > 1 && !is_passing(&error) => {
            tracing::warn!(%error, commands = commands.len(), "a batch failed: its commands run one by one");
            work_one_by_one(outbox, commands).await
        }
        Err(failure) => {
            let answers = commands
                .iter()
                .map(|command| Err(told(&failure, command)))
                .collect();
            Worked {
                answers,
                outbound: Outbound::default(),
            }
        }
    }
}

async fn work_one_by_one(outbox: &OutboxContext, commands: &[&Command]) -> Worked {
    let mut answers = Vec::with_capacity(commands.len());
    let mut outbound = Outbound::default();
    for command in commands {
        match commit_together(outbox, std::slice::from_ref(command)).await {
            Ok(worked) => {
                answers.extend(worked.answers);
                outbound = outbound.and(worked.outbound);
            }
            Err(failure) => answers.push(Err(told(&failure, command))),
        }
    }
    Worked { answers, outbound }
}

/// What the caller of a command that failed is told.
fn told(failure: &Failure, command: &Command) -> ApiError {
    let operation = command.operation.name();
    match failure {
        Failure::Undone(error) => {
            tracing::error!(%error, operation, "a command failed, and nothing of it happened");
            if is_passing(error) {
                ApiError::Overloaded
            } else {
                ApiError::Internal
            }
        }
        Failure::Unknown(error) => {
            tracing::error!(%error, operation, "nobody knows whether a command was committed");
            ApiError::OutcomeUnknown
        }
    }
}

/// One transaction.
async fn commit_together(outbox: &OutboxContext, commands: &[&Command]) -> Result<Worked, Failure> {
    let batch = Uuid::now_v7();
    let transaction = outbox.env.db.begin().await.map_err(Failure::Undone)?;
    let worked = run(outbox, &transaction, commands, batch)
        .await
        .map_err(Failure::Undone)?;
    let Err(error) = transaction.commit().await else {
        tracing::debug!(commands = commands.len(), %batch, "committed");
        return Ok(worked);
    };
    tracing::warn!(%error, %batch, "the connection was lost during a commit");
    let creditors: BTreeSet<CreditorId> = commands.iter().map(|command| command.creditor).collect();
    match verdict(outbox, batch, &creditors).await {
        Ok(true) => Ok(worked),
        Ok(false) => Err(Failure::Undone(error)),
        Err(error) => Err(Failure::Unknown(error)),
    }
}

async fn run(
    outbox: &OutboxContext,
    transaction: &Transaction,
    commands: &[&Command],
    batch: Uuid,
) -> Result<Worked, DbErr> {
    let creditors: BTreeSet<CreditorId> = commands.iter().map(|command| command.creditor).collect();
    let mut journal = Journal::open(transaction, &creditors, &outbox.env.clock).await?;
    let now_ms = journal.now_ms();
    let mut set = WorkingSet::load(transaction, commands, now_ms).await?;
    let mut desk = Desk {
        set: &mut set,
        journal: &mut journal,
        now_ms,
    };
    let answers: Vec<Answer> = commands.iter().map(|command| desk.apply(command)).collect();
    if answers
        .iter()
        .all(|answer| answer.as_ref().map_or(true, |done| done.replayed))
    {
        return Ok(Worked {
            answers,
            outbound: Outbound::default(),
        });
    }
    // One statement after the other all the same; but while one is executed, the next ones are made ready.
    let (_, _, outbound) = futures::try_join!(
        set.write(transaction),
        ledger::mark_batch(transaction, batch, now_ms),
        // Last, for it takes the endpoints' credit until its deliveries have ended.
        journal.write(outbox, transaction),
    )?;
    Ok(Worked { answers, outbound })
}

/// Whether the batch was committed. Taking its creditors' locks first waits for a commit that is
/// still under way on the other side of a broken connection.
async fn verdict(
    outbox: &OutboxContext,
    batch: Uuid,
    creditors: &BTreeSet<CreditorId>,
) -> Result<bool, DbErr> {
    let ids: Vec<CreditorId> = creditors.iter().copied().collect();
    let mut last = DbErr::Custom("the database did not answer in time".to_owned());
    let deadline = tokio::time::Instant::now() + VERDICT_WITHIN;
    while let Ok(asked) = tokio::time::timeout_at(deadline, look_up(outbox, batch, &ids)).await {
        match asked {
            Ok(committed) => return Ok(committed),
            Err(error) => last = error,
        }
        tokio::time::sleep(VERDICT_PAUSE).await;
    }
    Err(last)
}

async fn look_up(
    outbox: &OutboxContext,
    batch: Uuid,
    creditors: &[CreditorId],
) -> Result<bool, DbErr> {
    let transaction = outbox.env.db.begin().await?;
    creditors::lock_positions(&transaction, creditors).await?;
    let committed = ledger::batch_is_committed(&transaction, batch).await?;
    transaction.rollback().await?;
    Ok(committed)
}
