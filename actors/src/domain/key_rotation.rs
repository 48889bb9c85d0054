//! What becomes of the older keys when a new one is minted, and when a key is near its end.

/// The longest overlap of a rotation: a week.
pub const OVERLAP_MAX_HOURS: u32 = 168;
/// The overlap of a rotation that does not say otherwise.
pub const OVERLAP_DEFAULT_HOURS: u32 = 24;

/// The live full-access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentKey {
    /// Whether its secret was ever shown.
    pub revealed: bool,
    /// Whether it was ever used.
    pub used: bool,
    /// When it expires anyway, epoch ms.
    pub expires_ms: Option<i64>,
}

/// What becomes of an older key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It works no more from now on.
    Replaced,
    /// Its time was over already.
    Expired,
    /// It works until then, epoch ms.
    RetiresUntil(i64),
    /// Nothing: it keeps the deadline that was promised.
    Stays,
}

/// What a rotation does to the older keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// To the current one.
    pub current: Fate,
    /// To the one that is retiring.
    pub retiring: Fate,
}

/// A used key cannot retire while another one is retiring: somebody still relies on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another key is retiring until {until_ms}")]
pub struct RotationInProgress {
    /// When that one stops, epoch ms.
    pub until_ms: i64,
}

/// Decides on the older keys. `retiring_until_ms` is the deadline of the retiring key, if there is
/// one. Without an overlap all of them end. With one, the current key retires, but never lives
/// longer than it would have; at most one key is retiring at a time, so while another is, only a
/// key that was never used can be replaced.
///
/// # Errors
/// [`RotationInProgress`].
pub fn rotate(
    current: CurrentKey,
    retiring_until_ms: Option<i64>,
    overlap_ms: i64,
    now_ms: i64,
) -> Result<Rotation, RotationInProgress> {
    if overlap_ms <= 0 {
        return Ok(Rotation {
            current: Fate::Replaced,
            retiring: Fate::Replaced,
        });
    }
    match retiring_until_ms.filter(|until_ms| *until_ms > now_ms) {
        Some(until_ms) if current.used => Err(RotationInProgress { until_ms }),
        Some(_) => Ok(Rotation {
            current: Fate::Replaced,
            retiring: Fate::Stays,
        }),
        None => Ok(Rotation {
            current: retire(current, now_ms + overlap_ms, now_ms),
            retiring: Fate::Expired,
        }),
    }
}

/// A key that nobody has seen has nobody to wait for; one that was shown may be in use on another
/// node without being known to be.
fn retire(current: CurrentKey, until_ms: i64, now_ms: i64) -> Fate {
    let until_ms = current
        .expires_ms
        .map_or(until_ms, |expires_ms| expires_ms.min(until_ms));
    match () {
        () if !current.revealed => Fate::Replaced,
        () if until_ms <= now_ms => Fate::Expired,
        () => Fate::RetiresUntil(until_ms),
    }
}

/// Whether a key that began to retire at `retired_ms` is in the last tenth of the time that it was
/// given.
#[must_use]
pub fn is_near_its_end(retired_ms: i64, expires_ms: i64, now_ms: i64) -> bool {
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
    fn a_used_key_retires() {
        let plan = rotate(USED, None, 24 * HOUR, 1_000).unwrap();
        assert_eq!(plan.current, Fate::RetiresUntil(1_000 + 24 * HOUR));
    }

    #[test]
    fn without_an_overlap_everything_ends() {
        let plan = rotate(USED, Some(9_999), 0, 1_000).unwrap();
        assert_eq!(
            (plan.current, plan.retiring),
            (Fate::Replaced, Fate::Replaced)
        );
    }

    #[test]
    fn one_key_retires_at_a_time() {
        let refused = rotate(USED, Some(5_000), HOUR, 1_000).unwrap_err();
        assert_eq!(refused.until_ms, 5_000);
        let unused = CurrentKey {
            used: false,
            ..USED
        };
        let plan = rotate(unused, Some(5_000), HOUR, 1_000).unwrap();
        assert_eq!((plan.current, plan.retiring), (Fate::Replaced, Fate::Stays));
        // Its time is over: there is room again.
        let plan = rotate(USED, Some(5_000), HOUR, 5_000).unwrap();
        assert_eq!(
            (plan.current, plan.retiring),
            (Fate::RetiresUntil(5_000 + HOUR), Fate::Expired)
        );
    }

    #[test]
    fn a_key_that_nobody_has_seen_is_replaced() {
        let unseen = CurrentKey {
            revealed: false,
            used: false,
            expires_ms: None,
        };
        assert_eq!(
            rotate(unseen, None, HOUR, 0).unwrap().current,
            Fate::Replaced
        );
    }

    #[test]
    fn the_last_tenth_of_a_day() {
        assert!(!is_near_its_end(0, 24 * HOUR, 21 * HOUR));
        assert!(is_near_its_end(0, 24 * HOUR, 22 * HOUR));
        assert!(!is_near_its_end(0, 24 * HOUR, 24 * HOUR));
    }

    proptest! {
        #[test]
        fn no_rotation_extends_a_life(
            revealed: bool, used: bool, expires in proptest::option::of(0..1_000_i64),
            retiring in proptest::option::of(0..1_000_i64), overlap in 0..1_000_i64, now in 0..1_000_i64,
        ) {
            let current = CurrentKey { revealed, used: used && revealed, expires_ms: expires };
            if let Ok(plan) = rotate(current, retiring, overlap, now) {
                prop_assert!(!matches!(plan.retiring, Fate::RetiresUntil(_)));
                prop_assert!(plan.current != Fate::Stays);
                if let Fate::RetiresUntil(until) = plan.current {
                    prop_assert!(until > now && until <= now + overlap);
                    prop_assert!(expires.is_none_or(|expires| until <= expires));
                    prop_assert!(plan.retiring != Fate::Stays, "two would be retiring");
                }
            }
        }
    }
}
