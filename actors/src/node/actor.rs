//! The Node: heartbeat, rescue, control feed and janitor, each in its own rhythm.
//!
//! Every round is spawned and comes back as a message; the next one begins a pause after it has
//! ended, so a slow database makes rounds rarer, never more. A heartbeat that is lost fences this
//! process until it has joined again under a new epoch.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::queries::node::{self, Beat, Cleaned};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::{feed, rescue};
use crate::delivery::DispatcherMsg;
use crate::delivery::chain::Chain;
use crate::delivery::spawned::spawn_reporting;
use crate::house::House;

const BEAT_PAUSE: Duration = Duration::from_secs(1);
const POLL_PAUSE: Duration = Duration::from_millis(250);
const RESCUE_PAUSE: Duration = Duration::from_secs(1);
const CLEAN_PAUSE: Duration = Duration::from_secs(60);
/// When a round of cleaning left something over.
const CLEAN_ON: Duration = Duration::from_secs(1);
/// Rows removed by one statement.
const CLEAN_BATCH: u32 = 1_000;

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

pub(crate) struct NodeState {
    house: Arc<House>,
    beats: Chain,
    polls: Chain,
    rescues: Chain,
    cleanings: Chain,
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
        ] {
            me.send(first)?;
        }
        Ok(NodeState {
            house: args.house,
            beats: Chain::default(),
            polls: Chain::default(),
            rescues: Chain::default(),
            cleanings: Chain::default(),
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
            NodeMsg::Drain { reply } => state.drain(reply),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            NodeMsg::Panic => panic!("injected into the Node"),
        }
        Ok(())
    }
}

impl NodeState {
    fn beat(&mut self) {
        if self.house.standing.has_left() || !self.beats.begin() {
            return;
        }
        if self.house.standing.is_fenced() {
            self.rejoin();
            return;
        }
        let began_ms = self.house.clock.now_ms();
        let house = Arc::clone(&self.house);
        let died = NodeMsg::Beaten {
            began_ms,
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = node::beat(&house.db, house.standing.member()).await;
            NodeMsg::Beaten {
                began_ms,
                result: result.map_err(RoundError::from),
            }
        });
    }

    fn beaten(&mut self, began_ms: i64, result: Result<Beat, RoundError>) {
        let pause = match result {
            Ok(Beat::Confirmed) => {
                self.house.standing.confirm(began_ms);
                BEAT_PAUSE
            }
            Ok(Beat::Lost) => {
                tracing::error!(
                    epoch = self.house.standing.epoch(),
                    "this process lost its epoch and joins again"
                );
                self.house.standing.fence();
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(%error, "the heartbeat was not confirmed");
                BEAT_PAUSE
            }
        };
        self.beats
            .again(self.house.addresses.node.send_after(pause, NodeMsg::Beat));
    }

    fn rejoin(&self) {
        let house = Arc::clone(&self.house);
        let died = NodeMsg::Rejoined {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = house.standing.rejoin(&house.db, &house.clock).await;
            NodeMsg::Rejoined {
                result: result.map_err(RoundError::from),
            }
        });
    }

    fn rejoined(&mut self, result: Result<(), RoundError>) {
        match result {
            Ok(()) => tracing::warn!(epoch = self.house.standing.epoch(), "joined again"),
            Err(error) => tracing::warn!(%error, "could not join again yet"),
        }
        self.beats.again(
            self.house
                .addresses
                .node
                .send_after(BEAT_PAUSE, NodeMsg::Beat),
        );
    }

    fn poll_feed(&mut self) {
        if !self.polls.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::FeedPolled {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = feed::follow(&house).await.map_err(RoundError::from);
            NodeMsg::FeedPolled { result }
        });
    }

    fn feed_polled(&mut self, result: Result<(), RoundError>) {
        if let Err(error) = result {
            tracing::warn!(%error, "the control feed could not be read");
        }
        self.polls.again(
            self.house
                .addresses
                .node
                .send_after(POLL_PAUSE, NodeMsg::PollFeed),
        );
    }

    fn rescue(&mut self) {
        if !self.rescues.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::Rescued {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = rescue::rescue(&house).await.map_err(RoundError::from);
            NodeMsg::Rescued { result }
        });
    }

    fn rescued(&mut self, result: Result<u64, RoundError>) {
        match result {
            Ok(0) => {}
            Ok(rows) => {
                tracing::warn!(rows, "deliveries of dead processes are free again");
                let _ = self.house.addresses.dispatcher.send(DispatcherMsg::Poll);
            }
            Err(error) => tracing::warn!(%error, "rescuing failed"),
        }
        self.rescues.again(
            self.house
                .addresses
                .node
                .send_after(RESCUE_PAUSE, NodeMsg::Rescue),
        );
    }

    fn clean(&mut self) {
        if !self.cleanings.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::CleanedUp {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = node::clean(&house.db, house.clock.now_ms(), CLEAN_BATCH).await;
            NodeMsg::CleanedUp {
                result: result.map_err(RoundError::from),
            }
        });
    }

    fn cleaned_up(&mut self, result: Result<Cleaned, RoundError>) {
        let more = result.unwrap_or_else(|error| {
            tracing::warn!(%error, "cleaning up failed");
            Cleaned::default()
        });
        let pause = if more.more { CLEAN_ON } else { CLEAN_PAUSE };
        self.cleanings
            .again(self.house.addresses.node.send_after(pause, NodeMsg::Clean));
    }

    fn drain(&self, reply: RpcReplyPort<()>) {
        self.house.standing.leave();
        let house = Arc::clone(&self.house);
        tokio::spawn(async move {
            if let Err(error) = node::leave(&house.db, house.standing.member()).await {
                tracing::warn!(%error, "left without saying so; the others will notice");
            }
            let _ = reply.send(());
        });
    }
}
