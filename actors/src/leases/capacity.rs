//! The capacity of each endpoint: how many leases it may have at a time, and the health that limits them.
//!
//! Owns the state that the lease table and the leases share. A degraded endpoint gets few leases, and an endpoint whose
//! circuit is open gets none. All degraded endpoints together never use up the capacity of healthy ones. This module
//! never reads the database.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::Fence;

use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::RestartHistory;

/// Maximum concurrent sends of one endpoint.
pub(crate) const SENDS: u32 = 8;
/// Maximum leases of one endpoint: sends in progress, rows in its local queue, and outcomes that are not yet committed.
/// It bounds the number of sends that are repeated after a crash.
pub(super) const MAX_LEASES_OF_ENDPOINT: u32 = 4 * SENDS;
/// Maximum leases and concurrent sends of a degraded endpoint, whose last attempt failed or was slow. A hanging
/// receiver then blocks few rows.
pub(super) const DEGRADED_SENDS: u32 = 2;
/// Maximum leases of this process. It bounds sockets and memory.
pub(super) const MAX_LEASES: u32 = 4_096;
/// While fewer leases than this are in use, an endpoint may have more leases than concurrent sends. Above it, each
/// endpoint is limited to [`SENDS`], so that slow endpoints do not use up the capacity of others.
pub(super) const FAIR_SHARE_THRESHOLD: u32 = MAX_LEASES / 2;
/// Maximum leases of all degraded endpoints together. The other half remains for healthy ones.
pub(super) const MAX_DEGRADED_LEASES: u32 = MAX_LEASES / 2;
/// A response that takes at least this long degrades the endpoint, even if the delivery succeeds.
pub(super) const SLOW_MS: i64 = 3_000;
/// How long rows may wait for a claim before new rows are no longer pre-leased ahead of them. A short burst that uses
/// all capacity leaves a few rows behind. If every later row had to be claimed, the claims would delay catching up.
pub(super) const MAX_OVERTAKING_MS: i64 = 250;
/// The cooldown of an endpoint whose actor failed too often.
pub(super) const MAX_COOLDOWN_MS: i64 = 60_000;

/// The capacities and leases behind one lock, which is held for a few instructions at a time.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Inner>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The capacities of all endpoints, and the leases of this process.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) capacities: HashMap<EndpointId, EndpointCapacity>,
    pub(super) held: HashSet<Fence>,
    /// Leases that were dropped unsettled and whose rows are not back in the queue yet.
    pub(super) lost: Vec<Fence>,
    /// Number of lost rows that are being released.
    pub(super) releasing: usize,
    /// Leases and reservations of all endpoints.
    pub(super) in_use: u32,
    /// The part of `in_use` that belongs to degraded endpoints.
    pub(super) in_use_by_degraded: u32,
}

/// The result of an attempt, as far as it affects the capacity of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptResult {
    pub(crate) delivered: bool,
    pub(crate) latency_ms: i64,
}

/// The capacity and health of an endpoint, kept in memory for the life of the process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EndpointCapacity {
    pub(super) in_use: u32,
    /// Maximum leases while the endpoint is healthy. A throttle lowers it, because most rows would only wait.
    pub(super) max_leases: u32,
    pub(super) breaker: Breaker,
    /// The last attempt failed or was slow.
    pub(super) degraded: bool,
    /// The owner of the endpoint, set if the last attempt failed.
    pub(super) failing_creditor: Option<CreditorId>,
    /// Time since which rows wait for a claim, in milliseconds since the epoch.
    pub(super) backlog_since_ms: Option<i64>,
    pub(super) history: RestartHistory,
    pub(super) cooldown_until_ms: i64,
}

impl Default for EndpointCapacity {
    fn default() -> Self {
        Self {
            in_use: 0,
            max_leases: MAX_LEASES_OF_ENDPOINT,
            breaker: Breaker::new(BreakerPolicy::default()),
            degraded: false,
            failing_creditor: None,
            backlog_since_ms: None,
            history: RestartHistory::default(),
            cooldown_until_ms: 0,
        }
    }
}

impl EndpointCapacity {
    /// Maximum leases at `now_ms`. `None` during a cooldown or while the circuit is open.
    fn credit(&self, now_ms: i64) -> Option<u32> {
        if now_ms < self.cooldown_until_ms {
            return None;
        }
        match self.breaker.next_try_ms() {
            Some(due_ms) if now_ms < due_ms => None,
            Some(_) => Some(1),
            None if self.degraded => Some(DEGRADED_SENDS.min(self.max_leases)),
            None => Some(self.max_leases),
        }
    }

    /// Whether rows have waited too long to be overtaken. Also true if the clock has gone back.
    pub(super) fn has_backlog(&self, now_ms: i64) -> bool {
        let since_ms = self.backlog_since_ms;
        since_ms.is_some_and(|since_ms| !(0..MAX_OVERTAKING_MS).contains(&(now_ms - since_ms)))
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.degraded || self.breaker.next_try_ms().is_some()
    }
}

impl Inner {
    /// How many more leases the endpoint may have now. `None` during a cooldown or while the circuit is open.
    pub(super) fn available(&mut self, endpoint: EndpointId, now_ms: i64) -> Option<u32> {
        let in_total = MAX_LEASES.saturating_sub(self.in_use);
        let is_below_threshold = self.in_use < FAIR_SHARE_THRESHOLD;
        let for_degraded = MAX_DEGRADED_LEASES.saturating_sub(self.in_use_by_degraded);
        let capacity = self.capacities.entry(endpoint).or_default();
        let credit = capacity.credit(now_ms)?;
        let credit = if is_below_threshold {
            credit
        } else {
            credit.min(SENDS)
        };
        let own = credit.saturating_sub(capacity.in_use);
        let probes = capacity.breaker.next_try_ms().is_some();
        // A probe can close the circuit, so the limit on degraded endpoints does not apply to it.
        Some(match capacity.is_degraded() && !probes {
            true => own.min(for_degraded).min(in_total),
            false => own.min(in_total),
        })
    }

    /// Changes a capacity, and updates `in_use_by_degraded` if the endpoint becomes degraded or healthy.
    pub(super) fn change<T>(
        &mut self,
        endpoint: EndpointId,
        work: impl FnOnce(&mut EndpointCapacity) -> T,
    ) -> T {
        let capacity = self.capacities.entry(endpoint).or_default();
        let share = |capacity: &EndpointCapacity| match capacity.is_degraded() {
            true => capacity.in_use,
            false => 0,
        };
        let before = share(capacity);
        let done = work(capacity);
        let after = share(capacity);
        self.in_use_by_degraded = (self.in_use_by_degraded + after).saturating_sub(before);
        done
    }

    pub(super) fn take(&mut self, endpoint: EndpointId, credits: u32) {
        self.change(endpoint, |capacity| capacity.in_use += credits);
        self.in_use += credits;
    }

    /// Removes a capacity that equals the default.
    pub(super) fn forget_if_default(&mut self, endpoint: EndpointId) {
        if self.capacities.get(&endpoint) == Some(&EndpointCapacity::default()) {
            self.capacities.remove(&endpoint);
        }
    }

    pub(super) fn give(&mut self, endpoint: EndpointId, credits: u32) {
        self.change(endpoint, |capacity| {
            capacity.in_use = capacity.in_use.saturating_sub(credits);
        });
        self.forget_if_default(endpoint);
        self.in_use = self.in_use.saturating_sub(credits);
    }
}
