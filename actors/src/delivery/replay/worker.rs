//! The Replayer: advances running replays, one page at a time.

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorProcessingErr;

use super::super::handle::Delivery;
use super::super::messages::{DispatcherMsg, ReplayerMsg};
use super::step::step;
use crate::supervision::{Actor, PeriodicTask};

/// Time between two checks for replays. A replay that this process starts begins immediately.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Pause between two pages, so that deliveries continue in the meantime.
const PAGE_PAUSE: Duration = Duration::from_millis(5);

/// The actor that advances replays.
pub(crate) struct Replayer {
    delivery: Arc<Delivery>,
    working: PeriodicTask<ReplayerMsg>,
}

impl Actor for Replayer {
    type Msg = ReplayerMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.working.begin(ReplayerMsg::Work)
    }

    async fn handle(&mut self, message: ReplayerMsg) -> Result<(), ActorProcessingErr> {
        match message {
            ReplayerMsg::Work => self.work(),
            ReplayerMsg::PageDone { pause } => self.working.reschedule(pause, ReplayerMsg::Work),
        }
        Ok(())
    }
}

impl Replayer {
    pub(crate) fn new(delivery: &Arc<Delivery>) -> Self {
        Self {
            delivery: Arc::clone(delivery),
            working: PeriodicTask::new(&delivery.replayer),
        }
    }

    fn work(&mut self) {
        let delivery = Arc::clone(&self.delivery);
        let pause = CHECK_INTERVAL;
        self.working
            .spawn(ReplayerMsg::PageDone { pause }, async move {
                let pause = page(&delivery).await;
                ReplayerMsg::PageDone { pause }
            });
    }
}

/// Processes one page and wakes its endpoints. Returns the pause before the next page.
async fn page(delivery: &Delivery) -> Duration {
    match step(delivery).await {
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
    }
}
