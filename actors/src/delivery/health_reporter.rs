//! Reports of endpoint health: which endpoints are failing and which are healthy.
//!
//! The database stores the time since which an endpoint has been failing, because several processes contribute to it
//! and it must survive restarts. This module only filters out reports that would not change the stored state. It never
//! writes.

use super::completed_lease::CompletedLease;
use std::collections::{BTreeMap, HashMap};

use entities::ids::EndpointId;
use entities::queries::delivery::CompletionOutcome;

/// An unchanged state is reported again after this time, because another process may have reported a different one.
const REPORT_INTERVAL_MS: i64 = 60_000;
/// Maximum entries of the cache. When it is full it is cleared, and every endpoint is reported once more.
const MOST: usize = 10_000;

/// The state that this process last reported for each endpoint.
#[derive(Debug, Default)]
pub(super) struct HealthReporter {
    said: HashMap<EndpointId, Said>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    failing: bool,
    at_ms: i64,
}

/// The states to report. Each list is sorted by id, which is the order in which the rows are locked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct HealthChanges {
    pub(super) healthy: Vec<EndpointId>,
    pub(super) failing: Vec<EndpointId>,
}

impl HealthChanges {
    /// Derives the states from a batch of outcomes. One success makes an endpoint healthy.
    fn from_batch<'a>(batch: impl Iterator<Item = &'a CompletedLease>) -> Self {
        let mut failing: BTreeMap<EndpointId, bool> = BTreeMap::new();
        for ended in batch.filter(|ended| ended.completion.attempt.is_some()) {
            let failed = ended.completion.outcome != CompletionOutcome::Delivered;
            *failing.entry(ended.endpoint()).or_insert(true) &= failed;
        }
        let mut changes = Self::default();
        for (endpoint, failing) in failing {
            match failing {
                true => changes.failing.push(endpoint),
                false => changes.healthy.push(endpoint),
            }
        }
        changes
    }

    /// Derives the states again from those outcomes of the batch for which `counts` holds, and keeps only endpoints
    /// that are in `self`.
    pub(super) fn of_those(
        &self,
        batch: &[CompletedLease],
        counts: impl Fn(&CompletedLease) -> bool,
    ) -> Self {
        let mut changes = Self::from_batch(batch.iter().filter(|ended| counts(ended)));
        let is_listed = |endpoint: &EndpointId| {
            self.healthy.contains(endpoint) || self.failing.contains(endpoint)
        };
        changes.healthy.retain(is_listed);
        changes.failing.retain(is_listed);
        changes
    }
}

impl HealthReporter {
    /// The states that follow from a batch and have not been reported recently. The caller confirms them with
    /// [`HealthReporter::said`] after the commit.
    pub(super) fn changes(&self, batch: &[CompletedLease], now_ms: i64) -> HealthChanges {
        let mut changes = HealthChanges::from_batch(batch.iter());
        let should_report =
            |failing| move |endpoint: &EndpointId| self.should_report(*endpoint, failing, now_ms);
        changes.healthy.retain(should_report(false));
        changes.failing.retain(should_report(true));
        changes
    }

    fn should_report(&self, endpoint: EndpointId, failing: bool, now_ms: i64) -> bool {
        let said = self.said.get(&endpoint);
        !said
            .is_some_and(|said| said.failing == failing && now_ms - said.at_ms < REPORT_INTERVAL_MS)
    }

    /// Records that `changes` are committed.
    pub(super) fn said(&mut self, changes: &HealthChanges, at_ms: i64) {
        if self.said.len() >= MOST {
            self.said.clear();
        }
        for (list, failing) in [(&changes.healthy, false), (&changes.failing, true)] {
            for endpoint in list {
                self.said.insert(*endpoint, Said { failing, at_ms });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn unchanged_health_is_reported_at_most_once_a_minute() {
        let (mut health, endpoint) = (HealthReporter::default(), EndpointId(Uuid::from_u128(1)));
        let mut say = |failing, at_ms| {
            let should_report = health.should_report(endpoint, failing, at_ms);
            let mut changes = HealthChanges::default();
            match failing {
                true => changes.failing.push(endpoint),
                false => changes.healthy.push(endpoint),
            }
            if should_report {
                health.said(&changes, at_ms);
            }
            should_report
        };
        assert!(say(false, 0));
        assert!(!say(false, REPORT_INTERVAL_MS - 1));
        assert!(say(true, REPORT_INTERVAL_MS - 1));
        assert!(say(false, REPORT_INTERVAL_MS - 1));
        assert!(say(false, 2 * REPORT_INTERVAL_MS));
    }

    #[test]
    fn unsaved_health_change_is_reported_again() {
        let (health, endpoint) = (HealthReporter::default(), EndpointId(Uuid::from_u128(1)));
        assert!(health.should_report(endpoint, false, 0));
        assert!(health.should_report(endpoint, false, 1));
    }
}
