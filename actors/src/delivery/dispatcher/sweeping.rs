//! The sweeps of the Dispatcher: release of lost and orphaned leases, and eviction of idle endpoint actors.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::delivery::{self as queue, Fence};

use super::super::messages::DispatcherMsg;
use super::state::Dispatcher;
use crate::supervision::spawn_and_notify;

/// Time between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(5);
/// Maximum leases that one sweep reads. It is far more than a process ever holds.
const SWEEP_LIMIT: u32 = 20_000;

impl Dispatcher {
    /// Returns rows to the queue whose leases were dropped, for example by a task that panicked.
    pub(super) fn release_lost(&self) {
        let lost = self.delivery.leases.take_lost();
        if lost.is_empty() {
            return;
        }
        tracing::warn!(
            rows = lost.len(),
            "rows of lost leases return to the queue to be sent again"
        );
        self.spawn_release(lost);
    }

    fn spawn_release(&self, lost: Vec<Fence>) {
        let delivery = Arc::clone(&self.delivery);
        self.delivery.runtime.spawn(async move {
            let result = queue::release(&delivery.env.db, &lost).await;
            delivery.leases.released(lost.len());
            if let Err(error) = result {
                tracing::warn!(%error, "releasing rows of lost leases failed; it is retried");
                delivery.leases.add_lost(lost);
                return;
            }
            let _ = delivery.dispatcher.send(DispatcherMsg::Poll);
        });
    }

    /// Evicts idle actors, and spawns a query for the leases that the database records for this process.
    pub(super) fn sweep(&mut self) {
        if !self.sweeps.try_start() {
            return;
        }
        self.endpoints.evict_idle();
        let (delivery, died) = (
            Arc::clone(&self.delivery),
            DispatcherMsg::Swept { fences: None },
        );
        spawn_and_notify(&self.delivery.dispatcher, died, async move {
            let epoch = delivery.cluster.membership.epoch();
            let held = queue::leased_by(delivery.env.db.reader(), epoch, SWEEP_LIMIT).await;
            let held = held
                .inspect_err(|error| tracing::warn!(%error, "looking for orphaned leases failed"));
            DispatcherMsg::Swept { fences: held.ok() }
        });
    }

    pub(super) fn swept(&mut self, fences: Option<Vec<Fence>>) {
        if let Some(fences) = fences {
            let orphans = self.orphans.look(self.delivery.leases.not_held(fences));
            if !orphans.is_empty() {
                self.delivery.leases.add_lost(orphans);
                self.release_lost();
            }
        }
        self.sweeps.reschedule(SWEEP_PAUSE, DispatcherMsg::Sweep);
    }
}
