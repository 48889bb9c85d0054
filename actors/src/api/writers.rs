//! The way into the ledger: one command, one commit, one answer.

use std::time::Duration;

use super::view::Replayable;
use super::{ApiError, ApiResult, PartnerApi};
use crate::ledger::{Command, Outcome, WriterMsg};
use crate::supervision::CallError;

/// A duplicate of a running request waits so long for the first one's answer.
const PATIENCE: Duration = Duration::from_secs(25);

impl PartnerApi {
    /// Hands a command to its creditor's Writer and waits for the commit.
    pub(super) async fn submit(&self, command: Command) -> ApiResult<Replayable<Outcome>> {
        self.refuse_while_draining()?;
        let writer = self.house().addresses.writer(command.creditor);
        let keyed = command.idempotency.is_some();
        let command = Box::new(command);
        let answer = writer
            .call(PATIENCE, |reply| WriterMsg::Submit { command, reply })
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, "a Writer did not answer");
            Err(match error {
                // Never reached a Writer: nothing happened.
                CallError::Unavailable => ApiError::Overloaded,
                // Sending it again with its key is safe, and the answer is then replayed.
                CallError::TimedOut if keyed => ApiError::IdempotencyInProgress,
                CallError::TimedOut | CallError::Unanswered => ApiError::OutcomeUnknown,
            })
        })
    }
}
