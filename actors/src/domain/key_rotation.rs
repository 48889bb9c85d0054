//! The effect of a key rotation on the older keys, and the point at which a key is near its expiry.
//!
//! Owns these decisions. Never issues, revokes or stores a key.

/// The longest overlap of a rotation, in hours: one week.
pub const OVERLAP_MAX_HOURS: u32 = 168;
/// The default overlap of a rotation, in hours.
pub const OVERLAP_DEFAULT_HOURS: u32 = 24;

/// The current full-access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentKey {
    /// Whether its secret was ever revealed.
    pub revealed: bool,
    /// Whether it was ever used.
    pub used: bool,
    /// When it expires regardless of the rotation, in Unix epoch milliseconds.
    pub expires_ms: Option<i64>,
}

/// The effect of a rotation on an older key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeyEffect {
    /// The key stops working now.
    Revoked,
    /// The key had already expired, or there was none.
    Expired,
    /// The key works until this instant, in Unix epoch milliseconds.
    RetiresUntil(i64),
    /// The key keeps its existing deadline.
    Unchanged,
}

/// The effects of a rotation on the older keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The effect on the current key.
    pub current: OldKeyEffect,
    /// The effect on the retiring key.
    pub retiring: OldKeyEffect,
}

/// A used key cannot retire while another key is retiring, because both may still be in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another key is retiring until {until_ms}")]
pub struct RotationInProgress {
    /// When the retiring key stops working, in Unix epoch milliseconds.
    pub until_ms: i64,
}

/// Decides what a rotation at `now_ms` (Unix epoch milliseconds) does to the older keys.
///
/// `retiring_until_ms` is the deadline of the retiring key, if there is one. If `overlap_ms` is
/// zero, all older keys stop at once. Otherwise the current key retires, and never works longer than
/// its own expiry allows. At most one key retires at a time. While another key retires, a current
/// key that was never used is replaced at once.
///
/// # Errors
/// [`RotationInProgress`] if another key is retiring and the current key was used.
pub fn rotate(
    current: CurrentKey,
    retiring_until_ms: Option<i64>,
    overlap_ms: i64,
    now_ms: i64,
) -> Result<Rotation, RotationInProgress> {
    if overlap_ms <= 0 {
        return Ok(Rotation {
            current: OldKeyEffect::Revoked,
            retiring: OldKeyEffect::Revoked,
        });
    }
    match retiring_until_ms.filter(|until_ms| *until_ms > now_ms) {
        Some(until_ms) if current.used => Err(RotationInProgress { until_ms }),
        Some(_) => Ok(Rotation {
            current: OldKeyEffect::Revoked,
            retiring: OldKeyEffect::Unchanged,
        }),
        None => Ok(Rotation {
            current: retire(current, now_ms + overlap_ms, now_ms),
            retiring: OldKeyEffect::Expired,
        }),
    }
}

/// Retires the current key, or replaces it at once if its secret was never revealed. A revealed key
/// gets the overlap even without a recorded use, because another node may not have recorded it yet.
fn retire(current: CurrentKey, until_ms: i64, now_ms: i64) -> OldKeyEffect {
    let until_ms = current
        .expires_ms
        .map_or(until_ms, |expires_ms| expires_ms.min(until_ms));
    match () {
        () if !current.revealed => OldKeyEffect::Revoked,
        () if until_ms <= now_ms => OldKeyEffect::Expired,
        () => OldKeyEffect::RetiresUntil(until_ms),
    }
}

/// Whether a key that began to retire at `retired_ms` is in the last tenth of its overlap. All
/// instants are in Unix epoch milliseconds.
#[must_use]
pub fn is_near_expiry(retired_ms: i64, expires_ms: i64, now_ms: i64) -> bool {
    let given_ms = expires_ms.saturating_sub(retired_ms);
    (expires_ms - given_ms / 10..expires_ms).contains(&now_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USED: CurrentKey = CurrentKey {
        revealed: true,
        used: true,
        expires_ms: None,
    };
    const HOUR: i64 = 3_600_000;

    #[test]
    fn used_key_retires_for_the_overlap() {
        let plan = rotate(USED, None, 24 * HOUR, 1_000).unwrap();
        assert_eq!(plan.current, OldKeyEffect::RetiresUntil(1_000 + 24 * HOUR));
    }

    #[test]
    fn zero_overlap_replaces_all_keys() {
        let plan = rotate(USED, Some(9_999), 0, 1_000).unwrap();
        assert_eq!(
            (plan.current, plan.retiring),
            (OldKeyEffect::Revoked, OldKeyEffect::Revoked)
        );
    }

    #[test]
    fn only_one_key_retires_at_a_time() {
        let refused = rotate(USED, Some(5_000), HOUR, 1_000).unwrap_err();
        assert_eq!(refused.until_ms, 5_000);
        let unused = CurrentKey {
            used: false,
            ..USED
        };
        let plan = rotate(unused, Some(5_000), HOUR, 1_000).unwrap();
        assert_eq!(
            (plan.current, plan.retiring),
            (OldKeyEffect::Revoked, OldKeyEffect::Unchanged)
        );
        // The first retiring key has expired, so the next one may retire.
        let plan = rotate(USED, Some(5_000), HOUR, 5_000).unwrap();
        assert_eq!(
            (plan.current, plan.retiring),
            (
                OldKeyEffect::RetiresUntil(5_000 + HOUR),
                OldKeyEffect::Expired
            )
        );
    }

    #[test]
    fn unrevealed_key_is_replaced_at_once() {
        let unseen = CurrentKey {
            revealed: false,
            used: false,
            expires_ms: None,
        };
        assert_eq!(
            rotate(unseen, None, HOUR, 0).unwrap().current,
            OldKeyEffect::Revoked
        );
    }

    #[test]
    fn key_is_near_its_end_in_last_tenth() {
        assert!(!is_near_expiry(0, 24 * HOUR, 21 * HOUR));
        assert!(is_near_expiry(0, 24 * HOUR, 22 * HOUR));
        assert!(!is_near_expiry(0, 24 * HOUR, 24 * HOUR));
    }

    proptest! {
        #[test]
        fn rotation_never_extends_a_key(
            revealed: bool, used: bool, expires in proptest::option::of(0..1_000_i64),
            retiring in proptest::option::of(0..1_000_i64), overlap in 0..1_000_i64, now in 0..1_000_i64,
        ) {
            let current = CurrentKey { revealed, used: used && revealed, expires_ms: expires };
            if let Ok(plan) = rotate(current, retiring, overlap, now) {
                prop_assert!(!matches!(plan.retiring, OldKeyEffect::RetiresUntil(_)));
                prop_assert!(plan.current != OldKeyEffect::Unchanged);
                if let OldKeyEffect::RetiresUntil(until) = plan.current {
                    prop_assert!(until > now && until <= now + overlap);
                    prop_assert!(expires.is_none_or(|expires| until <= expires));
                    prop_assert!(plan.retiring != OldKeyEffect::Unchanged, "two keys retire");
                }
            }
        }
    }
}
