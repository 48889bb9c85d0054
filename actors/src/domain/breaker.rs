//! A circuit breaker for one endpoint: after n failures in a row it is left alone, then probed with
//! one request.
//!
//! ```text
//!            n failures in a row             cooldown over: one probe
//!   Closed ──────────────────────▶ Open ─────────────────────────────▶ HalfOpen
//!     ▲                             ▲                                     │  │
//!     │                             └───────── probe failed: cooldown × 2 ┘  │
//!     └──────────────────────────────────────────────── a success, any time ┘
//! ```
//!
//! The pattern is Nygard's ("Release It!", 2007). Owns the state machine. Never sends, never
//! sleeps, never decides whether a delivery is retried: that is `retry`.

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it; 0 counts as 1.
    pub failures_to_open: u32,
    /// The first cooldown, milliseconds.
    pub cooldown_base_ms: i64,
    /// The longest cooldown, milliseconds.
    pub cooldown_cap_ms: i64,
}

impl Default for BreakerPolicy {
    /// Ten failures in a row; 5 s, 10 s, 20 s … up to five minutes.
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
    /// Everything may be sent; `failures` in a row so far.
    Closed { failures: u32 },
    /// Nothing may be sent until then; `openings` in a row so far.
    Open { until_ms: i64, openings: u32 },
    /// One probe is out. Should its outcome never arrive, another may go at `again_ms`.
    HalfOpen { again_ms: i64, openings: u32 },
}

/// One endpoint's breaker. Starts closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: State::Closed { failures: 0 },
        }
    }

    /// Whether a request may be sent now. IdempotentOperation the cooldown is over a `true` IS the probe: the
    /// caller must send, and report.
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

    /// A request succeeded: the endpoint is alive, so everything may be sent again.
    pub const fn on_success(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// A request failed. A failure that arrives while the breaker is open was sent before it
    /// opened, and does not count.
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

    /// Whether anything but a probe is held back.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// When to ask [`Breaker::may_send`] again, Unix epoch milliseconds; `None` while closed.
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

    /// `base × 2^(openings − 1)`, at most the cap, from now on.
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
    fn opens_after_failures_in_a_row_only() {
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
    fn one_probe_then_closed_again() {
        let mut breaker = opened(0);
        assert!(breaker.may_send(100));
        assert!(!breaker.may_send(100), "the probe is out");
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
    fn failures_sent_before_it_opened_do_not_lengthen_the_cooldown() {
        let mut breaker = opened(0);
        breaker.on_failure(90);
        assert_eq!(breaker.next_try_ms(), Some(100));
    }

    #[test]
    fn a_lost_probe_does_not_hold_the_endpoint_for_ever() {
        let mut breaker = opened(0);
        assert!(breaker.may_send(100));
        assert!(!breaker.may_send(199));
        assert!(breaker.may_send(200));
    }

    proptest! {
        #[test]
        fn it_always_comes_back(steps in prop::collection::vec((any::<bool>(), 0..500_i64), 0..60)) {
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
