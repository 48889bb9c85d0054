//! Tests of the lease table: capacity, leases and circuits.

use entities::ids::DeliveryId;
use uuid::Uuid;

use super::super::capacity::{FAIR_SHARE_THRESHOLD, MAX_DEGRADED_LEASES, MAX_OVERTAKING_MS};
use super::*;

fn endpoint() -> EndpointId {
    EndpointId(Uuid::from_u128(1))
}

fn fence(n: u128) -> Fence {
    Fence {
        delivery: DeliveryId(Uuid::from_u128(n)),
        claim_no: 1,
        owner: 1,
    }
}

const OWNER: CreditorId = CreditorId(Uuid::from_u128(7));
const FAILED: AttemptResult = AttemptResult {
    delivered: false,
    latency_ms: 1,
};
const DELIVERED: AttemptResult = AttemptResult {
    delivered: true,
    latency_ms: 1,
};

fn credit(leases: &Arc<LeaseTable>, now_ms: i64) -> Option<Reservation> {
    match leases.reserve(endpoint(), now_ms) {
        Grant::Granted(reservation) => Some(reservation),
        Grant::AtCapacity | Grant::AllInUse | Grant::CircuitOpen => None,
    }
}

#[test]
fn dropped_reservation_returns_unused_credits() {
    let leases = Arc::new(LeaseTable::default());
    let mut reservation = credit(&leases, 0).unwrap();
    assert_eq!(reservation.credits(), MAX_LEASES_OF_ENDPOINT);
    assert!(matches!(leases.reserve(endpoint(), 0), Grant::AtCapacity));
    let lease = reservation.lease(fence(1));
    drop(reservation);
    assert_eq!(
        credit(&leases, 0).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT - 1
    );
    assert!(!leases.is_empty() && !leases.is_idle(endpoint()));
    lease.complete();
    assert!(leases.is_empty() && leases.is_idle(endpoint()));
    assert!(
        leases.0.lock().capacities.is_empty(),
        "a healthy endpoint has no entry"
    );
}

#[test]
fn dropped_lease_is_lost_and_settled_lease_is_not() {
    let leases = Arc::new(LeaseTable::default());
    let mut reservation = credit(&leases, 0).unwrap();
    let (one, two) = (reservation.lease(fence(1)), reservation.lease(fence(2)));
    drop(reservation);
    assert!(leases.not_held(vec![fence(1), fence(2)]).is_empty());
    one.complete();
    drop(two);
    assert!(!leases.is_empty(), "a lost row is not settled yet");
    assert_eq!(leases.take_lost(), [fence(2)]);
    assert!(!leases.is_empty(), "nor is a row that is being released");
    leases.released(1);
    assert!(leases.is_empty() && leases.take_lost().is_empty());
}

#[test]
fn open_circuit_grants_nothing_then_one_probe() {
    let leases = Arc::new(LeaseTable::default());
    let failures = BreakerPolicy::default().failures_to_open;
    leases.record(endpoint(), OWNER, FAILED, 0);
    assert_eq!(credit(&leases, 0).unwrap().credits(), DEGRADED_SENDS);
    for _ in 1..failures {
        leases.record(endpoint(), OWNER, FAILED, 0);
    }
    assert!(matches!(
        leases.reserve(endpoint(), 4_999),
        Grant::CircuitOpen
    ));
    let probe = credit(&leases, 5_000).unwrap();
    assert_eq!(probe.credits(), 1);
    assert!(leases.may_send(endpoint(), 5_000), "this is the probe");
    assert!(!leases.may_send(endpoint(), 5_000));
    leases.record(endpoint(), OWNER, DELIVERED, 5_001);
    drop(probe);
    assert_eq!(
        credit(&leases, 5_001).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT
    );
}

#[test]
fn failing_endpoints_leave_capacity_for_healthy_ones() {
    let leases = Arc::new(LeaseTable::default());
    let failing_grants: Vec<_> = (10..)
        .map(|n| {
            let endpoint = EndpointId(Uuid::from_u128(n));
            leases.record(endpoint, OWNER, FAILED, 0);
            leases.reserve(endpoint, 0)
        })
        .take_while(|grant| matches!(grant, Grant::Granted(_)))
        .collect();
    assert_eq!(
        u32::try_from(failing_grants.len()).unwrap() * DEGRADED_SENDS,
        MAX_DEGRADED_LEASES
    );
    assert_eq!(credit(&leases, 0).unwrap().credits(), SENDS);
}

#[test]
fn cooldown_grows_with_repeated_internal_failures() {
    let leases = Arc::new(LeaseTable::default());
    leases.cool_down(endpoint(), 0);
    assert!(matches!(leases.reserve(endpoint(), 49), Grant::CircuitOpen));
    assert!(credit(&leases, 50).is_some());
    for _ in 0..10 {
        leases.cool_down(endpoint(), 50);
    }
    assert!(matches!(
        leases.reserve(endpoint(), 60_049),
        Grant::CircuitOpen
    ));
    assert!(credit(&leases, 60_050).is_some());
}

