//! The number of processes among which limits are divided.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a process must be gone before the others take over its share. It may only be restarting.
const DEPARTURE_MS: i64 = 30_000;

/// The number of processes that share the database and are not draining: the most of the last 30 seconds. More of them
/// lower the share at once; fewer raise it later. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct NodeCount(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    nodes: AtomicU32,
    /// The counts of the last 30 seconds that may still be the largest, each with the time of its last observation in
    /// milliseconds of the monotonic clock. Counts fall and times rise.
    seen: Mutex<Vec<(u32, i64)>>,
}

impl Default for NodeCount {
    /// One process.
    fn default() -> Self {
        Self(Arc::new(Inner {
            nodes: AtomicU32::new(1),
            seen: Mutex::default(),
        }))
    }
}

impl NodeCount {
    /// The number, at least 1.
    pub(crate) fn get(&self) -> u32 {
        self.0.nodes.load(Ordering::Relaxed)
    }

    /// The share of this process in a limit, at least 1.
    pub(crate) fn share(&self, limit: u32) -> u32 {
        (limit / self.get()).max(1)
    }

    /// Notes how many processes a heartbeat saw.
    pub(super) fn observe(&self, nodes: u32, now_ms: i64) {
        let nodes = nodes.max(1);
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(count, at_ms)| *count > nodes && now_ms - at_ms < DEPARTURE_MS);
        seen.push((nodes, now_ms));
        let most = seen.first().map_or(nodes, |(count, _)| *count);
        self.0.nodes.store(most, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(observed: &[(u32, i64)]) -> u32 {
        let count = NodeCount::default();
        for (nodes, now_ms) in observed {
            count.observe(*nodes, *now_ms);
        }
        count.get()
    }

    #[test]
    fn join_counts_at_once_and_departure_after_30_seconds() {
        assert_eq!(after(&[]), 1);
        assert_eq!(after(&[(3, 0)]), 3);
        assert_eq!(after(&[(3, 0), (2, 1_000), (2, 29_999)]), 3);
        assert_eq!(after(&[(3, 0), (2, 1_000), (2, 30_000)]), 2);
        assert_eq!(after(&[(3, 0), (2, 1_000), (4, 2_000)]), 4);
        assert_eq!(after(&[(1, 0), (0, 1_000)]), 1);
    }

    #[test]
    fn each_departure_has_its_own_30_seconds() {
        let two_leave = [(3, 0), (2, 1_000), (2, 29_000), (1, 29_900), (1, 30_000)];
        assert_eq!(after(&two_leave), 2);
        assert_eq!(after(&[&two_leave[..], &[(1, 59_000)]].concat()), 1);
    }

    #[test]
    fn process_that_restarts_keeps_its_share() {
        let restarting = [(3, 0), (2, 1_000), (3, 20_000), (2, 21_000), (2, 49_000)];
        assert_eq!(after(&restarting), 3);
    }

    #[test]
    fn share_is_at_least_one() {
        let count = NodeCount::default();
        count.observe(3, 0);
        assert_eq!((count.share(20), count.share(2)), (6, 1));
    }
}
