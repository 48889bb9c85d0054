//! The Recoverer: takes recoveries on, one page after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::ids::EndpointId;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::super::dispatcher::DispatcherMsg;
use super::step::step;
use crate::app::House;
use crate::supervision::{Chain, spawn_reporting};

/// From one look for recoveries to the next; one that was asked for here begins at once.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two pages: deliveries go on meanwhile.
const PAGE_PAUSE: Duration = Duration::from_millis(5);

/// Messages of the [`Recoverer`].
#[derive(Debug)]
pub(crate) enum RecovererMsg {
    /// There may be something to recover.
    Work,
    /// A page is done: the endpoints that have rows due, or `None` when there is no recovery.
    Worked {
        /// What the database said.
        result: Result<Option<BTreeSet<EndpointId>>, StepError>,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a page was not done; it is done again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The task died.
    #[error("the task died")]
    Died,
}

/// What the [`Recoverer`] starts with.
pub(crate) struct RecovererArgs {
    pub(crate) house: Arc<House>,
}

pub(crate) struct RecovererState {
    house: Arc<House>,
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
        let _ = args.house.addresses.recoverer.send(RecovererMsg::Work);
        Ok(RecovererState {
            house: args.house,
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
        let house = Arc::clone(&self.house);
        let died = RecovererMsg::Worked {
            result: Err(StepError::Died),
        };
        spawn_reporting(&self.house.addresses.recoverer, died, async move {
            let result = step(&house).await.map_err(StepError::from);
            RecovererMsg::Worked { result }
        });
    }

    fn worked(&mut self, result: Result<Option<BTreeSet<EndpointId>>, StepError>) {
        let addresses = &self.house.addresses;
        let pause = match result {
            Ok(Some(endpoints)) => {
                if !endpoints.is_empty() {
                    let _ = addresses.dispatcher.send(DispatcherMsg::Wake {
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
        let next = addresses.recoverer.send_after(pause, RecovererMsg::Work);
        self.working.again(next);
    }
}
