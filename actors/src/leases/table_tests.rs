//! Credits, leases and circuits.

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
const FAILED: Attempted = Attempted {
    delivered: false,
    latency_ms: 1,
};
const DELIVERED: Attempted = Attempted {
    delivered: true,
    latency_ms: 1,
};

fn credit(book: &Arc<LeaseTable>, now_ms: i64) -> Option<Reservation> {
    match book.reserve(endpoint(), now_ms) {
        Grant::Granted(reservation) => Some(reservation),
        Grant::AtCapacity | Grant::CircuitOpen => None,
    }
}

#[test]
fn credits_are_given_back_by_whoever_drops_them() {
    let book = Arc::new(LeaseTable::default());
    let mut reservation = credit(&book, 0).unwrap();
    assert_eq!(reservation.credits(), MAX_LEASES_OF_ENDPOINT);
    assert!(matches!(book.reserve(endpoint(), 0), Grant::AtCapacity));
    let lease = reservation.hold(fence(1));
    drop(reservation);
    assert_eq!(
        credit(&book, 0).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT - 1
    );
    assert!(!book.is_empty() && !book.is_idle(endpoint()));
    lease.settle();
    assert!(book.is_empty() && book.is_idle(endpoint()));
    assert!(
        book.0.lock().capacities.is_empty(),
        "nothing is remembered of a healthy endpoint"
    );
}

#[test]
fn a_lease_that_is_dropped_is_lost_and_one_that_is_settled_is_not() {
    let book = Arc::new(LeaseTable::default());
    let mut reservation = credit(&book, 0).unwrap();
    let (one, two) = (reservation.hold(fence(1)), reservation.hold(fence(2)));
    drop(reservation);
    assert!(book.unheld(vec![fence(1), fence(2)]).is_empty());
    one.settle();
    drop(two);
    assert!(!book.is_empty(), "a lost row is not settled yet");
    assert_eq!(book.take_lost(), [fence(2)]);
    assert!(!book.is_empty(), "nor is one that is being given back");
    book.released(1);
    assert!(book.is_empty() && book.take_lost().is_empty());
}

#[test]
fn an_open_circuit_gives_no_credit_and_then_one_probe() {
    let book = Arc::new(LeaseTable::default());
    let failures = BreakerPolicy::default().failures_to_open;
    book.record(endpoint(), OWNER, FAILED, 0);
    assert_eq!(credit(&book, 0).unwrap().credits(), DEGRADED_SENDS);
    for _ in 1..failures {
        book.record(endpoint(), OWNER, FAILED, 0);
    }
    assert!(matches!(
        book.reserve(endpoint(), 4_999),
        Grant::CircuitOpen
    ));
    let probe = credit(&book, 5_000).unwrap();
    assert_eq!(probe.credits(), 1);
    assert!(book.may_send(endpoint(), 5_000), "this is the probe");
    assert!(!book.may_send(endpoint(), 5_000));
    book.record(endpoint(), OWNER, DELIVERED, 5_001);
    drop(probe);
    assert_eq!(
        credit(&book, 5_001).unwrap().credits(),
        MAX_LEASES_OF_ENDPOINT
    );
}

#[test]
fn failing_endpoints_leave_room_for_healthy_ones() {
    let book = Arc::new(LeaseTable::default());
    let hung: Vec<_> = (10..)
        .map(|n| {
            let endpoint = EndpointId(Uuid::from_u128(n));
            book.record(endpoint, OWNER, FAILED, 0);
            book.reserve(endpoint, 0)
        })
        .take_while(|grant| matches!(grant, Grant::Granted(_)))
        .collect();
    assert_eq!(
        u32::try_from(hung.len()).unwrap() * DEGRADED_SENDS,
        MAX_DEGRADED_LEASES
    );
    assert_eq!(credit(&book, 0).unwrap().credits(), SENDS);
}

#[test]
fn an_endpoint_rests_the_longer_the_more_often_it_fails_on_our_side() {
    let book = Arc::new(LeaseTable::default());
    book.cool_down(endpoint(), 0);
    assert!(matches!(book.reserve(endpoint(), 49), Grant::CircuitOpen));
    assert!(credit(&book, 50).is_some());
    for _ in 0..10 {
        book.cool_down(endpoint(), 50);
    }
    assert!(matches!(
        book.reserve(endpoint(), 60_049),
        Grant::CircuitOpen
    ));
    assert!(credit(&book, 60_050).is_some());
}

#[test]
fn a_probe_finds_room_when_sick_endpoints_have_taken_their_share() {
    let book = Arc::new(LeaseTable::default());
    for _ in 0..BreakerPolicy::default().failures_to_open {
        book.record(endpoint(), OWNER, FAILED, 0);
    }
    let sick = (10..).map(|n| EndpointId(Uuid::from_u128(n)));
    let held: Vec<_> = sick
        .map(|endpoint| {
            book.record(endpoint, OWNER, FAILED, 0);
            book.reserve(endpoint, 5_000)
        })
        .take_while(|grant| matches!(grant, Grant::Granted(_)))
        .collect();
    assert_eq!(credit(&book, 5_000).unwrap().credits(), 1);
    // Those who get well take no more of the sick ones' share.
    assert_eq!(book.0.lock().in_use_by_degraded, MAX_DEGRADED_LEASES);
    book.record(EndpointId(Uuid::from_u128(10)), OWNER, DELIVERED, 5_000);
    assert_eq!(
        book.0.lock().in_use_by_degraded,
        MAX_DEGRADED_LEASES - DEGRADED_SENDS
    );
    drop(held);
    assert_eq!(book.0.lock().in_use_by_degraded, 0);
}

