//! Counts in fixed windows, for very many and bounded: made-up names cannot grow it.

use std::collections::HashMap;
use std::hash::Hash;

/// When this many are counted, the older half makes room.
pub(super) const MAX_ENTRIES: usize = 50_000;

/// How much may happen in how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) most: u32,
    pub(crate) length_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since_ms: i64,
    count: u32,
}

/// Who has done it how often.
#[derive(Debug)]
pub(crate) struct FixedWindowCounters<K>(HashMap<K, Count>);

impl<K> Default for FixedWindowCounters<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> FixedWindowCounters<K> {
    /// The seconds that `who` has to wait, rounded up, if its window is full.
    pub(crate) fn wait_s(&self, who: &K, window: Window, now_ms: i64) -> Option<u64> {
        let seen = self.0.get(who)?;
        let left_ms = seen.since_ms + window.length_ms - now_ms;
        let full = seen.count >= window.most && left_ms > 0;
        full.then(|| {
            u64::try_from(left_ms)
                .unwrap_or_default()
                .div_ceil(1_000)
                .max(1)
        })
    }

    /// Whether anything of `who` is counted in its window.
    pub(crate) fn knows(&self, who: &K, window: Window, now_ms: i64) -> bool {
        self.0
            .get(who)
            .is_some_and(|seen| seen.count > 0 && now_ms < seen.since_ms + window.length_ms)
    }

    /// Counts one more.
    pub(crate) fn count(&mut self, who: K, window: Window, now_ms: i64) {
        self.make_room();
        let fresh = Count {
            since_ms: now_ms,
            count: 0,
        };
        let seen = self.0.entry(who).or_insert(fresh);
        if now_ms >= seen.since_ms + window.length_ms {
            *seen = fresh;
        }
        seen.count = seen.count.saturating_add(1);
    }

    /// Takes one back; of whoever has nothing left, nothing is kept.
    pub(crate) fn take_back(&mut self, who: &K) {
        if let Some(seen) = self.0.get_mut(who) {
            seen.count = seen.count.saturating_sub(1);
            if seen.count == 0 {
                self.0.remove(who);
            }
        }
    }

    /// Forgets everything of `who`.
    pub(crate) fn forgive(&mut self, who: &K) {
        self.0.remove(who);
    }

    /// When it is full, the older half makes room: whoever began most recently stays counted.
    fn make_room(&mut self) {
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
        most: 10,
        length_ms: 60_000,
    };

    #[test]
    fn a_full_window_tells_the_true_wait_and_ends() {
        let mut windows = FixedWindowCounters::default();
        for _ in 0..10 {
            assert_eq!(windows.wait_s(&"a", TEN_A_MINUTE, 1_000), None);
            windows.count("a", TEN_A_MINUTE, 1_000);
        }
        assert_eq!(windows.wait_s(&"a", TEN_A_MINUTE, 1_001), Some(60));
        assert_eq!(windows.wait_s(&"a", TEN_A_MINUTE, 60_999), Some(1));
        assert_eq!(windows.wait_s(&"a", TEN_A_MINUTE, 61_000), None);
        assert_eq!(windows.wait_s(&"b", TEN_A_MINUTE, 1_001), None);
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_behind() {
        let mut windows = FixedWindowCounters::default();
        windows.count("a", TEN_A_MINUTE, 0);
        windows.take_back(&"a");
        assert!(windows.0.is_empty());
    }

    #[test]
    fn it_stays_bounded_and_keeps_the_recent_ones() {
        let mut windows = FixedWindowCounters::default();
        for n in 0..2 * MAX_ENTRIES {
            windows.count(n, TEN_A_MINUTE, i64::try_from(n).unwrap());
        }
        assert!(windows.0.len() <= MAX_ENTRIES);
        assert!(windows.0.contains_key(&(2 * MAX_ENTRIES - 1)));
    }
}
