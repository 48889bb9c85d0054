//! Where to send messages for an actor, whichever incarnation of it is alive.
//!
//! Owns the one way to send: every message, an actor's own ones included, goes through its
//! address, which counts what waits in the mailbox.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ractor::{ActorId, ActorRef, Message, RpcReplyPort};
use thiserror::Error;

/// Why a call was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum CallError {
    /// The actor is down; its supervisor is restarting it.
    #[error("the actor is restarting")]
    Unavailable,
    /// The actor died, or dropped the question, before it answered.
    #[error("the actor died before it answered")]
    NoReply,
    /// No answer in time.
    #[error("the actor did not answer in time")]
    TimedOut,
}

/// A stable address of an actor with messages `M`.
#[derive(Debug)]
pub(crate) struct ActorHandle<M: Message> {
    live: Arc<RwLock<Option<Incarnation<M>>>>,
}

#[derive(Debug)]
struct Incarnation<M: Message> {
    actor: ActorRef<M>,
    waiting: Arc<AtomicU64>,
}

impl<M: Message> Clone for ActorHandle<M> {
    fn clone(&self) -> Self {
        Self {
            live: Arc::clone(&self.live),
        }
    }
}

impl<M: Message> ActorHandle<M> {
    /// An address at which nobody lives yet.
    pub(crate) fn new() -> Self {
        Self {
            live: Arc::new(RwLock::new(None)),
        }
    }

    /// A new incarnation moves in.
    pub(crate) fn attach(&self, actor: ActorRef<M>, waiting: Arc<AtomicU64>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Incarnation { actor, waiting });
    }

    /// The incarnation `id` is gone, unless another has moved in since.
    pub(crate) fn detach(&self, id: ActorId) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live
            .as_ref()
            .is_some_and(|current| current.actor.get_id() == id)
        {
            *live = None;
        }
    }

    /// Messages waiting in the mailbox; `None` while nobody lives here.
    pub(crate) fn mailbox_len(&self) -> Option<u64> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref()
            .map(|current| current.waiting.load(Ordering::Relaxed))
    }

    /// Puts a message into the mailbox.
    pub(crate) fn send(&self, message: M) -> Result<(), CallError> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let current = live.as_ref().ok_or(CallError::Unavailable)?;
        current.waiting.fetch_add(1, Ordering::Relaxed);
        current.actor.send_message(message).map_err(|_| {
            current.waiting.fetch_sub(1, Ordering::Relaxed);
            CallError::Unavailable
        })
    }

    /// Puts a message into the mailbox after `delay`, if somebody lives here then.
    pub(crate) fn send_after(&self, delay: Duration, message: M) -> tokio::task::JoinHandle<()> {
        let address = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = address.send(message);
        })
    }

    /// Asks, and waits at most `patience` for the answer.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(RpcReplyPort<R>) -> M,
    ) -> Result<R, CallError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.send(question(reply.into()))?;
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(CallError::NoReply),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Stops the actor after the message that it is handling.
    pub(crate) fn stop(&self, reason: &str) {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = live.as_ref() {
            current.actor.stop(Some(reason.to_owned()));
        }
    }
}
