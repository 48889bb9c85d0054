//! The lease table: the current leases of this process, and the remaining capacity of each endpoint.
//!
//! The table belongs to no actor, so it outlives all of them. The [`Lease`] of a row moves with the row from the claim
//! through the mailboxes and the send to the Completer. If a task panics it drops its leases, and the table records
//! them as lost. A lease is added before the claim commits, and is settled after its completion commits.

use std::sync::Arc;

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::Fence;

use super::capacity::{
    AttemptResult, DEGRADED_SENDS, EndpointCapacity, MAX_COOLDOWN_MS, MAX_LEASES_OF_ENDPOINT,
    SENDS, SLOW_MS, Shared,
};
use super::lease::{Lease, Reservation};
use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};

/// The leases and endpoint capacities of this process.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable(Arc<Shared>);

/// The result of a reservation.
#[derive(Debug)]
pub(crate) enum Grant<R = Reservation> {
    /// Credits were reserved.
    Granted(R),
    /// Nothing can be reserved until a lease of this endpoint ends.
    AtCapacity,
    /// Nothing can be reserved until a lease of any endpoint ends, because this one has none.
    AllInUse,
    /// Nothing can be reserved, because the circuit is open or a cooldown is active.
    CircuitOpen,
}

impl LeaseTable {
    /// Reserves the entire free capacity of the endpoint.
    pub(crate) fn reserve(&self, endpoint: EndpointId, now_ms: i64) -> Grant {
        let mut inner = self.0.lock();
        let Some(available) = inner.available(endpoint, now_ms) else {
            return Grant::CircuitOpen;
        };
        if available == 0 {
            let capacity = inner.capacities.get(&endpoint);
            return match capacity.is_some_and(|capacity| capacity.in_use > 0) {
                true => Grant::AtCapacity,
                false => Grant::AllInUse,
            };
        }
        inner.take(endpoint, available);
        drop(inner);
        Grant::Granted(Reservation::new(Arc::clone(&self.0), endpoint, available))
    }

    /// Reserves one credit regardless of the endpoint's capacity, for a send that the owner requested and waits for.
    pub(crate) fn reserve_over_capacity(&self, endpoint: EndpointId) -> Reservation {
        self.0.lock().take(endpoint, 1);
        Reservation::new(Arc::clone(&self.0), endpoint, 1)
    }

    /// Leases a row that is about to be inserted, if its endpoint is healthy, has free capacity and has no old backlog.
    /// The caller must do this before the commit.
    pub(crate) fn prelease(
        &self,
        endpoint: EndpointId,
        fence: Fence,
        now_ms: i64,
    ) -> Option<Lease> {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        let waits = capacity.is_degraded() || capacity.has_backlog(now_ms);
        let available = inner.available(endpoint, now_ms).unwrap_or_default();
        if waits || available == 0 {
            return None;
        }
        inner.take(endpoint, 1);
        inner.held.insert(fence);
        drop(inner);
        Some(Lease::new(Arc::clone(&self.0), endpoint, fence))
    }

    /// Sets the throttle of the endpoint, in sends per second. The endpoint gets leases for at most half a second of
    /// sends, so that many throttled endpoints do not use up the capacity of others.
    pub(crate) fn throttle(&self, endpoint: EndpointId, per_second: Option<u32>) {
        let max_leases = per_second.map_or(MAX_LEASES_OF_ENDPOINT, |rate| {
            rate.div_ceil(2).clamp(1, MAX_LEASES_OF_ENDPOINT)
        });
        self.0
            .lock()
            .change(endpoint, |capacity| capacity.max_leases = max_leases);
    }

    /// Records that rows of the endpoint wait for a claim. Keeps the earlier time if there is one.
    pub(crate) fn begin_backlog(&self, endpoint: EndpointId, now_ms: i64) {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        capacity.backlog_since_ms.get_or_insert(now_ms);
    }

    /// Records that every due row of the endpoint has been claimed.
    pub(crate) fn end_backlog(&self, endpoint: EndpointId) {
        let mut inner = self.0.lock();
        if let Some(capacity) = inner.capacities.get_mut(&endpoint) {
            capacity.backlog_since_ms = None;
        }
        inner.forget_if_default(endpoint);
    }

    /// Whether the circuit of the endpoint allows a send. After the open period, the first `true` permits the probe.
    pub(crate) fn may_send(&self, endpoint: EndpointId, now_ms: i64) -> bool {
        self.0
            .lock()
            .change(endpoint, |capacity| capacity.breaker.may_send(now_ms))
    }

    /// Maximum concurrent sends of the endpoint.
    pub(crate) fn sends(&self, endpoint: EndpointId) -> u32 {
        let inner = self.0.lock();
        let capacity = inner.capacities.get(&endpoint);
        match capacity.is_some_and(EndpointCapacity::is_degraded) {
            true => DEGRADED_SENDS,
            false => SENDS,
        }
    }

