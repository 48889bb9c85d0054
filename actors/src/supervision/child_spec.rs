//! How a child is started, again and again: a factory behind its address.

use std::sync::Arc;

use futures::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorId, Message, SpawnErr};
use tokio::runtime::Handle;
use tokio::task::JoinError;

use super::actor_handle::ActorHandle;
use super::metered::spawn_metered;
use super::status::ChildStatus;

type Start =
    Box<dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync>;
type Detach = Box<dyn Fn(ActorId) + Send + Sync>;

/// What a supervisor knows of a child: how to start it, and where it shall be found.
pub(crate) struct ChildSpec {
    pub(crate) status: Arc<ChildStatus>,
    start: Start,
    detach: Detach,
}

impl std::fmt::Debug for ChildSpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("ChildSpec")
            .field(&self.status)
            .finish()
    }
}

impl ChildSpec {
    /// A child at `address`, made by `make` at every start.
    pub(crate) fn new<A: Actor>(
        status: ChildStatus,
        address: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::spawned_by(status, address, make, None)
    }

    fn spawned_by<A: Actor>(
        status: ChildStatus,
        address: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
        runtime: Option<Handle>,
    ) -> Self {
        let (home, old_home) = (address.clone(), address.clone());
        let make = Arc::new(make);
        Self {
            status: Arc::new(status),
            start: Box::new(move |supervisor| {
                let (home, make) = (home.clone(), Arc::clone(&make));
                let spawn = async move {
                    let (actor, arguments) = make();
                    let actor = spawn_metered(actor, arguments, &home, supervisor).await?;
                    Ok(actor.get_cell())
                };
                match &runtime {
                    None => Box::pin(spawn),
                    // An actor lives where it was spawned.
                    Some(runtime) => {
                        let spawned = runtime.spawn(spawn);
                        Box::pin(async move {
                            let died = |error: JoinError| SpawnErr::StartupFailed(error.into());
                            spawned.await.map_err(died)?
                        })
                    }
                }
            }),
            detach: Box::new(move |id| old_home.detach(id)),
        }
    }

    /// A plain child: `name` within its parent, `kind` for people.
    pub(crate) fn worker<A: Actor>(
        name: &str,
        kind: &'static str,
        address: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::new(worker_status(name, kind, address), address, make)
    }

    /// A worker that lives on the runtime of `runtime`.
    pub(crate) fn worker_on<A: Actor>(
        runtime: &Handle,
        name: &str,
        kind: &'static str,
        address: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        let status = worker_status(name, kind, address);
        Self::spawned_by(status, address, make, Some(runtime.clone()))
    }

    /// Starts it under `supervisor`.
    pub(crate) async fn start(&self, supervisor: ActorCell) -> Result<ActorCell, SpawnErr> {
        let cell = (self.start)(supervisor).await?;
        self.status.set_down(false);
        Ok(cell)
    }

    /// Marks its incarnation `id` as gone.
    pub(crate) fn gone(&self, id: ActorId) {
        (self.detach)(id);
        self.status.set_down(true);
    }
}

fn worker_status<M: Message>(
    name: &str,
    kind: &'static str,
    address: &ActorHandle<M>,
) -> ChildStatus {
    let mailbox = address.clone();
    ChildStatus::new(name.to_owned(), kind, move || mailbox.mailbox_len())
}
