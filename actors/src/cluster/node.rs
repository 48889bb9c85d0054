//! The Node: heartbeat, rescue, control feed, janitor and SQLite's checkpoints, each in its own rhythm.
//!
//! Every round is spawned and comes back as a message; the next one begins a pause after it has
//! ended, so a slow database makes rounds rarer, never more. A heartbeat that is lost fences this
//! process until it has joined again under a new epoch.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::handle::Cluster;
use super::listener;
use super::messages::NodeMsg;
use super::state::NodeState;

/// What the [`Node`] starts with.
pub(crate) struct NodeArgs {
    pub(crate) cluster: Arc<Cluster>,
}

/// The actor.
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
            NodeMsg::Notification { ring } => state.gather(ring),
            NodeMsg::SendNotification => state.ring_out(),
            NodeMsg::NotificationSent => state.rung_out(),
            NodeMsg::Drain { reply } => state.drain(reply),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            NodeMsg::Panic => panic!("injected into the Node"),
        }
        Ok(())
    }
}
