//! The capacity of each endpoint: how many leases it may have at a time, and what its recent attempts say about it.
//!
//! Owns the state that the lease table and the leases share. A degraded endpoint has few leases, one whose circuit is open has
//! none, and all degraded endpoints together never keep the healthy ones out.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::Fence;

use crate::domain::breaker::{Breaker, BreakerPolicy};
use crate::domain::restart_budget::RestartHistory;

/// Sends of one endpoint at a time.
pub(crate) const SENDS: u32 = 8;
/// Leases of one endpoint at a time: sends, what waits for one of them to end, and answers that have yet to be written. It
/// bounds what a crash repeats.
pub(super) const MAX_LEASES_OF_ENDPOINT: u32 = 4 * SENDS;
/// Leases and sends at a time of an endpoint whose last attempt failed or took long: what hangs shall hang few.
pub(super) const DEGRADED_SENDS: u32 = 2;
/// Leases of this process at a time: it bounds sockets and memory.
pub(super) const MAX_LEASES: u32 = 4_096;
/// While fewer are in use, an endpoint may have more than it is being sent: those that are slow shall not keep the others out.
pub(super) const FAIR_SHARE_THRESHOLD: u32 = MAX_LEASES / 2;
/// Sick endpoints may use half of them, so that they never keep healthy ones out.
pub(super) const MAX_DEGRADED_LEASES: u32 = MAX_LEASES / 2;
/// An answer that takes so long is a sick one, although it be a good one.
pub(super) const SLOW_MS: i64 = 3_000;
/// How long rows may wait to be claimed before fresh ones overtake them no more. A burst that takes all credit for a moment
/// leaves a few behind; were everything claimed from then on, the claims would take the time in which they are caught up with.
pub(super) const MAX_OVERTAKING_MS: i64 = 250;
/// How long an endpoint rests whose actor failed too often.
pub(super) const COOLDOWN_MS: i64 = 60_000;

/// The state of all endpoints behind one lock, which is held for a few instructions at a time.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Inner>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) capacities: HashMap<EndpointId, EndpointCapacity>,
    pub(super) held: HashSet<Fence>,
    /// Dropped unsettled, and not yet given back to the queue.
    pub(super) lost: Vec<Fence>,
    pub(super) releasing: usize,
    pub(super) in_use: u32,
    /// What sick endpoints have of it.
    pub(super) in_use_by_degraded: u32,
}

/// What came of an attempt, as far as it matters to its endpoint's next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempted {
    pub(crate) delivered: bool,
    pub(crate) latency_ms: i64,
}

/// What is known of an endpoint as long as this process lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EndpointCapacity {
    pub(super) in_use: u32,
    /// Leases at a time while it is well: fewer where a throttle would keep most of them waiting.
    pub(super) max_leases: u32,
    pub(super) breaker: Breaker,
    /// Its last attempt failed or took long.
    pub(super) degraded: bool,
    /// Its last attempt failed, and this is whose it is.
    pub(super) failing_creditor: Option<CreditorId>,
    /// Since when rows of it wait to be claimed.
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
    /// How many leases it may have at a time; `None` while it may have none at all.
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

    pub(super) fn has_backlog(&self, now_ms: i64) -> bool {
        let since_ms = self.backlog_since_ms;
        since_ms.is_some_and(|since_ms| !(0..MAX_OVERTAKING_MS).contains(&(now_ms - since_ms)))
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.degraded || self.breaker.next_try_ms().is_some()
    }
}

impl Inner {
    /// How many more leases the endpoint may have now; `None` while it may have none at all.
    pub(super) fn room(&mut self, endpoint: EndpointId, now_ms: i64) -> Option<u32> {
        let in_all = MAX_LEASES.saturating_sub(self.in_use);
        let is_plentiful = self.in_use < FAIR_SHARE_THRESHOLD;
        let for_degraded = MAX_DEGRADED_LEASES.saturating_sub(self.in_use_by_degraded);
        let capacity = self.capacities.entry(endpoint).or_default();
        let credit = capacity.credit(now_ms)?;
        let credit = if is_plentiful {
            credit
        } else {
            credit.min(SENDS)
        };
        let own = credit.saturating_sub(capacity.in_use);
        let probes = capacity.breaker.next_try_ms().is_some();
        // A probe is what makes it well again: it always finds room.
        Some(match capacity.is_degraded() && !probes {
            true => own.min(for_degraded).min(in_all),
            false => own.min(in_all),
        })
    }

    /// Changes an capacity, and what sick ones have if it falls ill by that or gets well.
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

    /// Removes an capacity in which nothing is worth remembering.
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