    /// Records the result of an attempt.
    pub(crate) fn record(
        &self,
        endpoint: EndpointId,
        creditor: CreditorId,
        attempted: AttemptResult,
        now_ms: i64,
    ) {
        self.0.lock().change(endpoint, |capacity| {
            capacity.failing_creditor = (!attempted.delivered).then_some(creditor);
            capacity.degraded = !attempted.delivered || attempted.latency_ms >= SLOW_MS;
            match attempted.delivered {
                true => capacity.breaker.on_success(),
                false => capacity.breaker.on_failure(now_ms),
            }
        });
    }

    /// Resets the health of the creditor's failing endpoints, because the owner has changed some of its endpoints.
    pub(crate) fn reset_creditor_health(&self, creditor: CreditorId) {
        let inner = self.0.lock();
        let failing = inner.capacities.iter();
        let failing = failing.filter(|(_, capacity)| capacity.failing_creditor == Some(creditor));
        let failing: Vec<_> = failing.map(|(endpoint, _)| *endpoint).collect();
        drop(inner);
        for endpoint in failing {
            self.reset_health(endpoint);
        }
    }

    /// Resets the health of the endpoint: its breaker, cooldown and failure history.
    pub(crate) fn reset_health(&self, endpoint: EndpointId) {
        let mut inner = self.0.lock();
        inner.change(endpoint, |capacity| {
            capacity.degraded = false;
            capacity.failing_creditor = None;
            capacity.breaker = Breaker::new(BreakerPolicy::default());
            capacity.history = RestartHistory::default();
            capacity.cooldown_until_ms = 0;
        });
        inner.forget_if_default(endpoint);
    }

    /// Starts a cooldown after a failure on our side, such as a panic of the endpoint actor. Nothing is claimed for the
    /// endpoint during it. Repeated failures make it longer.
    pub(crate) fn cool_down(&self, endpoint: EndpointId, now_ms: i64) {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        let cooldown_ms = match capacity.history.record(now_ms, &RestartBudget::default()) {
            RestartDecision::RestartAfter { ms } => ms,
            RestartDecision::GiveUp => {
                tracing::error!(endpoint_id = %endpoint, "an endpoint keeps failing on our side; its cooldown is at the maximum");
                MAX_COOLDOWN_MS
            }
        };
        capacity.cooldown_until_ms = now_ms.saturating_add(cooldown_ms);
    }

    /// Whether the endpoint has no leases and no reservations.
    pub(crate) fn is_idle(&self, endpoint: EndpointId) -> bool {
        self.0
            .lock()
            .capacities
            .get(&endpoint)
            .is_none_or(|capacity| capacity.in_use == 0)
    }

    /// Takes the lost leases. The caller returns their rows to the queue. It then calls [`LeaseTable::released`], and
    /// [`LeaseTable::add_lost`] too if that failed.
    pub(crate) fn take_lost(&self) -> Vec<Fence> {
        let mut inner = self.0.lock();
        let lost = std::mem::take(&mut inner.lost);
        inner.releasing += lost.len();
        lost
    }

    /// Ends the release of `rows` lost rows that [`LeaseTable::take_lost`] started.
    pub(crate) fn released(&self, rows: usize) {
        let mut inner = self.0.lock();
        inner.releasing = inner.releasing.saturating_sub(rows);
    }

    /// Adds lost leases.
    pub(crate) fn add_lost(&self, fences: Vec<Fence>) {
        self.0.lock().lost.extend(fences);
    }

    /// Returns those of `fences` that this process does not hold.
    pub(crate) fn not_held(&self, fences: Vec<Fence>) -> Vec<Fence> {
        let inner = self.0.lock();
        fences
            .into_iter()
            .filter(|fence| !inner.held.contains(fence))
            .collect()
    }

    /// The current number of leases and reservations.
    pub(crate) fn in_flight(&self) -> i64 {
        i64::from(self.0.lock().in_use)
    }

    /// The number of open and of half-open circuits, in this order.
    pub(crate) fn circuits(&self, now_ms: i64) -> (i64, i64) {
        let inner = self.0.lock();
        let tries = inner
            .capacities
            .values()
            .filter_map(|capacity| capacity.breaker.next_try_ms());
        tries.fold((0, 0), |(open, half_open), due_ms| match now_ms < due_ms {
            true => (open + 1, half_open),
            false => (open, half_open + 1),
        })
    }

    /// Whether nothing is leased, reserved or lost.
    pub(crate) fn is_empty(&self) -> bool {
        let inner = self.0.lock();
        inner.in_use == 0 && inner.lost.is_empty() && inner.releasing == 0
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
