//! The Recoverer: takes recoveries on, one page after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::EndpointId;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::super::handle::Delivery;
use super::super::messages::{DispatcherMsg, RecovererMsg, StepError};
use super::step::step;
use crate::supervision::{Chain, spawn_reporting};

/// From one look for recoveries to the next; one that was asked for here begins at once.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two pages: deliveries go on meanwhile.
const PAGE_PAUSE: Duration = Duration::from_millis(5);

/// What the [`Recoverer`] starts with.
pub(crate) struct RecovererArgs {
    pub(crate) delivery: Arc<Delivery>,
}

pub(crate) struct RecovererState {
    delivery: Arc<Delivery>,
    working: Chain,
}

/// The actor.
pub(crate) struct Recoverer;

impl Actor for Recoverer {
    type Msg = RecovererMsg;
    type State = RecovererState;
    type Arguments = RecovererArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let _ = args.delivery.recoverer.send(RecovererMsg::Work);
        Ok(RecovererState {
            delivery: args.delivery,
            working: Chain::default(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RecovererMsg::Work => state.work(),
            RecovererMsg::Worked { result } => state.worked(result),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            RecovererMsg::Panic => panic!("injected into the Recoverer"),
        }
        Ok(())
    }
}

impl RecovererState {
    fn work(&mut self) {
        if !self.working.begin() {
            return;
        }
        let delivery = Arc::clone(&self.delivery);
        let died = RecovererMsg::Worked {
            result: Err(StepError::Died),
        };
        spawn_reporting(&self.delivery.recoverer, died, async move {
            let result = step(&delivery).await.map_err(StepError::from);
            RecovererMsg::Worked { result }
        });
    }

    fn worked(&mut self, result: Result<Option<BTreeSet<EndpointId>>, StepError>) {
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
            Ok(None) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "a recovery did not get on");
                LOOK_EVERY
            }
        };
        let next = delivery.recoverer.send_after(pause, RecovererMsg::Work);
        self.working.again(next);
    }
}
