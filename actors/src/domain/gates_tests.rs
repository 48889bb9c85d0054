//! Tests of the gates: examples for ties, and property tests for merging.

use proptest::prelude::*;

use super::*;
use crate::domain::account::{AccountStatus, account_status};

const fn fact(at_ms: i64, value: FactValue, names_previous: bool) -> Fact {
    Fact {
        at_ms,
        value,
        names_previous,
    }
}

fn merge(facts: &[Fact]) -> Option<FactState> {
    facts
        .iter()
        .fold(None, |known, fact| Some(FactState::merge(known, fact).0))
}

fn reading(facts: &[Fact]) -> GateReading {
    merge(facts).unwrap().reading()
}

#[test]
fn names_round_trip() {
    for gate in Gate::ALL {
        assert_eq!(Gate::parse(gate.as_str()), Some(gate));
    }
    for status in AccountStatus::ALL {
        assert_eq!(AccountStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(Gate::parse("kyb"), None);
    assert_eq!(AccountStatus::parse("VERIFIED"), None);
}

#[test]
fn merge_reports_the_effect_of_each_fact() {
    let (first, applied) = FactState::merge(None, &fact(10, FactValue::Open, false));
    assert_eq!(applied, Applied::Newer);
    assert_eq!(
        FactState::merge(Some(first), &fact(11, FactValue::Passed, false)).1,
        Applied::Newer
    );
    assert_eq!(
        FactState::merge(Some(first), &fact(10, FactValue::Passed, false)).1,
        Applied::Merged
    );
    assert_eq!(
        FactState::merge(Some(first), &fact(10, FactValue::Open, true)).1,
        Applied::Merged
    );
    assert_eq!(
        FactState::merge(Some(first), &fact(10, FactValue::Open, false)),
        (first, Applied::Duplicate)
    );
    assert_eq!(
        FactState::merge(Some(first), &fact(9, FactValue::Passed, true)),
        (first, Applied::Stale)
    );
}

#[test]
fn tie_is_won_by_event_with_previous_attributes() {
    let off = fact(10, FactValue::Open, false);
    let on = fact(10, FactValue::Passed, true);
    assert_eq!(
        reading(&[off, on]),
        GateReading::Confirmed(FactValue::Passed)
    );
    assert_eq!(
        reading(&[on, off]),
        GateReading::Confirmed(FactValue::Passed)
    );
}

#[test]
fn undecided_tie_is_unconfirmed_until_a_later_fact() {
    let plain = [
        fact(10, FactValue::Open, false),
        fact(10, FactValue::Passed, false),
    ];
    assert_eq!(reading(&plain), GateReading::Unconfirmed);
    let named = [
        fact(10, FactValue::Open, true),
        fact(10, FactValue::Passed, true),
    ];
    assert_eq!(reading(&named), GateReading::Unconfirmed);
    let later = [named[0], named[1], fact(11, FactValue::Passed, false)];
    assert_eq!(reading(&later), GateReading::Confirmed(FactValue::Passed));
}

#[test]
fn repeated_value_is_confirmed() {
    assert_eq!(
        reading(&[
            fact(10, FactValue::Passed, false),
            fact(10, FactValue::Passed, true)
        ]),
        GateReading::Confirmed(FactValue::Passed)
    );
}

#[test]
fn state_without_observations_is_unconfirmed() {
    for seen in [0, 0b1100_0000] {
        assert_eq!(
            FactState { at_ms: 1, seen }.reading(),
            GateReading::Unconfirmed
        );
    }
}

#[test]
fn support_fact_wins_over_provider_clock_ahead() {
    let known = merge(&[
        fact(5_000, FactValue::Open, true),
        fact(5_000, FactValue::Passed, true),
    ]);
    let repair = Fact::by_support(known.as_ref(), FactValue::Passed, 1_000);
    let (state, applied) = FactState::merge(known, &repair);
    assert_eq!((state.at_ms, applied), (5_001, Applied::Newer));
    assert_eq!(state.reading(), GateReading::Confirmed(FactValue::Passed));
    assert_eq!(Fact::by_support(None, FactValue::Open, 1_000).at_ms, 1_000);
}

#[test]
fn account_status_follows_the_kyb_fact_and_suspension() {
    let of = |facts: &[Fact]| account_status(merge(facts), false);
    assert_eq!(of(&[]), AccountStatus::PendingSignup);
    assert_eq!(
        of(&[fact(1, FactValue::Open, false)]),
        AccountStatus::InReview
    );
    assert_eq!(
        of(&[fact(1, FactValue::Passed, false)]),
        AccountStatus::Verified
    );
    assert_eq!(
        of(&[fact(1, FactValue::Refused, false)]),
        AccountStatus::Rejected
    );
    let tie = [
        fact(1, FactValue::Refused, false),
        fact(1, FactValue::Passed, false),
    ];
    assert_eq!(of(&tie), AccountStatus::InReview);
    assert_eq!(
        account_status(merge(&[fact(1, FactValue::Passed, false)]), true),
        AccountStatus::Suspended
    );
    assert_eq!(account_status(None, true), AccountStatus::Suspended);
}

#[test]
fn key_is_issued_once_and_only_with_all_gates() {
    let passed = merge(&[fact(1, FactValue::Passed, false)]);
    let all = Gates {
        kyb: passed,
        payouts: passed,
        msa: passed,
    };
    assert!(should_issue(&all, false, false, false));
    assert!(!should_issue(&all, true, false, false), "suspended");
    assert!(!should_issue(&all, false, true, false), "issued before");
    assert!(
        !should_issue(&all, false, false, true),
        "revoked by support"
    );
    for gate in Gate::ALL {
        let open = merge(&[fact(2, FactValue::Open, false)]).unwrap();
        let one_open = all.with(gate, open);
        assert_eq!(one_open.pending(), vec![gate]);
        assert!(!should_issue(&one_open, false, false, false));
    }
    assert_eq!(Gates::default().pending(), Gate::ALL.to_vec());
    assert!(
        Gates::default()
            .views()
            .iter()
            .all(|view| !view.passed && !view.unconfirmed)
    );
}

fn any_fact() -> impl Strategy<Value = Fact> {
    (
        0..4_i64,
        prop::sample::select(FactValue::ALL.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(at_ms, value, names_previous)| fact(at_ms, value, names_previous))
}

/// A list of facts, and the same facts in another order with repetitions.
fn facts_and_shuffled_copy() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    prop::collection::vec(any_fact(), 1..12).prop_flat_map(|facts| {
        let repeats = prop::collection::vec(prop::sample::select(facts.clone()), 0..8);
        let shuffled = repeats
            .prop_map({
                let facts = facts.clone();
                move |repeats| facts.iter().copied().chain(repeats).collect::<Vec<_>>()
            })
            .prop_shuffle();
        (Just(facts), shuffled)
    })
}

proptest! {
    #[test]
    fn merge_ignores_order_and_repetition((facts, shuffled) in facts_and_shuffled_copy()) {
        prop_assert_eq!(merge(&facts), merge(&shuffled));
    }

    #[test]
    fn repeated_facts_change_nothing(facts in prop::collection::vec(any_fact(), 1..12)) {
        let state = merge(&facts).unwrap();
        for fact in &facts {
            let (again, applied) = FactState::merge(Some(state), fact);
            prop_assert_eq!(again, state);
            prop_assert!(matches!(applied, Applied::Duplicate | Applied::Stale));
        }
    }

    #[test]
    fn only_newest_facts_pass_a_gate(facts in prop::collection::vec(any_fact(), 1..12)) {
        let newest = facts.iter().map(|fact| fact.at_ms).max().unwrap();
        let mut last = facts.iter().filter(|fact| fact.at_ms == newest);
        if reading(&facts) == GateReading::Confirmed(FactValue::Passed) {
            prop_assert!(last.clone().any(|fact| fact.value == FactValue::Passed));
            let contradicted_by_name = last.any(|fact| fact.value != FactValue::Passed && fact.names_previous);
            prop_assert!(!contradicted_by_name);
        }
    }

    #[test]
    fn reported_effect_matches_the_state_change(facts in prop::collection::vec(any_fact(), 1..12), next in any_fact()) {
        let before = merge(&facts);
        let (after, applied) = FactState::merge(before, &next);
        let changed = before != Some(after);
        prop_assert_eq!(changed, matches!(applied, Applied::Newer | Applied::Merged));
    }
}
