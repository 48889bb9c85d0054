//! Tests of the transition table: every pair of status and action.

use super::super::CreditorAction;
use super::*;
use CreditorAction::{Pause, Recall, Resume, Unrecall};
use PlacementStatus::{
    Disputed, InOutreach, Paid, PendingEnrichment, Ready, Recalled, Resolved, ResolvedOutOfBand,
    WithdrawnByCreditor,
};

pub(super) const NOW_MS: i64 = 1_795_341_600_000;

pub(super) const fn cents(raw: i64) -> Cents {
    Cents::from_raw(raw)
}

pub(super) const fn placement(status: PlacementStatus) -> PlacementState {
    PlacementState {
        status,
        paused: false,
        amount: cents(1_000),
        paid: cents(0),
        recalled_from: None,
        recalled_at_ms: None,
        recalled_by_creditor: false,
        account: AccountStatus::Verified,
    }
}

pub(super) const fn recalled(from: PlacementStatus, at_ms: i64) -> PlacementState {
    PlacementState {
        recalled_from: Some(from),
        recalled_at_ms: Some(at_ms),
        recalled_by_creditor: true,
        ..placement(Recalled)
    }
}

pub(super) fn status_after(state: &PlacementState, action: Action) -> Option<PlacementStatus> {
    apply(state, &action, NOW_MS)
        .ok()
        .map(|change| change.status)
}

#[test]
fn operations_moves_follow_the_table() {
    for from in PlacementStatus::ALL {
        for to in PlacementStatus::ALL {
            let expected = match (from, to) {
                (PendingEnrichment, Ready) | (Ready, InOutreach) | (InOutreach, Disputed) => true,
                (_, Resolved | ResolvedOutOfBand | WithdrawnByCreditor) => from.is_open(),
                _ => false,
            };
            let after = status_after(&placement(from), Action::OperationsMove { to });
            assert_eq!(after, expected.then_some(to), "{from} to {to}");
            assert_eq!(operations_targets(from).contains(&to), expected);
        }
    }
}

#[test]
fn dispute_opens_only_in_outreach() {
    for from in PlacementStatus::ALL {
        let after = status_after(&placement(from), Action::OpenDispute);
        assert_eq!(after, (from == InOutreach).then_some(Disputed));
    }
}

#[test]
fn dispute_resolutions_follow_the_table() {
    let resolve = |resolution, answered| {
        apply(
            &placement(Disputed),
            &Action::ResolveDispute {
                resolution,
                answered,
            },
            NOW_MS,
        )
    };
    let outcome = |resolution, answered| {
        resolve(resolution, answered).map(|change| (change.status, change.paused))
    };
    assert_eq!(outcome(Resolution::Denied, true), Ok((InOutreach, false)));
    assert_eq!(
        outcome(Resolution::Denied, false),
        Err(TransitionRejection::AnswerRequired)
    );
    assert_eq!(outcome(Resolution::Upheld, false), Ok((Resolved, false)));
    assert_eq!(outcome(Resolution::Upheld, true), Ok((Resolved, false)));
    assert_eq!(
        outcome(Resolution::Withdrawn, true),
        Ok((InOutreach, false))
    );
    assert_eq!(
        outcome(Resolution::Withdrawn, false),
        Ok((InOutreach, true))
    );
    let denied = Action::ResolveDispute {
        resolution: Resolution::Denied,
        answered: false,
    };
    for from in PlacementStatus::ALL
        .into_iter()
        .filter(|from| *from != Disputed)
    {
        let refusal = apply(&placement(from), &denied, NOW_MS).unwrap_err();
        assert!(
            matches!(refusal, TransitionRejection::InvalidTransition { .. }),
            "{from}"
        );
    }
    let paused = PlacementState {
        paused: true,
        ..placement(Disputed)
    };
    let withdrawn = Action::ResolveDispute {
        resolution: Resolution::Withdrawn,
        answered: true,
    };
    assert!(
        apply(&paused, &withdrawn, NOW_MS).unwrap().paused,
        "the placement stays paused"
    );
}

#[test]
fn unrecall_restores_the_previous_status() {
    for from in PlacementStatus::OPEN {
        let change = apply(&placement(from), &Action::Creditor(Recall), NOW_MS).unwrap();
        assert_eq!(
            (change.status, change.recalled_from, change.recalled_at_ms),
            (Recalled, Some(from), Some(NOW_MS))
        );
        let state = change.applied_to(AccountStatus::Verified);
        let back = apply(
            &state,
            &Action::Creditor(Unrecall),
            NOW_MS + RECALL_WINDOW_MS,
        )
        .unwrap();
        assert_eq!(back, Change::none(&placement(from)));
    }
    for from in PlacementStatus::ALL
        .into_iter()
        .filter(|from| from.is_terminal())
    {
        assert_eq!(
            status_after(&placement(from), Action::Creditor(Recall)),
            None
        );
    }
}

