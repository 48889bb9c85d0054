//! The supervision tree: its start, its drain and its stop.

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorCell;
use tokio::task::JoinHandle;

use super::wiring::Modules;
use crate::admission::admission_tree;
use crate::cluster::{NodeMsg, node_spec};
use crate::contract::ActorView;
use crate::delivery::{DispatcherMsg, delivery_tree};
use crate::domain::restart_budget::RestartBudget;
use crate::onboarding::onboarding_tree;
use crate::placements::placements_tree;
use crate::sandbox::sandbox_tree;
use crate::supervision::{ActorHandle, ChildSpec, Supervisor, SupervisorStatus, spawn_actor};

/// The running tree.
#[derive(Debug)]
pub(crate) struct Tree {
    root: ActorCell,
    top: Arc<SupervisorStatus>,
    statuses: [Arc<SupervisorStatus>; 5],
}

impl Tree {
    /// Starts every part of the tree. The join handle completes when the root ends, by [`Tree::stop`] or by failure.
    pub(crate) async fn start(
        modules: &Modules,
    ) -> Result<(Self, JoinHandle<()>), ractor::SpawnErr> {
        let statuses: [Arc<SupervisorStatus>; 5] = std::array::from_fn(|_| Arc::default());
        let top = Arc::new(SupervisorStatus::default());
        let me = ActorHandle::new();
        let children = children(modules, &statuses);
        let (budget, clock) = (RestartBudget::default(), modules.env.clock.clone());
        let root = Supervisor::new(me.clone(), Arc::clone(&top), children, budget, clock);
        let (root, handle) = spawn_actor(root, &me, None).await?;
        Ok((
            Self {
                root,
                top,
                statuses,
            },
            handle,
        ))
    }

    /// The status of every actor, from the root.
    pub(crate) fn view(&self) -> ActorView {
        ActorView {
            name: "root".to_owned(),
            kind: "Supervisor".to_owned(),
            restarts: 0,
            mailbox: Some(0),
            state: "running".to_owned(),
            children: self.top.view(),
        }
    }

    /// Disables restarts in the whole tree.
    pub(crate) fn stop_restarting(&self) {
        self.top.drain();
        self.statuses.iter().for_each(|status| status.drain());
    }

    /// Drains the tree. Writers commit their queues, then sends in flight finish or are released. The Node leaves the
    /// cluster last.
    pub(crate) async fn drain(&self, modules: &Modules, timeout: Duration) {
        modules.writers.drain(timeout).await;
        modules.keys.flush_usage().await;
        let drained = modules
            .delivery
            .dispatcher
            .call(timeout, |reply| DispatcherMsg::Drain { reply })
            .await;
        report("Dispatcher", drained.err());
        let drained = modules
            .cluster
            .node
            .call(timeout, |reply| NodeMsg::Drain { reply })
            .await;
        report("Node", drained.err());
    }

    /// Stops every actor. Waits for at most five seconds.
    pub(crate) async fn stop(&self) {
        let stopped = self
            .root
            .stop_and_wait(Some("drained".to_owned()), Some(Duration::from_secs(5)))
            .await;
        if let Err(error) = stopped {
            tracing::warn!(%error, "the actors did not stop in time");
        }
    }
}

fn report(actor: &str, error: Option<crate::supervision::CallError>) {
    if let Some(error) = error {
        tracing::warn!(actor, %error, "an actor did not drain");
    }
}

fn children(modules: &Modules, statuses: &[Arc<SupervisorStatus>; 5]) -> Vec<ChildSpec> {
    let [admission, onboarding, placements, delivery, sandbox] = statuses;
    let runtime = &modules.delivery.runtime;
    vec![
        node_spec(&modules.cluster, runtime),
        admission_tree(&modules.admission, runtime, Arc::clone(admission)),
        onboarding_tree(&modules.onboarding, Arc::clone(onboarding)),
        // Before the placements, whose Writers notify the Dispatcher.
        delivery_tree(&modules.delivery, Arc::clone(delivery)),
        placements_tree(&modules.writers, runtime, Arc::clone(placements)),
        sandbox_tree(&modules.sandbox, Arc::clone(sandbox)),
    ]
}
