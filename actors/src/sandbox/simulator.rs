//! The simulator: plays the role of operations in the sandbox, so that a partner's developer sees a placement move
//! through its statuses.
//!
//! It advances placements that have not changed for a moment by one status. It submits commands to the same Writers,
//! under the same rules, as every other caller. It never runs in production.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::placement::{self, StoredStatus};
use entities::queries::placements;
use ractor::ActorProcessingErr;

use crate::domain::placement::status::PlacementStatus;
use crate::infra::Env;
use crate::placements::{Command, Operation, Writers};
use crate::supervision::{Actor, ActorHandle, PeriodicTask};

/// Interval between two rounds.
const TICK_INTERVAL: Duration = Duration::from_millis(500);
/// How long a placement stays in one status, in milliseconds.
const STATUS_DWELL_MS: i64 = 1_500;
/// Maximum number of placements that one round advances.
const MAX_PER_TICK: u64 = 200;

/// Messages of the [`Simulator`].
#[derive(Debug)]
pub(crate) enum SimulatorMsg {
    /// Advances the placements that are due. The actor sends it to itself.
    Tick,
    /// The round has ended.
    Ticked,
}

/// The actor that advances sandbox placements.
pub(crate) struct Simulator {
    env: Arc<Env>,
    writers: Arc<Writers>,
    ticking: PeriodicTask<SimulatorMsg>,
}

impl Actor for Simulator {
    type Msg = SimulatorMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.ticking.begin(SimulatorMsg::Tick)
    }

    async fn handle(&mut self, message: SimulatorMsg) -> Result<(), ActorProcessingErr> {
        match message {
            SimulatorMsg::Tick => self.tick(),
            SimulatorMsg::Ticked => self.ticking.reschedule(TICK_INTERVAL, SimulatorMsg::Tick),
        }
        Ok(())
    }
}

impl Simulator {
    pub(super) fn new(
        env: Arc<Env>,
        writers: Arc<Writers>,
        me: &ActorHandle<SimulatorMsg>,
    ) -> Self {
        Self {
            env,
            writers,
            ticking: PeriodicTask::new(me),
        }
    }

    fn tick(&mut self) {
        let (env, writers) = (Arc::clone(&self.env), Arc::clone(&self.writers));
        self.ticking.spawn(SimulatorMsg::Ticked, async move {
            if let Err(error) = advance(&env, &writers).await {
                tracing::debug!(%error, "the simulator could not read placements");
            }
            SimulatorMsg::Ticked
        });
    }
}

async fn advance(env: &Env, writers: &Writers) -> Result<(), DbErr> {
    let moving = [StoredStatus::PendingEnrichment, StoredStatus::Ready];
    let before_ms = env.clock.now_ms() - STATUS_DWELL_MS;
    let reader = env.db.reader();
    let due = placements::untouched_since(reader, &moving, before_ms, MAX_PER_TICK).await?;
    // Submit concurrently, so that the commands share a batch. If a placement has moved meanwhile, the rules reject it.
    futures::future::join_all(due.iter().map(|row| step(writers, row))).await;
    Ok(())
}

/// Advances one placement by one status.
///
/// Awaits the answer, because a Writer drops commands whose caller has stopped waiting.
async fn step(writers: &Writers, row: &placement::Model) {
    let to = match row.status {
        StoredStatus::PendingEnrichment => PlacementStatus::Ready,
        StoredStatus::Ready => PlacementStatus::InOutreach,
        _ => return,
    };
    let command = Command {
        creditor: row.creditor_id,
        actor: "simulator".to_owned(),
        operation: Operation::Move {
            placement: row.id,
            to,
            reason: None,
        },
        idempotency: None,
        trace: None,
    };
    if let Err(error) = writers.submit(command).await {
        tracing::debug!(%error, placement_id = %row.id, "a command of the simulator was rejected");
    }
}
