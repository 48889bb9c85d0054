//! The supervision tree: starting it, draining it, stopping it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ractor::{Actor, ActorRef};
use tokio::task::JoinHandle;

use super::wiring::Modules;
use crate::admission::admission_branch;
use crate::cluster::{NodeMsg, node_spec};
use crate::contract::ActorView;
use crate::delivery::{DispatcherMsg, delivery_branch};
use crate::domain::restart_budget::RestartBudget;
use crate::onboarding::onboarding_branch;
use crate::placements::placements_branch;
use crate::sandbox::sandbox_branch;
use crate::supervision::{
    Address, Branch, ChildSpec, Metered, Supervisor, SupervisorArgs, SupervisorMsg,
};

/// The running tree.
#[derive(Debug)]
pub(crate) struct Tree {
    root: ActorRef<SupervisorMsg>,
    top: Arc<Branch>,
    branches: Vec<Arc<Branch>>,
}

impl Tree {
    /// Starts every branch. The handle ends when the root does: by [`Tree::fell`], or by failure.
    pub(crate) async fn grow(
        modules: &Modules,
    ) -> Result<(Self, JoinHandle<()>), ractor::SpawnErr> {
        let branches: Vec<Arc<Branch>> = (0..5).map(|_| Arc::new(Branch::default())).collect();
        let top = Arc::new(Branch::default());
        let me: Address<SupervisorMsg> = Address::vacant();
        let args = SupervisorArgs {
            branch: Arc::clone(&top),
            children: children(modules, &branches),
            budget: RestartBudget::default(),
            clock: modules.env.clock.clone(),
        };
        let root = Metered::new(Supervisor::at(me.clone()), me, Arc::new(AtomicU64::new(0)));
        let (root, handle) = Actor::spawn(None, root, args).await?;
        Ok((
            Self {
                root,
                top,
                branches,
            },
            handle,
        ))
    }

    /// The live tree, from the root.
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

    /// From now on nobody is restarted.
    pub(crate) fn stop_restarting(&self) {
        self.top.drain();
        self.branches.iter().for_each(|branch| branch.drain());
    }

    /// Lets everybody finish: Writers commit what they have, sends in flight end or are given
    /// back, the node leaves last.
    pub(crate) async fn drain(&self, modules: &Modules, timeout: Duration) {
        modules.writers.drain(timeout).await;
        modules.keys.flush_usage().await;
        let drained = modules
            .delivery
            .dispatcher
            .call(timeout, |reply| DispatcherMsg::Drain { reply })
            .await;
        report("the Dispatcher", drained.err());
        let drained = modules
            .cluster
            .node
            .call(timeout, |reply| NodeMsg::Drain { reply })
            .await;
        report("the Node", drained.err());
    }

    /// Stops everybody.
    pub(crate) async fn fell(&self) {
        let stopped = self
            .root
            .stop_and_wait(Some("drained".to_owned()), Some(Duration::from_secs(5)))
            .await;
        if let Err(error) = stopped {
            tracing::warn!(%error, "the root did not stop in time");
        }
    }
}

fn report(who: &str, error: Option<crate::supervision::CallError>) {
    if let Some(error) = error {
        tracing::warn!(%error, "{who} did not drain");
    }
}

fn children(modules: &Modules, branches: &[Arc<Branch>]) -> Vec<ChildSpec> {
    let [admission, onboarding, placements, delivery, sandbox] = branches else {
        return Vec::new();
    };
    let runtime = &modules.delivery.runtime;
    vec![
        node_spec(&modules.cluster, runtime),
        admission_branch(&modules.admission, runtime, Arc::clone(admission)),
        onboarding_branch(&modules.onboarding, Arc::clone(onboarding)),
        // Before the placements, which wake it.
        delivery_branch(&modules.delivery, Arc::clone(delivery)),
        placements_branch(&modules.writers, runtime, Arc::clone(placements)),
        sandbox_branch(&modules.sandbox, Arc::clone(sandbox)),
    ]
}
