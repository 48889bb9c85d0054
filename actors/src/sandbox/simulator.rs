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
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::domain::placement::status::PlacementStatus;
use crate::infra::Env;
use crate::placements::{Command, Operation, Writers};
use crate::supervision::{ActorHandle, PeriodicTask, spawn_and_notify};

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
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Arguments of the [`Simulator`].
pub(crate) struct SimulatorArgs {
    pub(crate) env: Arc<Env>,
    pub(crate) writers: Arc<Writers>,
    pub(crate) me: ActorHandle<SimulatorMsg>,
}

/// State of the [`Simulator`].
pub(crate) struct SimulatorState {
    env: Arc<Env>,
    writers: Arc<Writers>,
    me: ActorHandle<SimulatorMsg>,
    ticking: PeriodicTask,
}

/// The actor that advances sandbox placements.
pub(crate) struct Simulator;

impl Actor for Simulator {
    type Msg = SimulatorMsg;
    type State = SimulatorState;
    type Arguments = SimulatorArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let _ = args.me.send(SimulatorMsg::Tick);
        let SimulatorArgs { env, writers, me } = args;
        Ok(SimulatorState {
            env,
            writers,
            me,
            ticking: PeriodicTask::default(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SimulatorMsg::Tick => state.tick(),
            SimulatorMsg::Ticked => state.ticked(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            SimulatorMsg::Panic => panic!("injected into the Simulator"),
        }
        Ok(())
    }
}

impl SimulatorState {
    fn tick(&mut self) {
        if !self.ticking.try_start() {
            return;
        }
        let (env, writers) = (Arc::clone(&self.env), Arc::clone(&self.writers));
        spawn_and_notify(&self.me, SimulatorMsg::Ticked, async move {
            if let Err(error) = advance(&env, &writers).await {
                tracing::debug!(%error, "the simulator could not read placements");
            }
            SimulatorMsg::Ticked
        });
    }

    fn ticked(&mut self) {
        self.ticking
            .reschedule(self.me.send_after(TICK_INTERVAL, SimulatorMsg::Tick));
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
