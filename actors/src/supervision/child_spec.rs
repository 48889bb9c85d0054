//! How a child is started, again and again: a factory behind its address.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, Message, SpawnErr, SupervisionEvent,
};
use tokio::runtime::Handle;
use tokio::task::JoinError;

use super::actor_handle::Address;
use super::status::{Branch, Vital};
use super::supervisor::{Supervisor, SupervisorArgs, SupervisorMsg};

type Start =
    Box<dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync>;
type Vacate = Box<dyn Fn(ActorId) + Send + Sync>;

/// What a supervisor knows of a child: how to start it, and where it shall be found.
pub(crate) struct ChildSpec {
    pub(crate) vital: Arc<Vital>,
    start: Start,
    vacate: Vacate,
}

impl std::fmt::Debug for ChildSpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("ChildSpec")
            .field(&self.vital)
            .finish()
    }
}

impl ChildSpec {
    /// A child at `address`, made by `make` at every start.
    pub(crate) fn new<A: Actor>(
        vital: Vital,
        address: &Address<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::spawned_by(vital, address, make, None)
    }

    fn spawned_by<A: Actor>(
        vital: Vital,
        address: &Address<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
        lane: Option<Handle>,
    ) -> Self {
        let (home, old_home) = (address.clone(), address.clone());
        let make = Arc::new(make);
        Self {
            vital: Arc::new(vital),
            start: Box::new(move |supervisor| {
                let (home, make) = (home.clone(), Arc::clone(&make));
                let spawn = async move {
                    let (actor, arguments) = make();
                    let actor = spawn_metered(actor, arguments, &home, supervisor).await?;
                    Ok(actor.get_cell())
                };
                match &lane {
                    None => Box::pin(spawn),
                    // An actor lives where it was spawned.
                    Some(lane) => {
                        let spawned = lane.spawn(spawn);
                        Box::pin(async move {
                            let died = |error: JoinError| SpawnErr::StartupFailed(error.into());
                            spawned.await.map_err(died)?
                        })
                    }
                }
            }),
            vacate: Box::new(move |id| old_home.vacate(id)),
        }
    }

    /// A plain child: `name` within its parent, `kind` for people.
    pub(crate) fn worker<A: Actor>(
        name: &str,
        kind: &'static str,
        address: &Address<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::new(worker_vital(name, kind, address), address, make)
    }

    /// A worker that lives on the runtime of `lane`.
    pub(crate) fn worker_on<A: Actor>(
        lane: &Handle,
        name: &str,
        kind: &'static str,
        address: &Address<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        let vital = worker_vital(name, kind, address);
        Self::spawned_by(vital, address, make, Some(lane.clone()))
    }

    /// A supervisor of its own, with the children that `make` describes at every start.
    pub(crate) fn branch(
        name: &str,
        branch: Arc<Branch>,
        make: impl Fn() -> SupervisorArgs + Send + Sync + 'static,
    ) -> Self {
        let address: Address<SupervisorMsg> = Address::vacant();
        let mailbox = address.clone();
        let vital =
            Vital::new(name.to_owned(), "Supervisor", move || mailbox.waiting()).above(branch);
        let me = address.clone();
        Self::new(vital, &address, move || {
            (Supervisor::at(me.clone()), make())
        })
    }

    /// Starts it under `supervisor`.
    pub(crate) async fn start(&self, supervisor: ActorCell) -> Result<ActorCell, SpawnErr> {
        let cell = (self.start)(supervisor).await?;
        self.vital.set_down(false);
        Ok(cell)
    }

    /// Marks its incarnation `id` as gone.
    pub(crate) fn gone(&self, id: ActorId) {
        (self.vacate)(id);
        self.vital.set_down(true);
    }
}

fn worker_vital<M: Message>(name: &str, kind: &'static str, address: &Address<M>) -> Vital {
    let mailbox = address.clone();
    Vital::new(name.to_owned(), kind, move || mailbox.waiting())
}

/// Spawns `actor` under `supervisor` and lets it move into `home`.
pub(crate) async fn spawn_metered<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    home: &Address<A::Msg>,
    supervisor: ActorCell,
) -> Result<ActorRef<A::Msg>, SpawnErr> {
    let waiting = Arc::new(AtomicU64::new(0));
    let metered = Metered::new(actor, home.clone(), waiting);
    let (actor, _handle) = Actor::spawn_linked(None, metered, arguments, supervisor).await?;
    Ok(actor)
}

/// An actor whose mailbox is counted. It moves into its address before its `pre_start`, so that
/// what it sends to itself there is not lost.
pub(crate) struct Metered<A: Actor> {
    actor: A,
    home: Address<A::Msg>,
    waiting: Arc<AtomicU64>,
}

impl<A: Actor> Metered<A> {
    pub(crate) fn new(actor: A, home: Address<A::Msg>, waiting: Arc<AtomicU64>) -> Self {
        Self {
            actor,
            home,
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
        self.home.occupy(myself.clone(), Arc::clone(&self.waiting));
        let started = self.actor.pre_start(myself.clone(), arguments).await;
        if started.is_err() {
            self.home.vacate(myself.get_id());
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
        self.home.vacate(myself.get_id());
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
