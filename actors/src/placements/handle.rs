//! The handle of the Writers: submits a command and waits for its commit.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;

use super::command::{Command, CommandOutcome};
use super::writer::WriterMsg;
use crate::contract::{ApiError, Replayable};
use crate::outbox::OutboxContext;
use crate::supervision::{ActorHandle, CallError};

/// How long a caller waits for a Writer. A duplicate of a running request waits equally long.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(25);

/// The Writers of this process.
#[derive(Debug)]
pub(crate) struct Writers {
    pub(super) outbox: Arc<OutboxContext>,
    pub(super) handles: Vec<ActorHandle<WriterMsg>>,
}

impl Writers {
    /// Creates handles for `count` Writers. No Writer runs yet.
    pub(crate) fn new(outbox: Arc<OutboxContext>, count: usize) -> Self {
        Self {
            outbox,
            handles: (0..count).map(|_| ActorHandle::new()).collect(),
        }
    }

    /// The Writer of a creditor. A creditor always has the same Writer, so that its commands keep their order.
    pub(crate) fn writer_of(&self, creditor: CreditorId) -> &ActorHandle<WriterMsg> {
        let low_bits = creditor.0.as_u64_pair().1;
        let count = self.handles.len() as u64;
        let index = usize::try_from(low_bits % count).unwrap_or_default();
        &self.handles[index]
    }

    /// Sends a command to its creditor's Writer and waits for the commit.
    ///
    /// # Errors
    /// The command's rejection; [`ApiError::Overloaded`] if nothing happened; [`ApiError::IdempotencyInProgress`] or
    /// [`ApiError::OutcomeUnknown`] if no answer arrived in time.
    pub(crate) async fn submit(
        &self,
        command: Command,
    ) -> Result<Replayable<CommandOutcome>, ApiError> {
        let writer = self.writer_of(command.creditor);
        let (creditor, keyed) = (command.creditor, command.idempotency.is_some());
        let command = Box::new(command);
        let answer = writer
            .call(SUBMIT_TIMEOUT, |reply| WriterMsg::Submit { command, reply })
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, creditor_id = %creditor, "a Writer did not reply");
            Err(match error {
                // The command never reached a Writer, so nothing happened.
                CallError::Unavailable => ApiError::Overloaded,
                // A retry with the same key is safe: it receives the stored answer.
                CallError::TimedOut if keyed => ApiError::IdempotencyInProgress,
                CallError::TimedOut | CallError::NoReply => ApiError::OutcomeUnknown,
            })
        })
    }

    /// Waits until every Writer has committed its queue, for at most `timeout` per Writer.
    pub(crate) async fn drain(&self, timeout: Duration) {
        for writer in &self.handles {
            let drained = writer
                .call(timeout, |reply| WriterMsg::Drain { reply })
                .await;
            if let Err(error) = drained {
                tracing::warn!(actor = "Writer", %error, "an actor did not drain");
            }
        }
    }
}
