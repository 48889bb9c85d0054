//! Building the house and its tree, and taking it down again.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ractor::{Actor, ActorRef};
use tokio::task::JoinHandle;

use super::context::House;
use crate::admission::admission_branch;
use crate::cluster::{NodeMsg, node_spec};
use crate::contract::ActorView;
use crate::delivery::{DispatcherMsg, delivery_branch};
use crate::domain::restart_budget::RestartBudget;
use crate::onboarding::onboarding_branch;
use crate::placements::{WriterMsg, ledger_branch};
use crate::sandbox::jobs_branch;
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
        house: &Arc<House>,
    ) -> Result<(Self, JoinHandle<()>), ractor::SpawnErr> {
        let branches: Vec<Arc<Branch>> = (0..5).map(|_| Arc::new(Branch::default())).collect();
        let top = Arc::new(Branch::default());
        let me: Address<SupervisorMsg> = Address::vacant();
        let args = SupervisorArgs {
            branch: Arc::clone(&top),
            children: children(house, &branches),
            budget: RestartBudget::default(),
            clock: house.clock.clone(),
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
    pub(crate) async fn drain(&self, house: &House, patience: Duration) {
        for writer in &house.addresses.writers {
            let drained = writer
                .call(patience, |reply| WriterMsg::Drain { reply })
                .await;
            report("a Writer", drained.err());
        }
        house.write_last_uses().await;
        let drained = house
            .addresses
            .dispatcher
            .call(patience, |reply| DispatcherMsg::Drain { reply })
            .await;
        report("the Dispatcher", drained.err());
        let drained = house
            .addresses
            .node
            .call(patience, |reply| NodeMsg::Drain { reply })
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

fn children(house: &Arc<House>, branches: &[Arc<Branch>]) -> Vec<ChildSpec> {
    let [admission, onboarding, ledger, delivery, jobs] = branches else {
        return Vec::new();
    };
    vec![
        node_spec(house),
        admission_branch(house, Arc::clone(admission)),
        onboarding_branch(house, Arc::clone(onboarding)),
        // Before the ledger, which wakes it.
        delivery_branch(house, Arc::clone(delivery)),
        ledger_branch(house, Arc::clone(ledger)),
        jobs_branch(house, Arc::clone(jobs)),
    ]
}
