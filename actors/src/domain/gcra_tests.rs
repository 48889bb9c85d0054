//! Tests of the rate limiter: examples, and property tests over arbitrary arrivals, quotas and costs.

use proptest::prelude::*;

use super::*;

const NOW_US: i64 = 1_795_341_600_000_000;

const fn quota(per_second: u32, burst: u32) -> Quota {
    Quota { per_second, burst }
}

/// Returns the cell after `cost`. Panics if the request is not admitted.
fn spend(cell: Cell, quota: &Quota, cost: u32, now_us: i64) -> Cell {
    match check(cell, quota, cost, now_us) {
        Decision::Admitted { cell } => cell,
        other => panic!("{other:?}"),
    }
}

#[test]
fn burst_is_admitted_then_the_rate() {
    let quota = quota(20, 40);
    let mut cell = Cell::FULL;
    for left in (0..40).rev() {
        cell = spend(cell, &quota, 1, NOW_US);
        assert_eq!(headroom(cell, &quota, NOW_US).remaining, left);
    }
    assert_eq!(
        check(cell, &quota, 1, NOW_US),
        Decision::Refused { wait_us: 50_000 }
    );
    assert_eq!(
        check(cell, &quota, 2, NOW_US),
        Decision::Refused { wait_us: 100_000 }
    );
    assert!(matches!(
        check(cell, &quota, 1, NOW_US + 50_000),
        Decision::Admitted { .. }
    ));
    assert_eq!(
        headroom(cell, &quota, NOW_US),
        Headroom {
            remaining: 0,
            reset_secs: 2
        }
    );
    assert_eq!(
        headroom(Cell::FULL, &quota, NOW_US),
        Headroom {
            remaining: 40,
            reset_secs: 0
        }
    );
    assert!(cell.is_full(NOW_US + 2_000_000) && !cell.is_full(NOW_US + 1_999_999));
}

#[test]
fn cost_above_burst_is_never_admissible() {
    assert_eq!(
        check(Cell::FULL, &quota(20, 40), 41, NOW_US),
        Decision::NeverAdmissible
    );
    let decision = check_both(
        Cell::FULL,
        &quota(20, 40),
        Cell::FULL,
        &quota(40, 30),
        35,
        NOW_US,
    );
    assert_eq!(
        decision,
        PairDecision::NeverAdmissible {
            limit: Limit::Tenant,
            burst: 30
        }
    );
}

#[test]
fn longer_wait_is_reported() {
    let (fast, slow) = (quota(10, 1), quota(1, 1));
    let (fast_cell, slow_cell) = (
        spend(Cell::FULL, &fast, 1, NOW_US),
        spend(Cell::FULL, &slow, 1, NOW_US),
    );
    let longer = |decision| match decision {
        PairDecision::Refused { limit, wait_us, .. } => (limit, wait_us),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        longer(check_both(fast_cell, &fast, slow_cell, &slow, 1, NOW_US)),
        (Limit::Tenant, 1_000_000)
    );
    assert_eq!(
        longer(check_both(slow_cell, &slow, fast_cell, &fast, 1, NOW_US)),
        (Limit::Key, 1_000_000)
    );
    assert_eq!(
        longer(check_both(Cell::FULL, &fast, slow_cell, &slow, 1, NOW_US)),
        (Limit::Tenant, 1_000_000)
    );
    assert_eq!(
        longer(check_both(slow_cell, &slow, slow_cell, &slow, 1, NOW_US)),
        (Limit::Key, 1_000_000)
    );
}

#[test]
fn retry_after_rounds_up_and_is_at_least_one() {
    for (wait_us, secs) in [
        (-1, 1),
        (0, 1),
        (1, 1),
        (1_000_000, 1),
        (1_000_001, 2),
        (i64::MAX, 9_223_372_036_855),
    ] {
        assert_eq!(retry_after_secs(wait_us), secs);
    }
}

