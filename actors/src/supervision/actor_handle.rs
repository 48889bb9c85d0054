//! A handle that sends messages to the current incarnation of an actor.
//!
//! Owns the only way to send a message. Every message, including those that an actor sends to itself, goes through the
//! actor's handle, which counts the messages in the mailbox. Never starts or restarts an actor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ractor::{ActorCell, ActorId, ActorRef, Message, RpcReplyPort};
use thiserror::Error;

/// Why a call got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum CallError {
    /// The actor is down; its supervisor is restarting it.
    #[error("the actor is restarting")]
    Unavailable,
    /// The actor failed, or dropped the reply port, before it replied.
    #[error("the actor did not reply")]
    NoReply,
    /// The timeout elapsed before the reply.
    #[error("the actor did not reply in time")]
    TimedOut,
}

/// A handle of an actor with messages `M`. It stays valid across restarts of the actor.
#[derive(Debug)]
pub(crate) struct ActorHandle<M: Message> {
    live: Arc<RwLock<Option<Incarnation<M>>>>,
}

/// What is in the mailbox of an actor.
#[derive(Debug)]
pub(super) enum Envelope<M> {
    Message(M),
    /// Makes the actor panic, to test its supervision.
    #[cfg(feature = "fault-injection")]
    Panic,
}

#[derive(Debug)]
struct Incarnation<M: Message> {
    actor: ActorRef<Envelope<M>>,
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
    /// A handle to which no actor is attached yet.
    pub(crate) fn new() -> Self {
        Self {
            live: Arc::new(RwLock::new(None)),
        }
    }

    /// Attaches a new incarnation. `waiting` counts the messages in its mailbox.
    pub(super) fn attach(&self, actor: ActorRef<Envelope<M>>, waiting: Arc<AtomicU64>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Incarnation { actor, waiting });
    }

    /// Detaches the incarnation `id`. Has no effect if another incarnation has been attached since.
    pub(crate) fn detach(&self, id: ActorId) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live
            .as_ref()
            .is_some_and(|current| current.actor.get_id() == id)
        {
            *live = None;
        }
    }

    /// Detaches the incarnation whose mailbox `waiting` counts. Has no effect if another one has been attached since.
    pub(super) fn detach_counted_by(&self, waiting: &Arc<AtomicU64>) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(&current.waiting, waiting))
        {
            *live = None;
        }
    }

    /// The number of messages in the mailbox, or `None` while no actor is attached.
    pub(crate) fn mailbox_len(&self) -> Option<u64> {
        let len = self.read(|current| current.waiting.load(Ordering::Relaxed));
        len.ok()
    }

    /// The cell of the attached actor, under which its children are spawned.
    pub(crate) fn cell(&self) -> Result<ActorCell, CallError> {
        self.read(|current| current.actor.get_cell())
    }

    fn read<T>(&self, work: impl FnOnce(&Incarnation<M>) -> T) -> Result<T, CallError> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().map(work).ok_or(CallError::Unavailable)
    }

    /// Puts a message into the mailbox.
    pub(crate) fn send(&self, message: M) -> Result<(), CallError> {
        self.post(Envelope::Message(message))
    }

    /// Makes the actor panic when it has handled the messages before this one.
    #[cfg(feature = "fault-injection")]
    pub(crate) fn inject_panic(&self) -> Result<(), CallError> {
        self.post(Envelope::Panic)
    }

    fn post(&self, envelope: Envelope<M>) -> Result<(), CallError> {
        self.read(|current| {
            current.waiting.fetch_add(1, Ordering::Relaxed);
            current.actor.send_message(envelope).map_err(|_| {
                current.waiting.fetch_sub(1, Ordering::Relaxed);
                CallError::Unavailable
            })
        })?
    }

    /// Puts a message into the mailbox after `delay`. The message is lost if no actor is attached then.
    pub(crate) fn send_after(&self, delay: Duration, message: M) -> tokio::task::JoinHandle<()> {
        let handle = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = handle.send(message);
        })
    }

    /// Sends the message that `message` builds around a reply port, and waits for the reply for at most `timeout`.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        timeout: Duration,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
    ) -> Result<R, CallError> {
        let (port, reply) = tokio::sync::oneshot::channel();
        self.send(message(port.into()))?;
        match tokio::time::timeout(timeout, reply).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(CallError::NoReply),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Stops the actor once it has handled its current message.
    pub(crate) fn stop(&self, reason: &str) {
        let _ = self.read(|current| current.actor.stop(Some(reason.to_owned())));
    }
}