#[test]
fn probe_is_granted_when_degraded_share_is_used_up() {
    let leases = Arc::new(LeaseTable::default());
    for _ in 0..BreakerPolicy::default().failures_to_open {
        leases.record(endpoint(), OWNER, FAILED, 0);
    }
    let degraded = (10..).map(|n| EndpointId(Uuid::from_u128(n)));
    let held: Vec<_> = degraded
        .map(|endpoint| {
            leases.record(endpoint, OWNER, FAILED, 0);
            leases.reserve(endpoint, 5_000)
        })
        .take_while(|grant| matches!(grant, Grant::Granted(_)))
        .collect();
    assert_eq!(credit(&leases, 5_000).unwrap().credits(), 1);
    // An endpoint that becomes healthy no longer counts as degraded.
    assert_eq!(leases.0.lock().in_use_by_degraded, MAX_DEGRADED_LEASES);
    leases.record(EndpointId(Uuid::from_u128(10)), OWNER, DELIVERED, 5_000);
    assert_eq!(
        leases.0.lock().in_use_by_degraded,
        MAX_DEGRADED_LEASES - DEGRADED_SENDS
    );
    drop(held);
    assert_eq!(leases.0.lock().in_use_by_degraded, 0);
}

#[test]
fn degraded_endpoint_gets_capacity_under_healthy_load() {
    let leases = Arc::new(LeaseTable::default());
    let healthy = (10..).map(|n| leases.reserve(EndpointId(Uuid::from_u128(n)), 0));
    let held: Vec<_> = healthy
        .take(usize::try_from(FAIR_SHARE_THRESHOLD / MAX_LEASES_OF_ENDPOINT).unwrap() + 1)
        .collect();
    leases.record(endpoint(), OWNER, FAILED, 0);
    assert_eq!(credit(&leases, 0).unwrap().credits(), DEGRADED_SENDS);
    drop(held);
}

#[test]
fn slow_or_throttled_endpoint_gets_fewer_leases() {
    let leases = Arc::new(LeaseTable::default());
    let late = AttemptResult {
        delivered: true,
        latency_ms: SLOW_MS,
    };
    leases.record(endpoint(), OWNER, late, 0);
    assert_eq!(credit(&leases, 0).unwrap().credits(), DEGRADED_SENDS);
    leases.record(endpoint(), OWNER, DELIVERED, 0);
    for (rate, expected) in [
        (Some(1), 1),
        (Some(5), 3),
        (Some(20), 10),
        (Some(1_000), MAX_LEASES_OF_ENDPOINT),
        (None, MAX_LEASES_OF_ENDPOINT),
    ] {
        leases.throttle(endpoint(), rate);
        assert_eq!(credit(&leases, 0).unwrap().credits(), expected, "{rate:?}");
    }
    leases.throttle(endpoint(), Some(1));
    assert!(
        leases.prelease(endpoint(), fence(1), 0).is_some(),
        "a throttled endpoint is not degraded"
    );
}

#[test]
fn owner_change_resets_breaker_and_cooldown() {
    let leases = Arc::new(LeaseTable::default());
    for _ in 0..BreakerPolicy::default().failures_to_open {
        leases.record(endpoint(), OWNER, FAILED, 0);
    }
    leases.cool_down(endpoint(), 0);
    leases.reset_creditor_health(CreditorId(Uuid::from_u128(8)));
    assert!(matches!(leases.reserve(endpoint(), 1), Grant::CircuitOpen));
    leases.reset_creditor_health(OWNER);
    assert_eq!(
        credit(&leases, 1).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT
    );
    assert!(leases.0.lock().capacities.is_empty());
}

#[test]
fn prelease_is_refused_once_backlog_is_old() {
    let leases = Arc::new(LeaseTable::default());
    leases.begin_backlog(endpoint(), 1_000);
    leases.begin_backlog(endpoint(), 1_200);
    let fresh = |n, now_ms| leases.prelease(endpoint(), fence(n), now_ms);
    let held = fresh(1, 1_000 + MAX_OVERTAKING_MS - 1);
    assert!(held.is_some());
    assert!(fresh(2, 1_000 + MAX_OVERTAKING_MS).is_none());
    assert!(fresh(2, 999).is_none(), "the clock went back");
    leases.end_backlog(endpoint());
    assert!(fresh(2, 1_000 + MAX_OVERTAKING_MS).is_some());
}

#[test]
fn endpoint_holds_more_leases_than_sends_below_fair_share_threshold() {
    let leases = Arc::new(LeaseTable::default());
    let mut held: Vec<_> = (0..MAX_LEASES_OF_ENDPOINT)
        .map(|n| leases.prelease(endpoint(), fence(n.into()), 0).unwrap())
        .collect();
    assert!(leases.prelease(endpoint(), fence(99), 0).is_none());
    assert_eq!(leases.sends(endpoint()), SENDS);
    // Every lease of a degraded endpoint counts until its outcome is committed.
    leases.record(endpoint(), OWNER, FAILED, 0);
    held.truncate(2);
    assert!(matches!(leases.reserve(endpoint(), 0), Grant::AtCapacity));
    assert_eq!(leases.sends(endpoint()), DEGRADED_SENDS);
    held.into_iter().for_each(Lease::complete);
    leases.record(endpoint(), OWNER, DELIVERED, 0);
    assert_eq!(
        credit(&leases, 0).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT
    );

    let others = (10..).map(|n| leases.reserve(EndpointId(Uuid::from_u128(n)), 0));
    let others: Vec<_> = others
        .take(usize::try_from(FAIR_SHARE_THRESHOLD / MAX_LEASES_OF_ENDPOINT).unwrap())
        .collect();
    assert_eq!(credit(&leases, 0).unwrap().credits(), SENDS);
    let one = leases.prelease(endpoint(), fence(1), 0).unwrap();
    assert_eq!(credit(&leases, 0).unwrap().credits(), SENDS - 1);
    drop((one, others));
}
