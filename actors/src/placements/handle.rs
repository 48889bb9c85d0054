//! The handle of the Writers: submits a command and waits for its commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entities::ids::CreditorId;

use super::command::{Command, CommandOutcome};
use super::writer::{Progress, WriterMsg};
use crate::contract::{ApiError, Replayable};
use crate::outbox::OutboxContext;
use crate::supervision::{ActorHandle, CallError};

/// How long a caller waits for a Writer. Longer than a batch takes at most (`batch::ANSWER_TIMEOUT`), but a command that
/// waits for other batches before its own may run into it.
const SUBMIT_TIMEOUT: Duration = Duration::from_millis(4_800);

/// The Writers of this process.
#[derive(Debug)]
pub(crate) struct Writers {
    pub(super) outbox: Arc<OutboxContext>,
    pub(super) handles: Vec<ActorHandle<WriterMsg>>,
    /// How many callers wait for each idempotency key.
    waiting: WaitingKeys,
}

#[derive(Debug, Default)]
struct WaitingKeys(Mutex<HashMap<(CreditorId, String), usize>>);

/// A caller that waits for an idempotency key.
struct WaitingKey<'a> {
    keys: &'a WaitingKeys,
    key: (CreditorId, String),
    /// Whether an earlier caller waited for the same key.
    is_duplicate: bool,
}

impl WaitingKeys {
    fn enter(&self, key: (CreditorId, String)) -> WaitingKey<'_> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let callers = waiting.entry(key.clone()).or_default();
        let is_duplicate = *callers > 0;
        *callers += 1;
        WaitingKey {
            keys: self,
            key,
            is_duplicate,
        }
    }
}

impl Drop for WaitingKey<'_> {
    fn drop(&mut self) {
        let mut waiting = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(callers) = waiting.get_mut(&self.key) {
            *callers -= 1;
            if *callers == 0 {
                waiting.remove(&self.key);
            }
        }
    }
}

impl Writers {
    /// Creates handles for `count` Writers. No Writer runs yet.
    pub(crate) fn new(outbox: Arc<OutboxContext>, count: usize) -> Self {
        Self {
            outbox,
            handles: (0..count).map(|_| ActorHandle::new()).collect(),
            waiting: WaitingKeys::default(),
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
    /// The command's rejection; [`ApiError::Overloaded`] if nothing happened; [`ApiError::IdempotencyInProgress`] if a
    /// command with the same key still ran; [`ApiError::OutcomeUnknown`] if this one had begun to run and no answer
    /// arrived in time.
    pub(crate) async fn submit(
        &self,
        command: Command,
    ) -> Result<Replayable<CommandOutcome>, ApiError> {
        let writer = self.writer_of(command.creditor);
        let creditor = command.creditor;
        let key = command.idempotency.as_ref();
        let key = key.map(|asked| (creditor, asked.key.as_str().to_owned()));
        let key = key.map(|key| self.waiting.enter(key));
        let is_duplicate = key.as_ref().is_some_and(|key| key.is_duplicate);
        let (command, progress) = (Box::new(command), Progress::default());
        let answer = writer
            .call(SUBMIT_TIMEOUT, |reply| WriterMsg::Submit {
                command,
                progress: progress.clone(),
                reply,
            })
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, creditor_id = %creditor, "a Writer did not reply");
            Err(match error {
                // The command never reached a Writer, so nothing happened.
                CallError::Unavailable => ApiError::Overloaded,
                CallError::TimedOut | CallError::NoReply if progress.abandon() => {
                    match is_duplicate {
                        true => ApiError::IdempotencyInProgress,
                        false => ApiError::Overloaded,
                    }
                }
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
