//! Invariants of the transition table, as property tests over arbitrary sequences of actions.

use proptest::prelude::*;

use super::super::CreditorAction;
use super::super::outreach;
use super::tests::{NOW_MS, every_action, placement};
use super::*;
use PlacementStatus::{InOutreach, Paid, PendingEnrichment, Recalled};

/// Actions, each with the milliseconds since the previous one and the account status.
fn action_sequence() -> impl Strategy<Value = Vec<(Action, i64, AccountStatus)>> {
    let action = prop::sample::select(every_action());
    let account = prop_oneof![4 => Just(AccountStatus::Verified), 1 => prop::sample::select(AccountStatus::ALL.to_vec())];
    prop::collection::vec((action, 0..4 * 86_400_000_i64, account), 0..60)
}

proptest! {
    #[test]
    fn invariants_hold_over_any_action_sequence(steps in action_sequence()) {
        let mut state = placement(PendingEnrichment);
        let mut now_ms = NOW_MS;
        for (action, gap_ms, account) in steps {
            now_ms += gap_ms;
            state.account = account;
            let before = state;
            let Ok(change) = apply(&state, &action, now_ms) else { continue };
            state = change.applied_to(account);

            if before.status.is_terminal() && state.status != before.status {
                let own_unrecall = matches!(action, Action::Creditor(CreditorAction::Unrecall));
                prop_assert!(before.status == Recalled && before.recalled_by_creditor && own_unrecall, "{:?} left {}", action, before.status);
                prop_assert!(Some(state.status) == before.recalled_from || state.status == Paid);
                prop_assert!(now_ms - before.recalled_at_ms.unwrap() <= RECALL_WINDOW_MS);
            }
            if state.paid != before.paid {
                let payment = matches!(action, Action::RecordPayment { .. });
                prop_assert!(payment && state.paid > before.paid && state.paid <= state.amount);
            }
            if state.status == Paid {
                prop_assert!(state.paid >= state.amount, "paid below the amount");
            }
            prop_assert!(state.status.is_terminal() || state.paid < state.amount, "open although all is paid");
            prop_assert_eq!(state.status == Recalled, state.recalled_from.is_some());
            prop_assert_eq!(state.status == Recalled, state.recalled_at_ms.is_some());
            prop_assert_eq!(state.status == Recalled, state.recalled_by_creditor);
        }
    }

    #[test]
    fn outreach_requires_verified_unpaused_unpaid_placement(steps in action_sequence()) {
        let mut state = placement(PendingEnrichment);
        for (action, _, account) in steps {
            state.account = account;
            if let Ok(change) = apply(&state, &action, NOW_MS) {
                state = change.applied_to(account);
            }
            if outreach::decide(state.account, state.paused, state.status).allowed {
                prop_assert!(state.account == AccountStatus::Verified && !state.paused);
                prop_assert!(state.status == InOutreach && state.paid < state.amount);
            }
        }
    }

    #[test]
    fn editing_details_changes_nothing(status in prop::sample::select(PlacementStatus::ALL.to_vec())) {
        let state = placement(status);
        prop_assert_eq!(apply(&state, &Action::EditDetails, NOW_MS), Ok(Change::none(&state)));
    }
}
