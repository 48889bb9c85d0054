//! A circuit breaker for one endpoint. After n consecutive failures nothing is sent for a cooldown,
//! then one request probes the endpoint.
//!
//! ```text
//!            n consecutive failures          cooldown over: one probe
//!   Closed ──────────────────────▶ Open ─────────────────────────────▶ HalfOpen
//!     ▲                             ▲                                     │  │
//!     │                             └───────── probe failed: cooldown × 2 ┘  │
//!     └──────────────────────────────────────────── a success, at any time ─┘
//! ```
//!
//! The pattern is from Nygard, "Release It!" (2007). Owns the state machine. Never sends, never
//! sleeps, and never decides whether a delivery is retried: `retry` decides that.

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Consecutive failures that open the breaker. 0 counts as 1.
    pub failures_to_open: u32,
    /// The first cooldown, in milliseconds.
    pub cooldown_base_ms: i64,
    /// The longest cooldown, in milliseconds.
    pub cooldown_cap_ms: i64,
}

impl Default for BreakerPolicy {
    /// Opens after ten consecutive failures. Cooldowns are 5 s, 10 s, 20 s … up to five minutes.
    fn default() -> Self {
        Self {
            failures_to_open: 10,
            cooldown_base_ms: 5_000,
            cooldown_cap_ms: 300_000,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Everything may be sent. `failures` counts the consecutive failures so far.
    Closed { failures: u32 },
    /// Nothing may be sent until `until_ms`. `openings` counts the consecutive openings so far.
    Open { until_ms: i64, openings: u32 },
    /// One probe is in flight. If its outcome never arrives, another may be sent at `again_ms`.
    HalfOpen { again_ms: i64, openings: u32 },
}

/// The circuit breaker of one endpoint. It starts closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
}

impl Breaker {
    /// Creates a closed breaker.
    #[must_use]
    pub const fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: State::Closed { failures: 0 },
        }
    }

    /// Whether a request may be sent now. When the cooldown is over, `true` grants the single probe:
    /// the caller must send a request and report its outcome. `now_ms` is in Unix epoch milliseconds.
    pub fn may_send(&mut self, now_ms: i64) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open {
                until_ms: due_ms,
                openings,
            }
            | State::HalfOpen {
                again_ms: due_ms,
                openings,
            } => {
                if now_ms < due_ms {
                    return false;
                }
                self.state = State::HalfOpen {
                    again_ms: self.after_cooldown(now_ms, openings),
                    openings,
                };
                true
            }
        }
    }

    /// Records a success, which closes the breaker.
    pub const fn on_success(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// Records a failure. A failure that arrives while the breaker is open does not count, because
    /// its request was sent before the breaker opened.
    pub fn on_failure(&mut self, now_ms: i64) {
        self.state = match self.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                if failures < self.policy.failures_to_open.max(1) {
                    State::Closed { failures }
                } else {
                    State::Open {
                        until_ms: self.after_cooldown(now_ms, 1),
                        openings: 1,
                    }
                }
            }
            State::HalfOpen { openings, .. } => {
                let openings = openings.saturating_add(1);
                State::Open {
                    until_ms: self.after_cooldown(now_ms, openings),
                    openings,
                }
            }
            open @ State::Open { .. } => open,
        };
    }

    /// Whether requests other than a probe are held back.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// When to call [`Breaker::may_send`] again, in Unix epoch milliseconds. `None` while closed.
    #[must_use]
    pub const fn next_try_ms(&self) -> Option<i64> {
        match self.state {
            State::Closed { .. } => None,
            State::Open {
                until_ms: due_ms, ..
            }
            | State::HalfOpen {
                again_ms: due_ms, ..
            } => Some(due_ms),
        }
    }

    /// The end of the cooldown: `now + min(base × 2^(openings − 1), cap)`.
    fn after_cooldown(&self, now_ms: i64, openings: u32) -> i64 {
        let doublings = openings.saturating_sub(1).min(62);
        let cooldown_ms = self.policy.cooldown_base_ms.saturating_mul(1 << doublings);
        now_ms.saturating_add(cooldown_ms.min(self.policy.cooldown_cap_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        failures_to_open: 3,
        cooldown_base_ms: 100,
        cooldown_cap_ms: 1_000,
    };

    fn opened(at_ms: i64) -> Breaker {
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..3 {
            assert!(breaker.may_send(at_ms));
            breaker.on_failure(at_ms);
        }
        breaker
    }

    #[test]
    fn opens_only_after_consecutive_failures() {
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..10 {
            breaker.on_failure(0);
            breaker.on_failure(0);
            breaker.on_success();
        }
        assert!(!breaker.is_open());
        assert_eq!(breaker.next_try_ms(), None);
        let mut breaker = opened(0);
        assert!(breaker.is_open());
        assert!(!breaker.may_send(99));
        assert_eq!(breaker.next_try_ms(), Some(100));
    }

    #[test]
    fn successful_probe_closes_the_breaker() {
        let mut breaker = opened(0);
        assert!(breaker.may_send(100));
        assert!(!breaker.may_send(100), "a probe is in flight");
        breaker.on_success();
        assert!(breaker.may_send(101) && breaker.may_send(101));
    }

    #[test]
    fn cooldowns_double_up_to_the_cap() {
        let mut breaker = opened(0);
        let mut now_ms = 0;
        for expected in [100, 200, 400, 800, 1_000, 1_000] {
            let due_ms = breaker.next_try_ms().unwrap();
            assert_eq!(due_ms - now_ms, expected);
            assert!(!breaker.may_send(due_ms - 1));
            assert!(breaker.may_send(due_ms));
            now_ms = due_ms;
            breaker.on_failure(now_ms);
        }
    }

    #[test]
    fn late_failures_do_not_extend_the_cooldown() {
        let mut breaker = opened(0);
        breaker.on_failure(90);
        assert_eq!(breaker.next_try_ms(), Some(100));
    }

    #[test]
    fn lost_probe_is_replaced_after_the_cooldown() {
        let mut breaker = opened(0);
        assert!(breaker.may_send(100));
        assert!(!breaker.may_send(199));
        assert!(breaker.may_send(200));
    }

    proptest! {
        #[test]
        fn probe_is_allowed_within_cap(steps in prop::collection::vec((any::<bool>(), 0..500_i64), 0..60)) {
            let mut breaker = Breaker::new(POLICY);
            let mut now_ms = 0;
            for (success, wait_ms) in steps {
                now_ms += wait_ms;
                if breaker.may_send(now_ms) {
                    if success { breaker.on_success() } else { breaker.on_failure(now_ms) }
                }
                prop_assert!(breaker.next_try_ms().is_none_or(|due_ms| due_ms <= now_ms + POLICY.cooldown_cap_ms));
            }
            prop_assert!(breaker.may_send(now_ms + POLICY.cooldown_cap_ms));
        }
    }
}