#[test]
fn policy_window_is_the_refill_time() {
    assert_eq!(quota(20, 40).window_secs(), 2);
    assert_eq!(quota(3, 4).window_secs(), 2);
    assert_eq!(quota(1_000, 1).window_secs(), 1);
}

#[test]
fn clock_step_back_costs_at_most_one_bucket() {
    let quota = quota(1, 10);
    let cell = spend(Cell::FULL, &quota, 1, NOW_US);
    let one_hour_earlier = NOW_US - 3_600_000_000;
    assert_eq!(
        check(cell, &quota, 1, one_hour_earlier),
        Decision::Refused { wait_us: 1_000_000 }
    );
}

#[test]
fn extreme_values_do_not_overflow() {
    for quota in [
        quota(0, 0),
        quota(0, u32::MAX),
        quota(u32::MAX, u32::MAX),
        quota(1, u32::MAX),
    ] {
        for now_us in [i64::MIN, -1, 0, NOW_US, i64::MAX] {
            for cost in [0, 1, u32::MAX] {
                let mut cell = Cell::FULL;
                for _ in 0..3 {
                    if let Decision::Admitted { cell: next } = check(cell, &quota, cost, now_us) {
                        cell = next;
                    }
                    let _ = (
                        headroom(cell, &quota, now_us),
                        convert(cell, &quota, &quota, now_us),
                    );
                }
            }
        }
    }
}

#[test]
fn quota_change_does_not_refill_the_bucket() {
    let (small, large) = (quota(20, 40), quota(1_000, 2_000));
    let empty = spend(Cell::FULL, &small, 40, NOW_US);
    let raised = convert(empty, &small, &large, NOW_US);
    assert_eq!(headroom(raised, &large, NOW_US).remaining, 1_960);
    let lowered = convert(
        spend(Cell::FULL, &large, 1_500, NOW_US),
        &large,
        &small,
        NOW_US,
    );
    assert_eq!(
        headroom(lowered, &small, NOW_US),
        Headroom {
            remaining: 0,
            reset_secs: 2
        }
    );
    assert_eq!(convert(Cell::FULL, &small, &large, NOW_US), Cell::FULL);
}

fn any_quota() -> impl Strategy<Value = Quota> {
    (1..2_500_u32, 1..60_u32).prop_map(|(per_second, burst)| Quota { per_second, burst })
}

/// Requests as (µs since the previous request, cost).
fn arrivals() -> impl Strategy<Value = Vec<(i64, u32)>> {
    let gap = prop_oneof![3 => Just(0), 3 => 0..2_000_i64, 1 => 0..2_000_000_i64];
    prop::collection::vec((gap, 1..6_u32), 1..200)
}

