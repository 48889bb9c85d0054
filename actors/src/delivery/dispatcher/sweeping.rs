//! The sweeps of the Dispatcher: release of lost and orphaned leases, and eviction of idle endpoint actors.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::delivery::{self as queue, Fence};

use super::super::messages::{ClaimError, DispatcherMsg};
use super::state::DispatcherState;
use crate::supervision::spawn_and_notify;

/// Time between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(5);
/// Maximum leases that one sweep reads. It is far more than a process ever holds.
const SWEEP_LIMIT: u32 = 20_000;

impl DispatcherState {
    /// Returns rows to the queue whose leases were dropped, for example by a task that panicked.
    pub(super) fn release_lost(&self) {
        let lost = self.leases.take_lost();
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
        let (delivery, leases) = (Arc::clone(&self.delivery), Arc::clone(&self.leases));
        self.delivery.runtime.spawn(async move {
            let result = queue::release(&delivery.env.db, &lost).await;
            leases.released(lost.len());
            if let Err(error) = result {
                tracing::warn!(%error, "releasing rows of lost leases failed; it is retried");
                leases.add_lost(lost);
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
        let died = DispatcherMsg::Swept {
            result: Err(ClaimError::TaskFailed),
        };
        let delivery = Arc::clone(&self.delivery);
        spawn_and_notify(&self.delivery.dispatcher, died, async move {
            let held = queue::leased_by(
                delivery.env.db.reader(),
                delivery.cluster.membership.epoch(),
                SWEEP_LIMIT,
            )
            .await;
            DispatcherMsg::Swept {
                result: held.map_err(ClaimError::from),
            }
        });
    }

    pub(super) fn swept(&mut self, result: Result<Vec<Fence>, ClaimError>) {
        match result {
            Ok(fences) => {
                let orphans = self.orphans.look(self.leases.not_held(fences));
                if !orphans.is_empty() {
                    self.leases.add_lost(orphans);
                    self.release_lost();
                }
            }
            Err(error) => tracing::warn!(%error, "looking for orphaned leases failed"),
        }
        self.sweeps.reschedule(
            self.delivery
                .dispatcher
                .send_after(SWEEP_PAUSE, DispatcherMsg::Sweep),
        );
    }
}
