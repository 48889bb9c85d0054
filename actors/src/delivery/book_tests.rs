//! Credits, leases and circuits.

use entities::ids::DeliveryId;
use uuid::Uuid;

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

fn credit(book: &Arc<Book>, now_ms: i64) -> Option<Reservation> {
    match book.reserve(endpoint(), now_ms) {
        Grant::Credit(reservation) => Some(reservation),
        Grant::Busy | Grant::Shut => None,
    }
}

#[test]
fn credits_are_given_back_by_whoever_drops_them() {
    let book = Arc::new(Book::default());
    let mut reservation = credit(&book, 0).unwrap();
    assert_eq!(reservation.credits(), CREDIT);
    assert!(matches!(book.reserve(endpoint(), 0), Grant::Busy));
    let lease = reservation.hold(fence(1));
    drop(reservation);
    assert_eq!(credit(&book, 0).unwrap().credits(), CREDIT - 1);
    assert!(!book.is_empty() && !book.is_idle(endpoint()));
    lease.settle();
    assert!(book.is_empty() && book.is_idle(endpoint()));
    assert!(
        book.pages().accounts.is_empty(),
        "nothing is remembered of a healthy endpoint"
    );
}

#[test]
fn a_lease_that_is_dropped_is_lost_and_one_that_is_settled_is_not() {
    let book = Arc::new(Book::default());
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
    let book = Arc::new(Book::default());
    let failures = BreakerPolicy::default().failures_to_open;
    book.record(endpoint(), false, 0);
    assert_eq!(credit(&book, 0).unwrap().credits(), FAILING_CREDIT);
    for _ in 1..failures {
        book.record(endpoint(), false, 0);
    }
    assert!(matches!(book.reserve(endpoint(), 4_999), Grant::Shut));
    let probe = credit(&book, 5_000).unwrap();
    assert_eq!(probe.credits(), 1);
    assert!(book.may_send(endpoint(), 5_000), "this is the probe");
    assert!(!book.may_send(endpoint(), 5_000));
    book.record(endpoint(), true, 5_001);
    drop(probe);
    assert_eq!(credit(&book, 5_001).unwrap().credits(), CREDIT);
}

#[test]
fn failing_endpoints_leave_room_for_healthy_ones() {
    let book = Arc::new(Book::default());
    let hung: Vec<_> = (10..)
        .map(|n| {
            let endpoint = EndpointId(Uuid::from_u128(n));
            book.record(endpoint, false, 0);
            book.reserve(endpoint, 0)
        })
        .take_while(|grant| matches!(grant, Grant::Credit(_)))
        .collect();
    assert_eq!(
        u32::try_from(hung.len()).unwrap() * FAILING_CREDIT,
        FAILING_LEASES
    );
    assert_eq!(credit(&book, 0).unwrap().credits(), CREDIT);
}

#[test]
fn an_endpoint_rests_the_longer_the_more_often_it_fails_on_our_side() {
    let book = Arc::new(Book::default());
    book.rest(endpoint(), 0);
    assert!(matches!(book.reserve(endpoint(), 49), Grant::Shut));
    assert!(credit(&book, 50).is_some());
    for _ in 0..10 {
        book.rest(endpoint(), 50);
    }
    assert!(matches!(book.reserve(endpoint(), 60_049), Grant::Shut));
    assert!(credit(&book, 60_050).is_some());
}
