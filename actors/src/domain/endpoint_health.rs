//! When an endpoint that keeps failing is disabled.
//!
//! Owns the periods and the decision. Never disables an endpoint itself.

/// An endpoint that fails for this long without a success is disabled: five days, in milliseconds.
pub const DISABLE_AFTER_MS: i64 = 5 * 24 * 3_600_000;

/// A gap between two failures that resets the window: two days, in milliseconds. The default schedule
/// retries within a day plus jitter. A longer gap means that nothing was sent, so the endpoint's
/// health in between is unknown.
pub const FAILING_RESET_MS: i64 = 2 * 24 * 3_600_000;

/// Whether an endpoint that has just failed again must be disabled. `failing_since_ms` is its first
/// failure since the last success or since the last gap of [`FAILING_RESET_MS`]. Both instants are in Unix
/// epoch milliseconds.
#[must_use]
pub fn should_disable(failing_since_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(failing_since_ms) >= DISABLE_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_disabled_after_five_days_of_failures() {
        assert!(!should_disable(1_000, 1_000));
        assert!(!should_disable(1_000, 1_000 + DISABLE_AFTER_MS - 1));
        assert!(should_disable(1_000, 1_000 + DISABLE_AFTER_MS));
        assert!(!should_disable(i64::MAX, 0), "the clock stepped back");
    }
}
