//! The Replayer: advances running replays, one page at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::EndpointId;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::super::handle::Delivery;
use super::super::messages::{DispatcherMsg, ReplayerMsg, StepError};
use super::step::step;
use crate::supervision::{PeriodicTask, spawn_and_notify};

/// Time between two checks for replays. A replay that this process starts begins immediately.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Pause between two pages, so that deliveries continue in the meantime.
const PAGE_PAUSE: Duration = Duration::from_millis(5);

/// Arguments of the [`Replayer`].
pub(crate) struct ReplayerArgs {
    pub(crate) delivery: Arc<Delivery>,
}

pub(crate) struct ReplayerState {
    delivery: Arc<Delivery>,
    working: PeriodicTask,
}

/// The actor that advances replays.
pub(crate) struct Replayer;

impl Actor for Replayer {
    type Msg = ReplayerMsg;
    type State = ReplayerState;
    type Arguments = ReplayerArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let _ = args.delivery.replayer.send(ReplayerMsg::Work);
        Ok(ReplayerState {
            delivery: args.delivery,
            working: PeriodicTask::default(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ReplayerMsg::Work => state.work(),
            ReplayerMsg::PageDone { result } => state.page_done(result),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            ReplayerMsg::Panic => panic!("injected into the Replayer"),
        }
        Ok(())
    }
}

impl ReplayerState {
    fn work(&mut self) {
        if !self.working.try_start() {
            return;
        }
        let delivery = Arc::clone(&self.delivery);
        let died = ReplayerMsg::PageDone {
            result: Err(StepError::TaskFailed),
        };
        spawn_and_notify(&self.delivery.replayer, died, async move {
            let result = step(&delivery).await.map_err(StepError::from);
            ReplayerMsg::PageDone { result }
        });
    }

    fn page_done(&mut self, result: Result<Option<BTreeSet<EndpointId>>, StepError>) {
        let delivery = &self.delivery;
        let pause = match result {
            Ok(Some(endpoints)) => {
                if !endpoints.is_empty() {
                    let _ = delivery.dispatcher.send(DispatcherMsg::Wake {
                        endpoints: endpoints.into_iter().collect(),
                        in_order: true,
                    });
                }
                PAGE_PAUSE
            }
            Ok(None) => CHECK_INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "a page of a replay failed; it is retried");
                CHECK_INTERVAL
            }
        };
        let next = delivery.replayer.send_after(pause, ReplayerMsg::Work);
        self.working.reschedule(next);
    }
}
