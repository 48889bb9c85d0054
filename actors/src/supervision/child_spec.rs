//! The specification of a child: the factory that starts it and the handle that it attaches to.

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

/// What a supervisor needs to start a child, and to detach it from its handle when it ends.
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
    /// A child that attaches to `handle`. `make` returns the actor and its arguments at every start.
    pub(crate) fn new<A: Actor>(
        status: ChildStatus,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::with_runtime(status, handle, make, None)
    }

    fn with_runtime<A: Actor>(
        status: ChildStatus,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
        runtime: Option<Handle>,
    ) -> Self {
        let (handle, detach_from) = (handle.clone(), handle.clone());
        let make = Arc::new(make);
        Self {
            status: Arc::new(status),
            start: Box::new(move |supervisor| {
                let (handle, make) = (handle.clone(), Arc::clone(&make));
                let spawn = async move {
                    let (actor, arguments) = make();
                    let actor = spawn_metered(actor, arguments, &handle, supervisor).await?;
                    Ok(actor.get_cell())
                };
                match &runtime {
                    None => Box::pin(spawn),
                    // An actor runs on the runtime that spawned it.
                    Some(runtime) => {
                        let spawned = runtime.spawn(spawn);
                        Box::pin(async move {
                            let failed = |error: JoinError| SpawnErr::StartupFailed(error.into());
                            spawned.await.map_err(failed)?
                        })
                    }
                }
            }),
            detach: Box::new(move |id| detach_from.detach(id)),
        }
    }

    /// A child without children of its own. `name` is unique within its parent. `kind` is its type, for display.
    pub(crate) fn worker<A: Actor>(
        name: &str,
        kind: &'static str,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        Self::new(worker_status(name, kind, handle), handle, make)
    }

    /// A worker that runs on `runtime`.
    pub(crate) fn worker_on<A: Actor>(
        runtime: &Handle,
        name: &str,
        kind: &'static str,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    ) -> Self {
        let status = worker_status(name, kind, handle);
        Self::with_runtime(status, handle, make, Some(runtime.clone()))
    }

    /// Starts the child under `supervisor`.
    pub(crate) async fn start(&self, supervisor: ActorCell) -> Result<ActorCell, SpawnErr> {
        let cell = (self.start)(supervisor).await?;
        self.status.set_down(false);
        Ok(cell)
    }

    /// Records that the incarnation `id` has ended.
    pub(crate) fn gone(&self, id: ActorId) {
        (self.detach)(id);
        self.status.set_down(true);
    }
}

fn worker_status<M: Message>(
    name: &str,
    kind: &'static str,
    handle: &ActorHandle<M>,
) -> ChildStatus {
    let mailbox = handle.clone();
    ChildStatus::new(name.to_owned(), kind, move || mailbox.mailbox_len())
}
