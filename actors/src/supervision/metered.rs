//! A wrapper that counts the messages in an actor's mailbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, Message, SpawnErr, SupervisionEvent};

use super::actor_handle::ActorHandle;

/// Spawns `actor` under `supervisor` and attaches it to `handle`.
pub(crate) async fn spawn_metered<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    handle: &ActorHandle<A::Msg>,
    supervisor: ActorCell,
) -> Result<ActorRef<A::Msg>, SpawnErr> {
    let waiting = Arc::new(AtomicU64::new(0));
    let metered = Metered::new(actor, handle.clone(), waiting);
    let (actor, _task) = Actor::spawn_linked(None, metered, arguments, supervisor).await?;
    Ok(actor)
}

/// An actor whose mailbox is counted. It is attached to its handle before its `pre_start` runs, so that messages that
/// it sends to itself there are not lost.
pub(crate) struct Metered<A: Actor> {
    actor: A,
    handle: ActorHandle<A::Msg>,
    waiting: Arc<AtomicU64>,
}

impl<A: Actor> Metered<A> {
    pub(crate) fn new(actor: A, handle: ActorHandle<A::Msg>, waiting: Arc<AtomicU64>) -> Self {
        Self {
            actor,
            handle,
            waiting,
        }
    }
}

impl<A: Actor> Actor for Metered<A>
where
    A::Msg: Message,
{
    type Msg = A::Msg;
    type State = A::State;
    type Arguments = A::Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        arguments: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        self.handle
            .attach(myself.clone(), Arc::clone(&self.waiting));
        let started = self.actor.pre_start(myself.clone(), arguments).await;
        if started.is_err() {
            self.handle.detach(myself.get_id());
        }
        started
    }

    async fn post_start(
        &self,
        myself: ActorRef<Self::Msg>,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        self.actor.post_start(myself, state).await
    }

    async fn post_stop(
        &self,
        myself: ActorRef<Self::Msg>,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        self.handle.detach(myself.get_id());
        self.actor.post_stop(myself, state).await
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.actor.handle(myself, message, state).await
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        self.actor.handle_supervisor_evt(myself, event, state).await
    }
}
