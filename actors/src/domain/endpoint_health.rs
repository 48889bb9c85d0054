//! When an endpoint that fails everything is given up.

/// Nothing has succeeded for so long: five days, milliseconds.
pub const GIVE_UP_AFTER_MS: i64 = 5 * 24 * 3_600_000;

/// A failure this long after the one before it begins a new time of failing: retries come a day apart at
/// most, so in between there was nothing to send, and nobody knows how the receiver was. Two days,
/// milliseconds.
pub const QUIET_MS: i64 = 2 * 24 * 3_600_000;

/// Whether an endpoint that has just failed again is switched off. `failing_since_ms` is the first
/// failure after its last success or its last quiet time.
#[must_use]
pub fn is_given_up(failing_since_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(failing_since_ms) >= GIVE_UP_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_days_and_not_a_millisecond_less() {
        assert!(!is_given_up(1_000, 1_000));
        assert!(!is_given_up(1_000, 1_000 + GIVE_UP_AFTER_MS - 1));
        assert!(is_given_up(1_000, 1_000 + GIVE_UP_AFTER_MS));
        assert!(!is_given_up(i64::MAX, 0), "a clock that went back");
    }
}
