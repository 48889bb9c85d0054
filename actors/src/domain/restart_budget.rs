//! The restart budget of a supervisor: whether to restart a failed child, or to give up and fail.
//!
//! The rule is OTP's restart intensity (<https://www.erlang.org/doc/system/sup_princ.html>): more
//! than `max_restarts` failures within `within_ms` mean that restarting does not help. The wait
//! doubles with each restart, so that a child that fails immediately does not restart in a busy loop.
//! Owns the decision. Never restarts a child, never sleeps.

use std::collections::VecDeque;

/// How many failures are tolerated, and how long to wait between restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartBudget {
    /// The maximum number of restarts within the window.
    pub max_restarts: u32,
    /// The length of the window, in milliseconds.
    pub within_ms: i64,
    /// The wait before the first restart of a window, in milliseconds. It doubles for each further one.
    pub backoff_base_ms: i64,
    /// The longest wait, in milliseconds.
    pub backoff_cap_ms: i64,
}

impl Default for RestartBudget {
    /// Ten restarts within a minute, with waits of 50 ms, 100 ms, 200 ms … up to 5 s.
    fn default() -> Self {
        Self {
            max_restarts: 10,
            within_ms: 60_000,
            backoff_base_ms: 50,
            backoff_cap_ms: 5_000,
        }
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartDecision {
    /// Restart the child after a wait.
    RestartAfter {
        /// The wait, in milliseconds.
        ms: i64,
    },
    /// The budget is exhausted. The supervisor fails, so that its own supervisor decides.
    GiveUp,
}

/// The failures of one child within the window. Its length never exceeds `max_restarts` between calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartHistory {
    failures_ms: VecDeque<i64>,
}

impl RestartHistory {
    /// Records a failure at `now_ms` (Unix epoch milliseconds) and decides what to do.
    pub fn record(&mut self, now_ms: i64, budget: &RestartBudget) -> RestartDecision {
        let horizon_ms = now_ms.saturating_sub(budget.within_ms);
        self.failures_ms
            .retain(|failure_ms| *failure_ms > horizon_ms);
        self.failures_ms.push_back(now_ms);
        let max_restarts = usize::try_from(budget.max_restarts).unwrap_or(usize::MAX);
        if self.failures_ms.len() > max_restarts {
            // Keeps the history bounded even if a caller continues after `GiveUp`.
            self.failures_ms.pop_front();
            return RestartDecision::GiveUp;
        }
        let doublings = (self.failures_ms.len() - 1).min(62);
        let wait_ms = budget.backoff_base_ms.saturating_mul(1 << doublings);
        RestartDecision::RestartAfter {
            ms: wait_ms.min(budget.backoff_cap_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: RestartBudget = RestartBudget {
        max_restarts: 4,
        within_ms: 1_000,
        backoff_base_ms: 10,
        backoff_cap_ms: 50,
    };

    #[test]
    fn waits_double_until_the_budget_is_exhausted() {
        let mut history = RestartHistory::default();
        for (now_ms, wait_ms) in [(0, 10), (1, 20), (2, 40), (3, 50)] {
            assert_eq!(
                history.record(now_ms, &BUDGET),
                RestartDecision::RestartAfter { ms: wait_ms }
            );
        }
        assert_eq!(history.record(4, &BUDGET), RestartDecision::GiveUp);
    }

    #[test]
    fn failures_outside_the_window_are_forgotten() {
        let mut history = RestartHistory::default();
        for now_ms in 0..4 {
            history.record(now_ms, &BUDGET);
        }
        assert_eq!(history.record(999, &BUDGET), RestartDecision::GiveUp);
        assert_eq!(
            history.record(3_000, &BUDGET),
            RestartDecision::RestartAfter { ms: 10 }
        );
    }

    #[test]
    fn zero_budget_gives_up_at_once() {
        let budget = RestartBudget {
            max_restarts: 0,
            ..BUDGET
        };
        assert_eq!(
            RestartHistory::default().record(0, &budget),
            RestartDecision::GiveUp
        );
    }

    proptest! {
        #[test]
        fn no_window_exceeds_the_restart_budget(gaps in prop::collection::vec(0..400_i64, 1..60)) {
            let mut history = RestartHistory::default();
            let mut now_ms = 0;
            let mut restarts: Vec<i64> = Vec::new();
            for gap in gaps {
                now_ms += gap;
                if history.record(now_ms, &BUDGET) == RestartDecision::GiveUp {
                    continue;
                }
                restarts.push(now_ms);
                let in_window = restarts.iter().filter(|at_ms| **at_ms > now_ms - BUDGET.within_ms).count();
                prop_assert!(in_window <= 4);
            }
        }
    }
}
