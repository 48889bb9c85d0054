//! The Node, the actor of the cluster's periodic tasks: heartbeat, rescue, control feed, janitor and SQLite's
//! checkpoints.
//!
//! Each run is spawned and reports back with a message. The next run starts a fixed delay after the end of the
//! previous one, so a slow database makes runs less frequent and they never overlap. A lost heartbeat fences this
//! process until it has rejoined under a new epoch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use entities::queries::node;
use ractor::{ActorProcessingErr, RpcReplyPort};
use strum::VariantArray as _;
use tokio::task::JoinSet;

use super::handle::Cluster;
use super::listener;
use super::messages::{NodeMsg, NodeTask};
use super::notifier::Notifier;
use super::periodic_tasks::LONG_WAL;
use crate::supervision::{Actor, PeriodicTask};

/// The actor of the cluster's periodic tasks and of the notifications.
pub(crate) struct Node {
    cluster: Arc<Cluster>,
    tasks: BTreeMap<NodeTask, PeriodicTask<NodeMsg>>,
    /// The length of the write-ahead log, in pages, from which on the next warning is logged.
    long_wal: Arc<AtomicI64>,
    notifier: Notifier,
    /// The task that listens for notifications. It ends with the Node.
    listening: JoinSet<()>,
}

impl Actor for Node {
    type Msg = NodeMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        for task in NodeTask::VARIANTS {
            self.cluster.node.send(NodeMsg::Run { task: *task })?;
        }
        self.listening
            .spawn(listener::listen(Arc::clone(&self.cluster)));
        Ok(())
    }

    async fn handle(&mut self, message: NodeMsg) -> Result<(), ActorProcessingErr> {
        match message {
            NodeMsg::Run { task } => self.run(task),
            NodeMsg::RunEnded { task, pause } => self.run_ended(task, pause),
            NodeMsg::Notification { notification } => {
                self.notifier.gather(&self.cluster, notification);
            }
            NodeMsg::SendNotification => self.notifier.send(&self.cluster),
            NodeMsg::NotificationSent => self.notifier.sent(&self.cluster),
            NodeMsg::Drain { reply } => self.drain(reply),
        }
        Ok(())
    }
}

impl Node {
    pub(super) fn new(cluster: &Arc<Cluster>) -> Self {
        let periodic = |task: &NodeTask| (*task, PeriodicTask::new(&cluster.node));
        Self {
            cluster: Arc::clone(cluster),
            tasks: NodeTask::VARIANTS.iter().map(periodic).collect(),
            long_wal: Arc::new(AtomicI64::new(LONG_WAL)),
            notifier: Notifier::default(),
            listening: JoinSet::new(),
        }
    }

    fn run(&mut self, task: NodeTask) {
        if task.is_disabled(&self.cluster) {
            return;
        }
        let (cluster, long_wal) = (Arc::clone(&self.cluster), Arc::clone(&self.long_wal));
        let pause = task.pause();
        // Read here and not in the run: a Drain may fence this process before the run begins, and then it must not
        // rejoin.
        let is_fenced = self.cluster.membership.is_fenced();
        let died = NodeMsg::RunEnded { task, pause };
        if let Some(periodic) = self.tasks.get_mut(&task) {
            periodic.spawn(died, async move {
                let pause = task.run(&cluster, is_fenced, &long_wal).await;
                NodeMsg::RunEnded { task, pause }
            });
        }
    }

    fn run_ended(&mut self, task: NodeTask, pause: Duration) {
        if let Some(periodic) = self.tasks.get_mut(&task) {
            periodic.reschedule(pause, NodeMsg::Run { task });
        }
    }

    fn drain(&self, reply: RpcReplyPort<()>) {
        self.cluster.membership.leave();
        let cluster = Arc::clone(&self.cluster);
        tokio::spawn(async move {
            if let Err(error) = node::leave(&cluster.env.db, cluster.membership.member()).await {
                tracing::warn!(%error, "could not leave the cluster; the other processes will detect it");
            }
            let _ = reply.send(());
        });
    }
}