#[test]
fn unrecall_is_refused_after_seven_days_or_by_others() {
    let unrecall = |state: &PlacementState, recalled_by_creditor, now_ms| {
        let state = PlacementState {
            recalled_by_creditor,
            ..*state
        };
        apply(&state, &Action::Creditor(Unrecall), now_ms)
    };
    let state = recalled(Ready, NOW_MS);
    let late = unrecall(&state, true, NOW_MS + RECALL_WINDOW_MS + 1);
    assert_eq!(late, Err(TransitionRejection::RecallWindowExpired));
    assert_eq!(
        unrecall(&state, false, NOW_MS),
        Err(TransitionRejection::NotOwnRecall)
    );
    assert_eq!(
        unrecall(&placement(Recalled), true, NOW_MS),
        Err(TransitionRejection::NotOwnRecall)
    );
    assert_eq!(
        unrecall(&recalled(Paid, NOW_MS), true, NOW_MS),
        Err(TransitionRejection::NotOwnRecall)
    );
    assert!(matches!(
        unrecall(&placement(Ready), true, NOW_MS),
        Err(TransitionRejection::InvalidTransition { .. })
    ));
}

#[test]
fn pause_is_idempotent_and_refused_when_closed() {
    let paused = apply(&placement(Ready), &Action::Creditor(Pause), NOW_MS)
        .unwrap()
        .applied_to(AccountStatus::Verified);
    assert!(paused.paused);
    assert_eq!(
        apply(&paused, &Action::Creditor(Pause), NOW_MS),
        Ok(Change::none(&paused))
    );
    assert!(
        !apply(&paused, &Action::Creditor(Resume), NOW_MS)
            .unwrap()
            .paused
    );
    for status in PlacementStatus::ALL
        .into_iter()
        .filter(|status| status.is_terminal())
    {
        assert_eq!(
            status_after(&placement(status), Action::Creditor(Pause)),
            None
        );
        assert_eq!(
            status_after(&placement(status), Action::Creditor(Resume)),
            None
        );
    }
}

#[test]
fn account_status_limits_actions() {
    let with = |account, state: PlacementState, action| {
        apply(&PlacementState { account, ..state }, &action, NOW_MS).err()
    };
    let (suspended, rejected) = (AccountStatus::Suspended, AccountStatus::Rejected);
    let unrecall = Action::Creditor(Unrecall);
    let pay = Action::RecordPayment { cents: cents(1) };
    let refused = Some(TransitionRejection::AccountSuspended);
    assert_eq!(
        with(suspended, placement(Ready), Action::Creditor(Resume)),
        refused
    );
    assert_eq!(with(suspended, recalled(Ready, NOW_MS), unrecall), refused);
    for action in [
        Action::Creditor(Recall),
        Action::Creditor(Pause),
        pay,
        Action::EditDetails,
    ] {
        assert_eq!(
            with(suspended, placement(Ready), action),
            None,
            "{action:?}"
        );
    }
    let refused = Some(TransitionRejection::AccountRejected);
    let withdrawn = Action::ResolveDispute {
        resolution: Resolution::Withdrawn,
        answered: true,
    };
    for action in [
        Action::Creditor(Pause),
        Action::Creditor(Resume),
        Action::EditDetails,
        unrecall,
        withdrawn,
    ] {
        assert_eq!(
            with(rejected, placement(Ready), action),
            refused,
            "{action:?}"
        );
    }
    for account in AccountStatus::ALL {
        assert_eq!(with(account, placement(Ready), pay), None);
        assert_eq!(
            with(account, placement(Ready), Action::Creditor(Recall)),
            None
        );
        assert_eq!(
            with(account, placement(InOutreach), Action::OpenDispute),
            None
        );
    }
    assert_eq!(may_place(AccountStatus::Verified), Ok(()));
    assert_eq!(
        may_place(suspended),
        Err(TransitionRejection::AccountSuspended)
    );
    assert_eq!(
        may_place(rejected),
        Err(TransitionRejection::AccountRejected)
    );
}

#[test]
fn refusal_messages_advise_and_contain_no_brackets() {
    let refused = |status, action| {
        apply(&placement(status), &action, NOW_MS)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(Paid, Action::Creditor(Recall)),
        "cannot recall a placement that is paid: possible only while it is pending_enrichment, ready, in_outreach, disputed"
    );
    assert_eq!(
        refused(PendingEnrichment, Action::OperationsMove { to: InOutreach }),
        "cannot move a placement from pending_enrichment to in_outreach: the allowed statuses are ready, resolved, \
         resolved_out_of_band, withdrawn_by_creditor"
    );
    for status in PlacementStatus::ALL {
        for action in every_action() {
            if let Err(refusal) = apply(&placement(status), &action, NOW_MS) {
                assert!(!refusal.to_string().contains(['[', ']']), "{refusal}");
            }
        }
    }
}

pub(super) fn every_action() -> Vec<Action> {
    let moves = PlacementStatus::ALL.map(|to| Action::OperationsMove { to });
    let resolutions = Resolution::ALL.into_iter().flat_map(|resolution| {
        [false, true].map(|answered| Action::ResolveDispute {
            resolution,
            answered,
        })
    });
    let payments = [1, 300, 1_000].map(|raw| Action::RecordPayment { cents: cents(raw) });
    let amounts = [1, 500, 2_000].map(|raw| Action::AmendAmount { amount: cents(raw) });
    let creditor = CreditorAction::ALL.iter().copied().map(Action::Creditor);
    let plain = [Action::OpenDispute, Action::EditDetails];
    moves
        .into_iter()
        .chain(resolutions)
        .chain(payments)
        .chain(amounts)
        .chain(creditor)
        .chain(plain)
        .collect()
}