proptest! {
    #[test]
    fn no_window_admits_more_than_burst_and_rate(quota in any_quota(), arrivals in arrivals()) {
        let (mut cell, mut now_us) = (Cell::FULL, NOW_US);
        let mut admitted: Vec<(i64, u32)> = Vec::new();
        for (gap, cost) in arrivals {
            now_us += gap;
            if let Decision::Admitted { cell: next } = check(cell, &quota, cost, now_us) {
                cell = next;
                admitted.push((now_us, cost));
            }
        }
        for first in 0..admitted.len() {
            let mut sum = 0_i64;
            for (at_us, cost) in &admitted[first..] {
                sum += i64::from(*cost);
                let window_us = at_us - admitted[first].0;
                let most = i64::from(quota.burst) * 1_000_000 + i64::from(quota.per_second) * window_us;
                prop_assert!(sum * 1_000_000 <= most, "{} in {} µs", sum, window_us);
            }
        }
    }

    #[test]
    fn wait_is_exact_to_the_microsecond(quota in any_quota(), arrivals in arrivals()) {
        let (mut cell, mut now_us) = (Cell::FULL, NOW_US);
        for (gap, cost) in arrivals {
            now_us += gap;
            match check(cell, &quota, cost, now_us) {
                Decision::Admitted { cell: next } => cell = next,
                Decision::NeverAdmissible => prop_assert!(cost > quota.burst),
                Decision::Refused { wait_us } => {
                    prop_assert!(wait_us >= 1);
                    let at = |wait_us| check(cell, &quota, cost, now_us + wait_us);
                    let admitted = matches!(at(wait_us), Decision::Admitted { .. });
                    prop_assert!(admitted);
                    prop_assert_eq!(at(wait_us - 1), Decision::Refused { wait_us: 1 });
                    let secs = i64::try_from(retry_after_secs(wait_us)).unwrap();
                    prop_assert!(secs * 1_000_000 >= wait_us);
                }
            }
        }
    }

    #[test]
    fn remaining_matches_what_is_admitted(quota in any_quota(), arrivals in arrivals()) {
        let (mut cell, mut now_us) = (Cell::FULL, NOW_US);
        for (gap, cost) in arrivals {
            now_us += gap;
            if let Decision::Admitted { cell: next } = check(cell, &quota, cost, now_us) {
                cell = next;
            }
            let left = headroom(cell, &quota, now_us);
            let fits = matches!(check(cell, &quota, left.remaining, now_us), Decision::Admitted { .. });
            prop_assert!(fits);
            let one_more = matches!(check(cell, &quota, left.remaining + 1, now_us), Decision::Admitted { .. });
            prop_assert!(!one_more);
            prop_assert!(cell.is_full(now_us + i64::try_from(left.reset_secs).unwrap() * 1_000_000));
        }
    }

    #[test]
    fn both_limits_are_charged_or_neither(key in any_quota(), tenant in any_quota(), arrivals in arrivals()) {
        let (mut key_cell, mut tenant_cell, mut now_us) = (Cell::FULL, Cell::FULL, NOW_US);
        for (gap, cost) in arrivals {
            now_us += gap;
            let alone = (check(key_cell, &key, cost, now_us), check(tenant_cell, &tenant, cost, now_us));
            match check_both(key_cell, &key, tenant_cell, &tenant, cost, now_us) {
                PairDecision::Admitted { key_cell: next_key, tenant_cell: next_tenant, key: left, .. } => {
                    let expected = (Decision::Admitted { cell: next_key }, Decision::Admitted { cell: next_tenant });
                    prop_assert_eq!(alone, expected);
                    prop_assert_eq!(left, headroom(next_key, &key, now_us));
                    (key_cell, tenant_cell) = (next_key, next_tenant);
                }
                PairDecision::Refused { wait_us, .. } => {
                    // The pair is admitted after the wait and refused one microsecond earlier.
                    let at = |wait_us| check_both(key_cell, &key, tenant_cell, &tenant, cost, now_us + wait_us);
                    let admitted = matches!(at(wait_us), PairDecision::Admitted { .. });
                    let too_early = matches!(at(wait_us - 1), PairDecision::Refused { .. });
                    prop_assert!(admitted && too_early);
                }
                PairDecision::NeverAdmissible { burst, .. } => prop_assert!(cost > burst),
            }
        }
    }

    #[test]
    fn quota_change_never_refunds_spent_requests(
        old in any_quota(), new in any_quota(), spent in 0..60_u32, gap in 0..2_000_000_i64,
    ) {
        let spent = spent.min(old.burst);
        let cell = spend(Cell::FULL, &old, spent, NOW_US);
        let now_us = NOW_US + gap;
        let used = old.burst - headroom(cell, &old, now_us).remaining;
        let after = headroom(convert(cell, &old, &new, now_us), &new, now_us);
        // `used` includes a request that is partly refilled, so one more may be available.
        prop_assert!(after.remaining <= new.burst.saturating_sub(used.saturating_sub(1)));
        prop_assert!(after.remaining >= new.burst.saturating_sub(used + 1));
        prop_assert!(after.reset_secs <= new.window_secs());
    }
}
