//! The way to the Writers: one command, one commit, one answer.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;

use super::command::{Command, CommandOutcome};
use super::writer::WriterMsg;
use crate::contract::{ApiError, Replayable};
use crate::outbox::OutboxContext;
use crate::supervision::{ActorHandle, CallError};

/// A duplicate of a running request waits so long for the first one's answer.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(25);

/// The Writers of this process.
#[derive(Debug)]
pub(crate) struct Writers {
    pub(super) outbox: Arc<OutboxContext>,
    pub(super) handles: Vec<ActorHandle<WriterMsg>>,
}

impl Writers {
    /// So many Writers, none of which runs yet.
    pub(crate) fn new(outbox: Arc<OutboxContext>, count: usize) -> Self {
        Self {
            outbox,
            handles: (0..count).map(|_| ActorHandle::new()).collect(),
        }
    }

    /// The Writer of a creditor: always the same one, so that its commands keep their order.
    pub(crate) fn writer_of(&self, creditor: CreditorId) -> &ActorHandle<WriterMsg> {
        let lot = creditor.0.as_u64_pair().1;
        let count = self.handles.len() as u64;
        let index = usize::try_from(lot % count).unwrap_or_default();
        &self.handles[index]
    }

    /// Hands a command to its creditor's Writer and waits for the commit.
    ///
    /// # Errors
    /// The command's refusal. [`ApiError::Overloaded`] where nothing happened, [`ApiError::IdempotencyInProgress`] or
    /// [`ApiError::OutcomeUnknown`] where no answer came in time.
    pub(crate) async fn submit(
        &self,
        command: Command,
    ) -> Result<Replayable<CommandOutcome>, ApiError> {
        let writer = self.writer_of(command.creditor);
        let keyed = command.idempotency.is_some();
        let command = Box::new(command);
        let answer = writer
            .call(SUBMIT_TIMEOUT, |reply| WriterMsg::Submit { command, reply })
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, "a Writer did not answer");
            Err(match error {
                // Never reached a Writer: nothing happened.
                CallError::Unavailable => ApiError::Overloaded,
                // Sending it again with its key is safe, and the answer is then replayed.
                CallError::TimedOut if keyed => ApiError::IdempotencyInProgress,
                CallError::TimedOut | CallError::NoReply => ApiError::OutcomeUnknown,
            })
        })
    }

    /// Lets every Writer commit what waits, at most for `timeout` each.
    pub(crate) async fn drain(&self, timeout: Duration) {
        for writer in &self.handles {
            let drained = writer
                .call(timeout, |reply| WriterMsg::Drain { reply })
                .await;
            if let Err(error) = drained {
                tracing::warn!(%error, "a Writer did not drain");
            }
        }
    }
}
