//! The supervision tree: its start, its drain and its stop.

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorCell;
use tokio::task::JoinHandle;
use tokio::time::Instant;

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

/// How long the Writers may take to commit their queues: one batch that hangs, and the next one.
const WRITERS_WITHIN: Duration = Duration::from_secs(6);
/// How long the Node may take to leave the cluster.
const NODE_WITHIN: Duration = Duration::from_secs(1);
/// How long the actors may take to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);

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

    /// Drains the tree until `deadline`. Writers commit their queues, then sends in flight finish or are abandoned. The
    /// Node leaves the cluster last, for which there is always time, so that others take over at once.
    pub(crate) async fn drain(&self, modules: &Modules, deadline: Instant) {
        let left = || deadline.saturating_duration_since(Instant::now());
        modules.writers.drain(left().min(WRITERS_WITHIN)).await;
        modules.keys.flush_usage().await;
        let drained = modules
            .delivery
            .dispatcher
            .call(left(), |reply| DispatcherMsg::Drain { reply })
            .await;
        report("Dispatcher", drained.err());
        let drained = modules
            .cluster
            .node
            .call(NODE_WITHIN, |reply| NodeMsg::Drain { reply })
            .await;
        report("Node", drained.err());
    }

    /// Stops every actor. Waits for at most [`STOPPED_WITHIN`].
    pub(crate) async fn stop(&self) {
        let stopped = self
            .root
            .stop_and_wait(Some("drained".to_owned()), Some(STOPPED_WITHIN))
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
