//! The specification of a child: the factory that starts it and the handle that it attaches to.

use std::sync::Arc;

use futures::future::BoxFuture;
use ractor::{ActorCell, ActorId, SpawnErr};
use tokio::runtime::Handle;

use super::actor::{Actor, spawn_actor};
use super::actor_handle::ActorHandle;
use super::status::ChildStatus;

type Start =
    Box<dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync>;
type Detach = Box<dyn Fn(ActorId) + Send + Sync>;

/// What a supervisor needs to start a child, and to detach it from its handle when it ends.
pub(crate) struct ChildSpec {
    pub(crate) status: Arc<ChildStatus>,
    start: Start,
    detach: Detach,
    runtime: Option<Handle>,
}

impl ChildSpec {
    /// A child that attaches to `handle`. `make` returns the actor at every start.
    pub(crate) fn new<A: Actor>(
        status: ChildStatus,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        let (handle, detach_from) = (handle.clone(), handle.clone());
        Self {
            status: Arc::new(status),
            start: Box::new(move |supervisor| {
                let (handle, actor) = (handle.clone(), make());
                Box::pin(async move {
                    let (cell, _) = spawn_actor(actor, &handle, Some(supervisor)).await?;
                    Ok(cell)
                })
            }),
            detach: Box::new(move |id| detach_from.detach(id)),
            runtime: None,
        }
    }

    /// A child without children of its own. `name` is unique within its parent. `kind` is its type, for display.
    pub(crate) fn worker<A: Actor>(
        name: &str,
        kind: &'static str,
        handle: &ActorHandle<A::Msg>,
        make: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        Self::new(ChildStatus::new(name, kind, handle), handle, make)
    }

    /// Runs the child on `runtime`.
    pub(crate) fn on(mut self, runtime: &Handle) -> Self {
        self.runtime = Some(runtime.clone());
        self
    }

    /// Starts the child under `supervisor`.
    pub(crate) async fn start(&self, supervisor: ActorCell) -> Result<ActorCell, SpawnErr> {
        let started = (self.start)(supervisor);
        let cell = match &self.runtime {
            None => started.await?,
            // An actor runs on the runtime that spawned it.
            Some(runtime) => {
                let spawned = runtime.spawn(started).await;
                spawned.map_err(|error| SpawnErr::StartupFailed(error.into()))??
            }
        };
        self.status.set_down(false);
        Ok(cell)
    }

    /// Records that the incarnation `id` has ended.
    pub(crate) fn gone(&self, id: ActorId) {
        (self.detach)(id);
        self.status.set_down(true);
    }
}
