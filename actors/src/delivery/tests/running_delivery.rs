//! Runs the node actor and the delivery actors on a test database.

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorRef;
use tokio::time::Instant;

use super::super::messages::DispatcherMsg;
use super::super::tree::delivery_tree;
use crate::app::Modules;
use crate::cluster::{Membership, node_spec};
use crate::domain::restart_budget::RestartBudget;
use crate::infra::{Clock, Settings};
use crate::supervision::{ActorHandle, Supervisor, SupervisorStatus, spawn_actor};
use crate::test_support::database::{TestDatabase, modules as wire, settings};

/// The running actors. They are killed on drop.
pub(crate) struct Tree {
    pub(crate) modules: Modules,
    pub(crate) status: Arc<SupervisorStatus>,
    root: ractor::ActorCell,
}

/// The parent of the root supervisor. It handles no messages.
struct TestRoot;

impl ractor::Actor for TestRoot {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }
}

pub(crate) async fn start(test_db: &TestDatabase) -> Tree {
    start_with(test_db, settings(&test_db.url)).await
}

pub(crate) async fn start_with(test_db: &TestDatabase, settings: Settings) -> Tree {
    let clock = Clock::system();
    let membership = Membership::boot(&test_db.db, &clock, "test").await.unwrap();
    let modules = wire(test_db.db.clone(), clock, settings, membership);
    let (root_status, status) = (
        Arc::new(SupervisorStatus::default()),
        Arc::new(SupervisorStatus::default()),
    );
    let children = vec![
        node_spec(&modules.cluster, &modules.delivery.runtime),
        delivery_tree(&modules.delivery, Arc::clone(&status)),
    ];
    let (parent, _) = ractor::Actor::spawn(None, TestRoot, ()).await.unwrap();
    let handle = ActorHandle::new();
    let (budget, clock) = (RestartBudget::default(), modules.env.clock.clone());
    let root = Supervisor::new(handle.clone(), root_status, children, budget, clock);
    let root = spawn_actor(root, &handle, Some(parent.get_cell())).await;
    let (root, _) = root.unwrap();
    Tree {
        modules,
        status,
        root,
    }
}

impl Tree {
    pub(crate) fn wake(&self, endpoint: entities::ids::EndpointId) {
        self.modules
            .delivery
            .dispatcher
            .send(DispatcherMsg::Wake {
                endpoints: vec![endpoint],
                in_order: true,
            })
            .unwrap();
    }

    pub(crate) async fn drain(&self) {
        let drained = self
            .modules
            .delivery
            .dispatcher
            .call(Duration::from_secs(10), |reply| DispatcherMsg::Drain {
                reply,
            })
            .await;
        drained.unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.root.kill();
    }
}

pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "timed out waiting for: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
