//! A typed receiver of messages. A module uses it to report to a layer above it that it does not depend on.

use std::fmt;
use std::sync::Arc;

use ractor::Message;

use super::actor_handle::ActorHandle;

/// Receives messages of type `M`. The wiring decides where they go. Tests can record them.
///
/// Sending is synchronous. When it returns, the receiver's state is updated or the message is in its mailbox.
pub(crate) struct Recipient<M>(Arc<dyn Fn(M) + Send + Sync>);

impl<M: 'static> Recipient<M> {
    /// A recipient that calls `receive` for each message.
    pub(crate) fn new(receive: impl Fn(M) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// A recipient that puts each message into an actor's mailbox. A message is lost while the actor is down.
    pub(crate) fn of_actor<A: Message + From<M>>(actor: &ActorHandle<A>) -> Self {
        let actor = actor.clone();
        Self::new(move |message| {
            let _ = actor.send(A::from(message));
        })
    }

    pub(crate) fn send(&self, message: M) {
        (self.0)(message);
    }
}

impl<M> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Recipient<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recipient")
    }
}
