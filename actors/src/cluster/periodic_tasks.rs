//! The rounds of the Node: each is spawned, comes back as a message, and is followed by the next.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::queries::node::{self, Beat, Cleaned};
use entities::queries::retention::{self, Retention};
use entities::queries::wal;
use ractor::RpcReplyPort;

use super::node::{NodeMsg, NodeState, RoundError};
use super::{control_feed, rescue};
use crate::app::House;
use crate::delivery::DispatcherMsg;
use crate::supervision::spawn_reporting;

const BEAT_PAUSE: Duration = Duration::from_secs(1);
const POLL_PAUSE: Duration = Duration::from_millis(250);
const RESCUE_PAUSE: Duration = Duration::from_secs(1);
const CLEAN_PAUSE: Duration = Duration::from_secs(60);
/// When a round of cleaning left something over.
const CLEAN_ON: Duration = Duration::from_secs(1);
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(1);
/// Pages of 4 KiB (1 GiB) from which on somebody should know; then at twice as many, and so on.
pub(super) const LONG_WAL: i64 = 262_144;
/// Rows removed by one statement.
const CLEAN_BATCH: u32 = 2_000;

impl NodeState {
    pub(super) fn beat(&mut self) {
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

    pub(super) fn beaten(&mut self, began_ms: i64, result: Result<Beat, RoundError>) {
        let pause = match result {
            Ok(Beat::Confirmed { nodes }) => {
                self.house.standing.confirm(began_ms);
                self.house.standing.set_nodes(nodes);
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

    pub(super) fn rejoined(&mut self, result: Result<(), RoundError>) {
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

    pub(super) fn poll_feed(&mut self) {
        if !self.polls.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::FeedPolled {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = control_feed::follow(&house).await.map_err(RoundError::from);
            NodeMsg::FeedPolled { result }
        });
    }

    pub(super) fn feed_polled(&mut self, result: Result<(), RoundError>) {
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

    pub(super) fn rescue(&mut self) {
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

    pub(super) fn rescued(&mut self, result: Result<u64, RoundError>) {
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

    pub(super) fn clean(&mut self) {
        if !self.cleanings.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::CleanedUp {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = clean(&house).await;
            NodeMsg::CleanedUp {
                result: result.map_err(RoundError::from),
            }
        });
    }

    pub(super) fn cleaned_up(&mut self, result: Result<Cleaned, RoundError>) {
        let more = result.unwrap_or_else(|error| {
            tracing::warn!(%error, "cleaning up failed");
            Cleaned::default()
        });
        let pause = if more.more { CLEAN_ON } else { CLEAN_PAUSE };
        self.cleanings
            .again(self.house.addresses.node.send_after(pause, NodeMsg::Clean));
    }

    pub(super) fn checkpoint(&mut self) {
        if self.house.db.is_postgres() || !self.checkpoints.begin() {
            return;
        }
        let house = Arc::clone(&self.house);
        let died = NodeMsg::Checkpointed {
            result: Err(RoundError::Died),
        };
        spawn_reporting(&self.house.addresses.node, died, async move {
            let result = wal::copy_wal(&house.db).await;
            NodeMsg::Checkpointed {
                result: result.map_err(RoundError::from),
            }
        });
    }

    pub(super) fn checkpointed(&mut self, result: Result<i64, RoundError>) {
        match result {
            Ok(pages) if pages < LONG_WAL => self.long_wal = LONG_WAL,
            Ok(pages) if pages >= self.long_wal => {
                tracing::warn!(
                    pages,
                    "the database's write-ahead log grows while somebody reads for long, or reads overlap"
                );
                self.long_wal = pages.saturating_mul(2);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be copied"),
        }
        self.checkpoints.again(
            self.house
                .addresses
                .node
                .send_after(CHECKPOINT_PAUSE, NodeMsg::Checkpoint),
        );
    }

    pub(super) fn drain(&self, reply: RpcReplyPort<()>) {
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

async fn clean(house: &House) -> Result<Cleaned, DbErr> {
    const DAY_MS: i64 = 24 * 3_600_000;
    let keep = Retention {
        payloads_ms: i64::from(house.settings.payload_days) * DAY_MS,
        attempts_ms: i64::from(house.settings.attempt_days) * DAY_MS,
    };
    let now_ms = house.clock.now_ms();
    let cleaned = node::clean(&house.db, now_ms, CLEAN_BATCH).await?;
    let pruned = retention::prune(&house.db, keep, now_ms, CLEAN_BATCH).await?;
    Ok(cleaned.and(pruned))
}
