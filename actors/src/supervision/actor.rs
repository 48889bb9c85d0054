//! The trait of this crate's actors, and the wrapper with which ractor runs them. The wrapper counts the messages in
//! the mailbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ractor::{
    ActorCell, ActorId, ActorProcessingErr, ActorRef, Message, SpawnErr, SupervisionEvent,
};
use tokio::task::JoinHandle;

use super::actor_handle::{ActorHandle, Envelope};

/// An actor that is its own state. It has no arguments, because the code that starts it builds the value.
pub(crate) trait Actor: Sized + Send + 'static {
    /// The messages of the actor.
    type Msg: Message;

    /// Runs before the first message. Messages that the actor sends to itself here are not lost. An error fails the
    /// start.
    fn pre_start(&mut self) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        std::future::ready(Ok(()))
    }

    /// Handles a message. An error makes the supervisor restart the actor.
    fn handle(
        &mut self,
        message: Self::Msg,
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send;

    /// Handles the start or the end of a child. An actor that spawns children implements it. By default the actor fails
    /// when a child ends, so that no end goes unnoticed.
    fn handle_supervisor_evt(&mut self, event: SupervisionEvent) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(..) | SupervisionEvent::ActorTerminated(..) => {
                Err("a child ended, and the actor does not handle it".into())
            }
            _ => Ok(()),
        }
    }
}

/// Spawns `actor` under `supervisor` and attaches it to `handle`. The join handle completes when the actor ends.
pub(crate) async fn spawn_actor<A: Actor>(
    actor: A,
    handle: &ActorHandle<A::Msg>,
    supervisor: Option<ActorCell>,
) -> Result<(ActorCell, JoinHandle<()>), SpawnErr> {
    let metered = Metered::<A> {
        handle: handle.clone(),
        waiting: Arc::default(),
    };
    let waiting = Arc::clone(&metered.waiting);
    let spawned = match supervisor {
        Some(supervisor) => ractor::Actor::spawn_linked(None, metered, actor, supervisor).await,
        None => ractor::Actor::spawn(None, metered, actor).await,
    };
    match spawned {
        Ok((actor, ended)) => Ok((actor.get_cell(), ended)),
        Err(error) => {
            // `pre_start` failed or panicked after the actor was attached.
            handle.detach_counted_by(&waiting);
            Err(error)
        }
    }
}

/// Spawns `actor` as a child of the actor that is attached to `parent`.
pub(crate) async fn spawn_child<A: Actor, P: Message>(
    actor: A,
    handle: &ActorHandle<A::Msg>,
    parent: &ActorHandle<P>,
) -> Result<ActorId, SpawnErr> {
    let parent = parent.cell();
    let parent = parent.map_err(|error| SpawnErr::StartupFailed(error.into()))?;
    let (actor, _) = spawn_actor(actor, handle, Some(parent)).await?;
    Ok(actor.get_id())
}

/// Runs an actor and counts its mailbox. The actor is attached to its handle before its `pre_start` runs.
struct Metered<A: Actor> {
    handle: ActorHandle<A::Msg>,
    waiting: Arc<AtomicU64>,
}

impl<A: Actor> ractor::Actor for Metered<A> {
    type Msg = Envelope<A::Msg>;
    type State = A;
    type Arguments = A;

    async fn pre_start(
        &self,
        myself: ActorRef<Envelope<A::Msg>>,
        mut actor: A,
    ) -> Result<A, ActorProcessingErr> {
        self.handle
            .attach(myself.clone(), Arc::clone(&self.waiting));
        actor.pre_start().await?;
        Ok(actor)
    }

    async fn post_stop(
        &self,
        myself: ActorRef<Envelope<A::Msg>>,
        _actor: &mut A,
    ) -> Result<(), ActorProcessingErr> {
        self.handle.detach(myself.get_id());
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Envelope<A::Msg>>,
        envelope: Envelope<A::Msg>,
        actor: &mut A,
    ) -> Result<(), ActorProcessingErr> {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match envelope {
            Envelope::Message(message) => actor.handle(message).await,
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            Envelope::Panic => panic!("injected by a test"),
        }
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Envelope<A::Msg>>,
        event: SupervisionEvent,
        actor: &mut A,
    ) -> Result<(), ActorProcessingErr> {
        actor.handle_supervisor_evt(event)
    }
}
