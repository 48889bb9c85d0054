//! The Node: heartbeat, rescue, control feed, janitor and SQLite's checkpoints, each in its own rhythm.
//!
//! Every round is spawned and comes back as a message; the next one begins a pause after it has
//! ended, so a slow database makes rounds rarer, never more. A heartbeat that is lost fences this
//! process until it has joined again under a new epoch.

use std::sync::Arc;

use entities::DbErr;
use entities::queries::node::{Beat, Cleaned, Ring};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::notifier;
use super::notifier::{Bell, Listening};
use super::periodic_tasks::LONG_WAL;
use crate::app::House;
use crate::supervision::Chain;

/// Messages of the [`Node`].
#[derive(Debug)]
pub(crate) enum NodeMsg {
    /// Renew the heartbeat, or join again.
    Beat,
    /// It was, or not.
    Beaten {
        /// When it began.
        began_ms: i64,
        /// What the database said.
        result: Result<Beat, RoundError>,
    },
    /// This process has joined again, or not.
    Rejoined {
        /// What the database said.
        result: Result<(), RoundError>,
    },
    /// Read the control feed.
    PollFeed,
    /// It was read and acted on, or not.
    FeedPolled {
        /// What the database said.
        result: Result<(), RoundError>,
    },
    /// Free what dead processes held.
    Rescue,
    /// So many rows are free again.
    Rescued {
        /// What the database said.
        result: Result<u64, RoundError>,
    },
    /// Remove what has had its time.
    Clean,
    /// It is gone.
    CleanedUp {
        /// What the database said.
        result: Result<Cleaned, RoundError>,
    },
    /// Copy SQLite's log into the database.
    Checkpoint,
    /// It was, or not.
    Checkpointed {
        /// How long the log was, in pages.
        result: Result<i64, RoundError>,
    },
    /// Ring for the other processes, soon.
    Ring {
        /// What there is to look at.
        ring: Ring,
    },
    /// Ring out what has gathered. Sent to itself.
    RingOut,
    /// That was done, or could not be.
    RungOut,
    /// Leave: give up the epoch and its lock.
    Drain {
        /// Answered when it is done, or cannot be.
        reply: RpcReplyPort<()>,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a round came to nothing; the next one tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoundError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The round died.
    #[error("the round died")]
    Died,
}

/// What the [`Node`] starts with.
pub(crate) struct NodeArgs {
    pub(crate) house: Arc<House>,
}

/// When each round begins next.
pub(crate) struct NodeState {
    pub(super) house: Arc<House>,
    pub(super) beats: Chain,
    pub(super) polls: Chain,
    pub(super) rescues: Chain,
    pub(super) cleanings: Chain,
    pub(super) checkpoints: Chain,
    /// Pages of the log from which on its length is told (again).
    pub(super) long_wal: i64,
    pub(super) bell: Bell,
    _listening: Listening,
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
        let me = &args.house.addresses.node;
        for first in [
            NodeMsg::Beat,
            NodeMsg::PollFeed,
            NodeMsg::Rescue,
            NodeMsg::Clean,
            NodeMsg::Checkpoint,
        ] {
            me.send(first)?;
        }
        Ok(NodeState {
            bell: Bell::default(),
            _listening: notifier::listen(&args.house),
            house: args.house,
            beats: Chain::default(),
            polls: Chain::default(),
            rescues: Chain::default(),
            cleanings: Chain::default(),
            checkpoints: Chain::default(),
            long_wal: LONG_WAL,
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            NodeMsg::Beat => state.beat(),
            NodeMsg::Beaten { began_ms, result } => state.beaten(began_ms, result),
            NodeMsg::Rejoined { result } => state.rejoined(result),
            NodeMsg::PollFeed => state.poll_feed(),
            NodeMsg::FeedPolled { result } => state.feed_polled(result),
            NodeMsg::Rescue => state.rescue(),
            NodeMsg::Rescued { result } => state.rescued(result),
            NodeMsg::Clean => state.clean(),
            NodeMsg::CleanedUp { result } => state.cleaned_up(result),
            NodeMsg::Checkpoint => state.checkpoint(),
            NodeMsg::Checkpointed { result } => state.checkpointed(result),
            NodeMsg::Ring { ring } => state.gather(ring),
            NodeMsg::RingOut => state.ring_out(),
            NodeMsg::RungOut => state.rung_out(),
            NodeMsg::Drain { reply } => state.drain(reply),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            NodeMsg::Panic => panic!("injected into the Node"),
        }
        Ok(())
    }
}
