//! The periodic tasks of the Node. Each run is spawned, reports back with a message and schedules the next run.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::node::{self, CleanupResult, Heartbeat};
use entities::queries::wal;
use ractor::RpcReplyPort;

use super::change::ClusterEvent;
use super::messages::{NodeMsg, TaskError};
use super::state::{LONG_WAL, NodeState};
use super::{control_feed, janitor, rescue};
use crate::supervision::spawn_and_notify;

const BEAT_PAUSE: Duration = Duration::from_secs(1);
const POLL_PAUSE: Duration = Duration::from_millis(250);
const RESCUE_PAUSE: Duration = Duration::from_secs(1);
const CLEAN_PAUSE: Duration = Duration::from_secs(60);
/// The delay before the next run if expired rows remain.
const CLEAN_ON: Duration = Duration::from_secs(1);
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(1);

impl NodeState {
    pub(super) fn heartbeat(&mut self) {
        if self.cluster.membership.has_left() || !self.heartbeats.try_start() {
            return;
        }
        if self.cluster.membership.is_fenced() {
            self.rejoin();
            return;
        }
        let began_ms = self.cluster.env.clock.now_ms();
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::HeartbeatDone {
            began_ms,
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = node::heartbeat(&cluster.env.db, cluster.membership.member()).await;
            NodeMsg::HeartbeatDone {
                began_ms,
                result: result.map_err(TaskError::from),
            }
        });
    }

    pub(super) fn heartbeat_done(&mut self, began_ms: i64, result: Result<Heartbeat, TaskError>) {
        let pause = match result {
            Ok(Heartbeat::Confirmed { nodes }) => {
                self.cluster.membership.confirm(began_ms);
                self.cluster.membership.set_nodes(nodes);
                BEAT_PAUSE
            }
            Ok(Heartbeat::Lost) => {
                tracing::warn!(
                    epoch = self.cluster.membership.epoch(),
                    "this process lost its registration in the cluster; it stops sending and rejoins"
                );
                self.cluster.membership.fence();
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(%error, "the heartbeat was not confirmed");
                BEAT_PAUSE
            }
        };
        self.heartbeats
            .reschedule(self.cluster.node.send_after(pause, NodeMsg::Heartbeat));
    }

    fn rejoin(&self) {
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::Rejoined {
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = cluster
                .membership
                .rejoin(&cluster.env.db, &cluster.env.clock)
                .await;
            NodeMsg::Rejoined {
                result: result.map_err(TaskError::from),
            }
        });
    }

    pub(super) fn rejoined(&mut self, result: Result<(), TaskError>) {
        match result {
            Ok(()) => tracing::info!(
                epoch = self.cluster.membership.epoch(),
                "this process rejoined the cluster under a new epoch"
            ),
            Err(error) => {
                tracing::warn!(%error, "this process could not rejoin the cluster; it is retried");
            }
        }
        self.heartbeats
            .reschedule(self.cluster.node.send_after(BEAT_PAUSE, NodeMsg::Heartbeat));
    }

    pub(super) fn poll_feed(&mut self) {
        if !self.polls.try_start() {
            return;
        }
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::FeedPolled {
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = control_feed::follow(&cluster)
                .await
                .map_err(TaskError::from);
            NodeMsg::FeedPolled { result }
        });
    }

    pub(super) fn feed_polled(&mut self, result: Result<(), TaskError>) {
        if let Err(error) = result {
            tracing::warn!(%error, "the control feed could not be read");
        }
        self.polls
            .reschedule(self.cluster.node.send_after(POLL_PAUSE, NodeMsg::PollFeed));
    }

    pub(super) fn rescue(&mut self) {
        if !self.rescues.try_start() {
            return;
        }
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::Rescued {
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = rescue::rescue(&cluster).await.map_err(TaskError::from);
            NodeMsg::Rescued { result }
        });
    }

    pub(super) fn rescued(&mut self, result: Result<u64, TaskError>) {
        match result {
            Ok(0) => {}
            Ok(rows) => {
                tracing::warn!(rows, "released the leases of failed processes");
                self.cluster.events.send(ClusterEvent::DeliveriesFreed);
            }
            Err(error) => {
                tracing::warn!(%error, "the search for failed processes did not finish; it is retried");
            }
        }
        self.rescues
            .reschedule(self.cluster.node.send_after(RESCUE_PAUSE, NodeMsg::Rescue));
    }

    pub(super) fn clean(&mut self) {
        if !self.cleanings.try_start() {
            return;
        }
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::CleanedUp {
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = janitor::clean(&cluster.env).await;
            NodeMsg::CleanedUp {
                result: result.map_err(TaskError::from),
            }
        });
    }

    pub(super) fn cleaned_up(&mut self, result: Result<CleanupResult, TaskError>) {
        let more = result.unwrap_or_else(|error| {
            tracing::warn!(%error, "the removal of expired rows failed");
            CleanupResult::default()
        });
        let pause = if more.more { CLEAN_ON } else { CLEAN_PAUSE };
        self.cleanings
            .reschedule(self.cluster.node.send_after(pause, NodeMsg::Clean));
    }

    pub(super) fn checkpoint(&mut self) {
        if self.cluster.env.db.is_postgres() || !self.checkpoints.try_start() {
            return;
        }
        let cluster = Arc::clone(&self.cluster);
        let died = NodeMsg::Checkpointed {
            result: Err(TaskError::Died),
        };
        spawn_and_notify(&self.cluster.node, died, async move {
            let result = wal::checkpoint_wal(&cluster.env.db).await;
            NodeMsg::Checkpointed {
                result: result.map_err(TaskError::from),
            }
        });
    }

    pub(super) fn checkpointed(&mut self, result: Result<i64, TaskError>) {
        match result {
            Ok(pages) if pages < LONG_WAL => self.long_wal = LONG_WAL,
            Ok(pages) if pages >= self.long_wal => {
                tracing::warn!(
                    pages,
                    "the write-ahead log of SQLite is large; a long read or overlapping reads prevent its reset"
                );
                self.long_wal = pages.saturating_mul(2);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a checkpoint of the write-ahead log of SQLite failed; it is retried");
            }
        }
        self.checkpoints.reschedule(
            self.cluster
                .node
                .send_after(CHECKPOINT_PAUSE, NodeMsg::Checkpoint),
        );
    }

    pub(super) fn drain(&self, reply: RpcReplyPort<()>) {
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
