//! Where a module sends what concerns a layer above it, without knowing that layer.

use std::fmt;
use std::sync::Arc;

use ractor::Message;

use super::actor_handle::ActorHandle;

/// Takes messages of type `M`. The wiring decides who receives them; in tests they can be recorded.
///
/// Sending is synchronous: when it returns, the receiver's state is updated or the message is in its mailbox.
pub(crate) struct Recipient<M>(Arc<dyn Fn(M) + Send + Sync>);

impl<M: 'static> Recipient<M> {
    /// One that calls `receive` for each message.
    pub(crate) fn new(receive: impl Fn(M) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// One that puts each message into an actor's mailbox. An actor that is down misses it.
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
