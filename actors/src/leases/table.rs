//! The lease table: what this process has leased at this moment, and who may be leased more.
//!
//! It belongs to no actor, so it outlives all of them. A leased row has a [`Lease`], which travels with it: from the claim
//! through the mailboxes into the send and to the Completer. A task that dies drops its leases, and the table knows at once
//! which rows nobody holds any more. A lease is entered before the claim commits and settled after its completion has.

use std::sync::Arc;

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::Fence;

use super::capacity::{
    Attempted, COOLDOWN_MS, DEGRADED_SENDS, EndpointCapacity, MAX_LEASES_OF_ENDPOINT, SENDS,
    SLOW_MS, Shared,
};
use super::lease::{Lease, Reservation};
use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};

/// The leases and endpoint capacities of this process.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable(Arc<Shared>);

/// What an endpoint may be sent now.
#[derive(Debug)]
pub(crate) enum Grant {
    /// So many rows, reserved.
    Granted(Reservation),
    /// Nothing until a lease ends.
    AtCapacity,
    /// Nothing: its circuit is open, or its actor rests.
    CircuitOpen,
}

impl LeaseTable {
    /// Reserves whatever credit the endpoint has.
    pub(crate) fn reserve(&self, endpoint: EndpointId, now_ms: i64) -> Grant {
        let mut inner = self.0.lock();
        let Some(room) = inner.room(endpoint, now_ms) else {
            return Grant::CircuitOpen;
        };
        if room == 0 {
            return Grant::AtCapacity;
        }
        inner.take(endpoint, room);
        drop(inner);
        Grant::Granted(Reservation::new(Arc::clone(&self.0), endpoint, room))
    }

    /// Reserves one send whatever the endpoint's credit says: for what its owner asks for and waits for.
    pub(crate) fn reserve_one_more(&self, endpoint: EndpointId) -> Reservation {
        self.0.lock().take(endpoint, 1);
        Reservation::new(Arc::clone(&self.0), endpoint, 1)
    }

    /// A lease for a row that is about to be inserted, if its endpoint is healthy, has credit to
    /// spare, and nothing that has waited for long. Must come before the commit.
    pub(crate) fn prelease(
        &self,
        endpoint: EndpointId,
        fence: Fence,
        now_ms: i64,
    ) -> Option<Lease> {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        let waits = capacity.is_degraded() || capacity.has_backlog(now_ms);
        let room = inner.room(endpoint, now_ms).unwrap_or_default();
        if waits || room == 0 {
            return None;
        }
        inner.take(endpoint, 1);
        inner.held.insert(fence);
        drop(inner);
        Some(Lease::new(Arc::clone(&self.0), endpoint, fence))
    }

    /// The endpoint is sent so much a second at most. Of what its throttle holds back it has no more than half a second's
    /// worth leased, so that many throttled endpoints do not keep the others out.
    pub(crate) fn throttle(&self, endpoint: EndpointId, per_second: Option<u32>) {
        let max_leases = per_second.map_or(MAX_LEASES_OF_ENDPOINT, |rate| {
            rate.div_ceil(2).clamp(1, MAX_LEASES_OF_ENDPOINT)
        });
        self.0
            .lock()
            .change(endpoint, |capacity| capacity.max_leases = max_leases);
    }

    /// Rows of the endpoint wait to be claimed.
    pub(crate) fn begin_backlog(&self, endpoint: EndpointId, now_ms: i64) {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        capacity.backlog_since_ms.get_or_insert(now_ms);
    }

    /// Every row of the endpoint that was due has been claimed.
    pub(crate) fn end_backlog(&self, endpoint: EndpointId) {
        let mut inner = self.0.lock();
        if let Some(capacity) = inner.capacities.get_mut(&endpoint) {
            capacity.backlog_since_ms = None;
        }
        inner.forget_if_default(endpoint);
    }

    /// Whether the endpoint's circuit lets one send through; after a cooldown, `true` is the probe.
    pub(crate) fn may_send(&self, endpoint: EndpointId, now_ms: i64) -> bool {
        self.0
            .lock()
            .change(endpoint, |capacity| capacity.breaker.may_send(now_ms))
    }

    /// How many sends the endpoint may have at a time.
    pub(crate) fn sends(&self, endpoint: EndpointId) -> u32 {
        let inner = self.0.lock();
        let capacity = inner.capacities.get(&endpoint);
        match capacity.is_some_and(EndpointCapacity::is_degraded) {
            true => DEGRADED_SENDS,
            false => SENDS,
        }
    }

    /// An attempt ended.
    pub(crate) fn record(
        &self,
        endpoint: EndpointId,
        creditor: CreditorId,
        attempted: Attempted,
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

    /// Their owner has changed some of these endpoints.
    pub(crate) fn forgive_all_of(&self, creditor: CreditorId) {
        let inner = self.0.lock();
        let failing = inner.capacities.iter();
        let failing = failing.filter(|(_, capacity)| capacity.failing_creditor == Some(creditor));
        let failing: Vec<_> = failing.map(|(endpoint, _)| *endpoint).collect();
        drop(inner);
        for endpoint in failing {
            self.forgive(endpoint);
        }
    }

    /// What it did before says nothing any more.
    pub(crate) fn forgive(&self, endpoint: EndpointId) {
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

    /// Something on our side failed, such as the endpoint's actor: nothing is claimed for the
    /// endpoint for a while, the longer the more often it happens.
    pub(crate) fn cool_down(&self, endpoint: EndpointId, now_ms: i64) {
        let mut inner = self.0.lock();
        let capacity = inner.capacities.entry(endpoint).or_default();
        let rest_ms = match capacity.history.record(now_ms, &RestartBudget::default()) {
            RestartDecision::RestartAfter { ms } => ms,
            RestartDecision::GiveUp => {
                tracing::error!(%endpoint, "an endpoint fails again and again on our side: it rests");
                COOLDOWN_MS
            }
        };
        capacity.cooldown_until_ms = now_ms.saturating_add(rest_ms);
    }

    /// Whether nothing of the endpoint is leased or about to be.
    pub(crate) fn is_idle(&self, endpoint: EndpointId) -> bool {
        self.0
            .lock()
            .capacities
            .get(&endpoint)
            .is_none_or(|capacity| capacity.in_use == 0)
    }

    /// Leases that nobody holds any more. The caller gives their rows back to the queue, and says
    /// by [`LeaseTable::released`] or [`LeaseTable::add_lost`] what came of it.
    pub(crate) fn take_lost(&self) -> Vec<Fence> {
        let mut inner = self.0.lock();
        let lost = std::mem::take(&mut inner.lost);
        inner.releasing += lost.len();
        lost
    }

    /// So many lost rows are back in the queue.
    pub(crate) fn released(&self, rows: usize) {
        let mut inner = self.0.lock();
        inner.releasing = inner.releasing.saturating_sub(rows);
    }

    /// Adds to the lost.
    pub(crate) fn add_lost(&self, fences: Vec<Fence>) {
        self.0.lock().lost.extend(fences);
    }

    /// Those of `fences` that nobody here holds.
    pub(crate) fn unheld(&self, fences: Vec<Fence>) -> Vec<Fence> {
        let inner = self.0.lock();
        fences
            .into_iter()
            .filter(|fence| !inner.held.contains(fence))
            .collect()
    }

    /// Leases and reservations at this moment.
    pub(crate) fn in_flight(&self) -> i64 {
        i64::from(self.0.lock().in_use)
    }

    /// How many circuits are open, and how many let one send through to see.
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