#[test]
fn a_healthy_load_keeps_no_sick_endpoint_out() {
    let book = Arc::new(LeaseTable::default());
    let healthy = (10..).map(|n| book.reserve(EndpointId(Uuid::from_u128(n)), 0));
    let held: Vec<_> = healthy
        .take(usize::try_from(FAIR_SHARE_THRESHOLD / MAX_LEASES_OF_ENDPOINT).unwrap() + 1)
        .collect();
    book.record(endpoint(), OWNER, FAILED, 0);
    assert_eq!(credit(&book, 0).unwrap().credits(), DEGRADED_SENDS);
    drop(held);
}

#[test]
fn what_answers_late_or_is_throttled_holds_few() {
    let book = Arc::new(LeaseTable::default());
    let late = Attempted {
        delivered: true,
        latency_ms: SLOW_MS,
    };
    book.record(endpoint(), OWNER, late, 0);
    assert_eq!(credit(&book, 0).unwrap().credits(), DEGRADED_SENDS);
    book.record(endpoint(), OWNER, DELIVERED, 0);
    for (rate, most) in [
        (Some(1), 1),
        (Some(5), 3),
        (Some(20), 10),
        (Some(1_000), MAX_LEASES_OF_ENDPOINT),
        (None, MAX_LEASES_OF_ENDPOINT),
    ] {
        book.throttle(endpoint(), rate);
        assert_eq!(credit(&book, 0).unwrap().credits(), most, "{rate:?}");
    }
    book.throttle(endpoint(), Some(1));
    assert!(
        book.lease_fresh(endpoint(), fence(1), 0).is_some(),
        "and is well all the same"
    );
}

#[test]
fn an_owners_change_is_a_fresh_start() {
    let book = Arc::new(LeaseTable::default());
    for _ in 0..BreakerPolicy::default().failures_to_open {
        book.record(endpoint(), OWNER, FAILED, 0);
    }
    book.cool_down(endpoint(), 0);
    book.forgive_all_of(CreditorId(Uuid::from_u128(8)));
    assert!(matches!(book.reserve(endpoint(), 1), Grant::CircuitOpen));
    book.forgive_all_of(OWNER);
    assert_eq!(credit(&book, 1).unwrap().credits(), MAX_LEASES_OF_ENDPOINT);
    assert!(book.0.lock().capacities.is_empty());
}

#[test]
fn fresh_rows_overtake_those_of_a_moment_and_none_that_wait() {
    let book = Arc::new(LeaseTable::default());
    book.begin_backlog(endpoint(), 1_000);
    book.begin_backlog(endpoint(), 1_200);
    let fresh = |n, now_ms| book.lease_fresh(endpoint(), fence(n), now_ms);
    let held = fresh(1, 1_000 + MAX_OVERTAKING_MS - 1);
    assert!(held.is_some());
    assert!(fresh(2, 1_000 + MAX_OVERTAKING_MS).is_none());
    assert!(fresh(2, 999).is_none(), "a clock that went back");
    book.end_backlog(endpoint());
    assert!(fresh(2, 1_000 + MAX_OVERTAKING_MS).is_some());
}

#[test]
fn an_endpoint_has_more_leases_than_sends_while_there_are_plenty() {
    let book = Arc::new(LeaseTable::default());
    let mut held: Vec<_> = (0..MAX_LEASES_OF_ENDPOINT)
        .map(|n| book.lease_fresh(endpoint(), fence(n.into()), 0).unwrap())
        .collect();
    assert!(book.lease_fresh(endpoint(), fence(99), 0).is_none());
    assert_eq!(book.sends(endpoint()), SENDS);
    // Of a sick one every lease counts until it is written, and it is sent less at a time.
    book.record(endpoint(), OWNER, FAILED, 0);
    held.truncate(2);
    assert!(matches!(book.reserve(endpoint(), 0), Grant::AtCapacity));
    assert_eq!(book.sends(endpoint()), DEGRADED_SENDS);
    held.into_iter().for_each(Lease::settle);
    book.record(endpoint(), OWNER, DELIVERED, 0);
    assert_eq!(credit(&book, 0).unwrap().credits(), MAX_LEASES_OF_ENDPOINT);

    let others = (10..).map(|n| book.reserve(EndpointId(Uuid::from_u128(n)), 0));
    let others: Vec<_> = others
        .take(usize::try_from(FAIR_SHARE_THRESHOLD / MAX_LEASES_OF_ENDPOINT).unwrap())
        .collect();
    assert_eq!(credit(&book, 0).unwrap().credits(), SENDS);
    let one = book.lease_fresh(endpoint(), fence(1), 0).unwrap();
    assert_eq!(credit(&book, 0).unwrap().credits(), SENDS - 1);
    drop((one, others));
}
