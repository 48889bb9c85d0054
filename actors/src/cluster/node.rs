//! The Node, the actor of the cluster's periodic tasks: heartbeat, rescue, control feed, janitor and SQLite's
//! checkpoints.
//!
//! Each run is spawned and reports back with a message. The next run starts a fixed delay after the end of the
//! previous one, so a slow database makes runs less frequent and they never overlap. A lost heartbeat fences this
//! process until it has rejoined under a new epoch.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::handle::Cluster;
use super::listener;
use super::messages::NodeMsg;
use super::state::NodeState;

/// The arguments of the [`Node`].
pub(crate) struct NodeArgs {
    pub(crate) cluster: Arc<Cluster>,
}

/// The actor of the cluster's periodic tasks.
pub(crate) struct Node;

impl Actor for Node {
    type Msg = NodeMsg;
    type State = NodeState;
    type Arguments = NodeArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let me = &args.cluster.node;
        for first in [
            NodeMsg::Heartbeat,
            NodeMsg::PollFeed,
            NodeMsg::Rescue,
            NodeMsg::Clean,
            NodeMsg::Checkpoint,
        ] {
            me.send(first)?;
        }
        let listening = listener::listen(&args.cluster);
        Ok(NodeState::new(args.cluster, listening))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            NodeMsg::Heartbeat => state.heartbeat(),
            NodeMsg::HeartbeatDone { began_ms, result } => state.heartbeat_done(began_ms, result),
            NodeMsg::Rejoined { result } => state.rejoined(result),
            NodeMsg::PollFeed => state.poll_feed(),
            NodeMsg::FeedPolled { result } => state.feed_polled(result),
            NodeMsg::Rescue => state.rescue(),
            NodeMsg::Rescued { result } => state.rescued(result),
            NodeMsg::Clean => state.clean(),
            NodeMsg::CleanedUp { result } => state.cleaned_up(result),
            NodeMsg::Checkpoint => state.checkpoint(),
            NodeMsg::Checkpointed { result } => state.checkpointed(result),
            NodeMsg::Notification { notification } => state.gather(notification),
            NodeMsg::SendNotification => state.send_notification(),
            NodeMsg::NotificationSent => state.notification_sent(),
            NodeMsg::Drain { reply } => state.drain(reply),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            NodeMsg::Panic => panic!("injected into the Node"),
        }
        Ok(())
    }
}
