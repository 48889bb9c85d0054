//! Counters in fixed windows, one per key, in a table of bounded size.
//!
//! Owns the counts. The table never grows past `MAX_ENTRIES`, so made-up keys cannot exhaust memory.

use std::collections::HashMap;
use std::hash::Hash;

/// Size at which the older half of the table is evicted.
pub(super) const MAX_ENTRIES: usize = 50_000;

/// A maximum count and the length of its window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) max: u32,
    pub(crate) length_ms: i64,
}

impl Window {
    pub(crate) const fn new(max: u32, length_ms: i64) -> Self {
        Self { max, length_ms }
    }
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since_ms: i64,
    count: u32,
}

/// A count for each key `K`.
#[derive(Debug)]
pub(super) struct FixedWindowCounters<K>(HashMap<K, Count>);

impl<K> Default for FixedWindowCounters<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> FixedWindowCounters<K> {
    /// Seconds until the window of `key` ends, rounded up; `None` if the window is not full.
    pub(crate) fn retry_after_s(&self, key: &K, window: Window, now_ms: i64) -> Option<u64> {
        let seen = self.0.get(key)?;
        let left_ms = seen.since_ms + window.length_ms - now_ms;
        let full = seen.count >= window.max && left_ms > 0;
        full.then(|| {
            u64::try_from(left_ms)
                .unwrap_or_default()
                .div_ceil(1_000)
                .max(1)
        })
    }

    /// Whether the current window of `key` has a count above zero.
    pub(crate) fn has_count(&self, key: &K, window: Window, now_ms: i64) -> bool {
        self.0
            .get(key)
            .is_some_and(|seen| seen.count > 0 && now_ms < seen.since_ms + window.length_ms)
    }

    /// Adds one to the count of `key`.
    pub(crate) fn count(&mut self, key: K, window: Window, now_ms: i64) {
        self.evict_older_half();
        let fresh = Count {
            since_ms: now_ms,
            count: 0,
        };
        let seen = self.0.entry(key).or_insert(fresh);
        if now_ms >= seen.since_ms + window.length_ms {
            *seen = fresh;
        }
        seen.count = seen.count.saturating_add(1);
    }

    /// Subtracts one from the count of `key` and removes a key whose count is zero.
    pub(crate) fn take_back(&mut self, key: &K) {
        if let Some(seen) = self.0.get_mut(key) {
            seen.count = seen.count.saturating_sub(1);
            if seen.count == 0 {
                self.0.remove(key);
            }
        }
    }

    /// Removes the count of `key`.
    pub(crate) fn reset(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// Evicts the older half if the table is full. Keys whose window began max recently stay.
    fn evict_older_half(&mut self) {
        if self.0.len() < MAX_ENTRIES {
            return;
        }
        let mut since: Vec<i64> = self.0.values().map(|seen| seen.since_ms).collect();
        let middle = since.len() / 2;
        let (_, median, _) = since.select_nth_unstable(middle);
        let median = *median;
        self.0.retain(|_, seen| seen.since_ms > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_A_MINUTE: Window = Window {
        max: 10,
        length_ms: 60_000,
    };

    #[test]
    fn full_window_returns_exact_wait_and_then_ends() {
        let mut windows = FixedWindowCounters::default();
        for _ in 0..10 {
            assert_eq!(windows.retry_after_s(&"a", TEN_A_MINUTE, 1_000), None);
            windows.count("a", TEN_A_MINUTE, 1_000);
        }
        assert_eq!(windows.retry_after_s(&"a", TEN_A_MINUTE, 1_001), Some(60));
        assert_eq!(windows.retry_after_s(&"a", TEN_A_MINUTE, 60_999), Some(1));
        assert_eq!(windows.retry_after_s(&"a", TEN_A_MINUTE, 61_000), None);
        assert_eq!(windows.retry_after_s(&"b", TEN_A_MINUTE, 1_001), None);
    }

    #[test]
    fn key_is_removed_when_its_last_count_is_taken_back() {
        let mut windows = FixedWindowCounters::default();
        windows.count("a", TEN_A_MINUTE, 0);
        windows.take_back(&"a");
        assert!(windows.0.is_empty());
    }

    #[test]
    fn table_stays_bounded_and_keeps_recent_keys() {
        let mut windows = FixedWindowCounters::default();
        for n in 0..2 * MAX_ENTRIES {
            windows.count(n, TEN_A_MINUTE, i64::try_from(n).unwrap());
        }
        assert!(windows.0.len() <= MAX_ENTRIES);
        assert!(windows.0.contains_key(&(2 * MAX_ENTRIES - 1)));
    }
}
