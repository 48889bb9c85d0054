//! How a child is started, again and again: a factory behind its address.

use std::sync::Arc;

use futures::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorId, Message, SpawnErr};
use tokio::runtime::Handle;
use tokio::task::JoinError;

use super::actor_handle::Address;
use super::metered::spawn_metered;
use super::status::Vital;

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
