//! Tests of how payments and amendments change the status of a placement.

use super::super::CreditorAction;
use super::tests::{NOW_MS, cents, placement, recalled, status_after};
use super::*;
use PlacementStatus::{
    Disputed, InOutreach, Paid, Ready, Recalled, Resolved, ResolvedOutOfBand, WithdrawnByCreditor,
};

#[test]
fn payment_is_recorded_in_every_status_up_to_the_balance() {
    let pay = |state: &PlacementState, raw| {
        apply(state, &Action::RecordPayment { cents: cents(raw) }, NOW_MS)
    };
    for status in PlacementStatus::OPEN {
        let part = pay(&placement(status), 400).unwrap();
        assert_eq!((part.status, part.paid), (status, cents(400)));
        assert_eq!(pay(&placement(status), 1_000).unwrap().status, Paid);
    }
    for status in [Recalled, Resolved, ResolvedOutOfBand, WithdrawnByCreditor] {
        assert_eq!(
            pay(&placement(status), 1_000).unwrap().status,
            status,
            "a payment does not change the status"
        );
    }
    let paid = PlacementState {
        paid: cents(1_000),
        ..placement(Paid)
    };
    let refusal = pay(&paid, 1).unwrap_err();
    assert_eq!(
        refusal,
        TransitionRejection::Overpayment {
            balance: Cents::ZERO
        }
    );
    assert!(refusal.to_string().contains("0.00"));
    assert_eq!(
        pay(&placement(Ready), 1_001),
        Err(TransitionRejection::Overpayment {
            balance: cents(1_000)
        })
    );
    assert_eq!(
        pay(&placement(Ready), 0),
        Err(TransitionRejection::NotPositive)
    );
}

#[test]
fn payment_while_recalled_counts_after_unrecall() {
    let state = recalled(InOutreach, NOW_MS);
    let paid = apply(
        &state,
        &Action::RecordPayment {
            cents: cents(1_000),
        },
        NOW_MS,
    )
    .unwrap();
    assert_eq!(paid.status, Recalled);
    let state = paid.applied_to(AccountStatus::Verified);
    assert_eq!(
        status_after(&state, Action::Creditor(CreditorAction::Unrecall)),
        Some(Paid)
    );
}

#[test]
fn amendment_to_the_paid_sum_settles_the_placement() {
    let state = PlacementState {
        paid: cents(400),
        ..placement(Disputed)
    };
    assert_eq!(
        status_after(&state, Action::AmendAmount { amount: cents(401) }),
        Some(Disputed)
    );
    assert_eq!(
        status_after(&state, Action::AmendAmount { amount: cents(400) }),
        Some(Paid)
    );
    assert_eq!(
        status_after(&state, Action::AmendAmount { amount: cents(1) }),
        Some(Paid)
    );
    assert_eq!(
        apply(&state, &Action::AmendAmount { amount: cents(0) }, NOW_MS),
        Err(TransitionRejection::NotPositive)
    );
    assert_eq!(
        status_after(&placement(Paid), Action::AmendAmount { amount: cents(5) }),
        None
    );
}
