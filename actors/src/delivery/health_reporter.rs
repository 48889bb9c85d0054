//! Since when an endpoint has failed everything. The database remembers it, so that neither a
//! restart nor another process's luck is forgotten; this only spares it most of the writing.

use super::completed_lease::CompletedLease;
use std::collections::{BTreeMap, HashMap};

use entities::ids::EndpointId;
use entities::queries::delivery::Ending;

/// What has not changed is said again after so long: another process may have said otherwise.
const SAY_AGAIN_MS: i64 = 60_000;
/// Endpoints remembered; beyond it everything is said once more.
const MOST: usize = 10_000;

/// What this process last said of each endpoint.
#[derive(Debug, Default)]
pub(super) struct HealthReporter {
    said: HashMap<EndpointId, Said>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    failing: bool,
    at_ms: i64,
}

/// What there is to say, each list in the order of ids, which is the order in which rows are locked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct HealthChanges {
    pub(super) healthy: Vec<EndpointId>,
    pub(super) failing: Vec<EndpointId>,
}

impl HealthChanges {
    /// What a batch of outcomes tells: one success makes an endpoint healthy.
    fn told_by<'a>(batch: impl Iterator<Item = &'a CompletedLease>) -> Self {
        let mut failing: BTreeMap<EndpointId, bool> = BTreeMap::new();
        for ended in batch.filter(|ended| ended.completion.attempt.is_some()) {
            let failed = ended.completion.ending != Ending::Delivered;
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

    /// The same changes, told by some of the batch alone.
    pub(super) fn of_those(
        &self,
        batch: &[CompletedLease],
        counts: impl Fn(&CompletedLease) -> bool,
    ) -> Self {
        let mut told = Self::told_by(batch.iter().filter(|ended| counts(ended)));
        let is_news = |endpoint: &EndpointId| {
            self.healthy.contains(endpoint) || self.failing.contains(endpoint)
        };
        told.healthy.retain(is_news);
        told.failing.retain(is_news);
        told
    }
}

impl HealthReporter {
    /// What a batch tells that was not said a moment ago. It counts as said when [`HealthReporter::said`] says so.
    pub(super) fn changes(&self, batch: &[CompletedLease], now_ms: i64) -> HealthChanges {
        let mut changes = HealthChanges::told_by(batch.iter());
        let is_news =
            |failing| move |endpoint: &EndpointId| self.is_news(*endpoint, failing, now_ms);
        changes.healthy.retain(is_news(false));
        changes.failing.retain(is_news(true));
        changes
    }

    fn is_news(&self, endpoint: EndpointId, failing: bool, now_ms: i64) -> bool {
        let said = self.said.get(&endpoint);
        !said.is_some_and(|said| said.failing == failing && now_ms - said.at_ms < SAY_AGAIN_MS)
    }

    /// It is in the database now.
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
    fn only_changes_are_said_and_the_rest_once_a_minute() {
        let (mut health, endpoint) = (HealthReporter::default(), EndpointId(Uuid::from_u128(1)));
        let mut say = |failing, at_ms| {
            let is_news = health.is_news(endpoint, failing, at_ms);
            let mut changes = HealthChanges::default();
            match failing {
                true => changes.failing.push(endpoint),
                false => changes.healthy.push(endpoint),
            }
            if is_news {
                health.said(&changes, at_ms);
            }
            is_news
        };
        assert!(say(false, 0));
        assert!(!say(false, SAY_AGAIN_MS - 1));
        assert!(say(true, SAY_AGAIN_MS - 1));
        assert!(say(false, SAY_AGAIN_MS - 1));
        assert!(say(false, 2 * SAY_AGAIN_MS));
    }

    #[test]
    fn what_could_not_be_written_is_still_news() {
        let (health, endpoint) = (HealthReporter::default(), EndpointId(Uuid::from_u128(1)));
        assert!(health.is_news(endpoint, false, 0));
        assert!(health.is_news(endpoint, false, 1));
    }
}
