//! The transition table of a placement as one pure function.
//!
//! | from | to | by |
//! |---|---|---|
//! | pending_enrichment | ready | operations |
//! | ready | in_outreach | operations |
//! | in_outreach | disputed | the debtor, reported by operations |
//! | disputed | in_outreach | dispute denied, only with an answer on record |
//! | disputed | resolved | dispute upheld |
//! | disputed | in_outreach | dispute withdrawn; also paused if no answer is on record |
//! | any open | paid | recorded payments reach the amount |
//! | any open | recalled | the creditor |
//! | any open | resolved, resolved_out_of_band, withdrawn_by_creditor | operations |
//! | recalled | the previous status | the creditor, own recall, within 7 days |
//!
//! Owns how actions change the status, the pause flag, the amount and the paid sum, and which actions
//! the account status permits. Never writes: the command executor applies a [`Change`].

use super::super::account::AccountStatus;
use super::super::money::Cents;
pub use super::action::{Action, Resolution, operations_targets};
pub use super::creditor_action::RECALL_WINDOW_MS;
use super::payment;
pub use super::refusal::TransitionRejection;
pub use super::state::{Change, PlacementState};
use super::status::PlacementStatus;

/// Checks that a creditor with this account status may place invoices.
///
/// # Errors
/// [`TransitionRejection::AccountSuspended`] or [`TransitionRejection::AccountRejected`].
pub const fn may_place(account: AccountStatus) -> Result<(), TransitionRejection> {
    match account {
        AccountStatus::Suspended => Err(TransitionRejection::AccountSuspended),
        AccountStatus::Rejected => Err(TransitionRejection::AccountRejected),
        AccountStatus::PendingSignup | AccountStatus::InReview | AccountStatus::Verified => Ok(()),
    }
}

/// Applies an action at `now_ms` (Unix epoch milliseconds).
///
/// # Errors
/// [`TransitionRejection`] of the first check that fails: the account status, then the placement's
/// status, then the rules of the action.
pub fn apply(
    state: &PlacementState,
    action: &Action,
    now_ms: i64,
) -> Result<Change, TransitionRejection> {
    account_permits(state.account, action)?;
    status_permits(state.status, action)?;
    let mut change = Change::none(state);
    match *action {
        Action::OperationsMove { to } => change.status = to,
        Action::OpenDispute => change.status = PlacementStatus::Disputed,
        Action::ResolveDispute {
            resolution,
            answered,
        } => resolve(&mut change, resolution, answered)?,
        Action::Creditor(action) => action.apply(&mut change, now_ms)?,
        Action::RecordPayment { cents } => {
            change.paid = payment::record(state.amount, state.paid, cents)?;
        }
        Action::AmendAmount { amount } if amount <= Cents::ZERO => {
            return Err(TransitionRejection::NotPositive);
        }
        Action::AmendAmount { amount } => change.amount = amount,
        Action::EditDetails => {}
    }
    Ok(settled(change))
}

/// Sets the status to paid if the placement is open and the paid sum covers the amount. Applies after
/// every action.
fn settled(mut change: Change) -> Change {
    if change.status.is_open() && payment::settles(change.amount, change.paid) {
        change.status = PlacementStatus::Paid;
    }
    change
}

/// Reports from operations and the debtor describe facts, so every account status permits them. The
/// account status limits only the creditor's own actions.
fn account_permits(account: AccountStatus, action: &Action) -> Result<(), TransitionRejection> {
    let refused_by: &[AccountStatus] = match action {
        Action::Creditor(action) => action.rule().refused_by,
        Action::ResolveDispute { .. } | Action::AmendAmount { .. } | Action::EditDetails => {
            &[AccountStatus::Rejected]
        }
        Action::OperationsMove { .. } | Action::OpenDispute | Action::RecordPayment { .. } => &[],
    };
    match account {
        AccountStatus::Suspended if refused_by.contains(&account) => {
            Err(TransitionRejection::AccountSuspended)
        }
        AccountStatus::Rejected if refused_by.contains(&account) => {
            Err(TransitionRejection::AccountRejected)
        }
        _ => Ok(()),
    }
}

fn status_permits(from: PlacementStatus, action: &Action) -> Result<(), TransitionRejection> {
    if action.possible_from().contains(&from) {
        return Ok(());
    }
    Err(match *action {
        Action::OperationsMove { to } => TransitionRejection::InvalidMove {
            from,
            to,
            allowed: operations_targets(from),
        },
        _ => {
            let allowed = action.possible_from().to_vec();
            TransitionRejection::InvalidTransition {
                from,
                action: action.name(),
                allowed,
            }
        }
    })
}

fn resolve(
    change: &mut Change,
    resolution: Resolution,
    answered: bool,
) -> Result<(), TransitionRejection> {
    match resolution {
        Resolution::Denied if !answered => return Err(TransitionRejection::AnswerRequired),
        Resolution::Denied => change.status = PlacementStatus::InOutreach,
        Resolution::Upheld => change.status = PlacementStatus::Resolved,
        Resolution::Withdrawn => {
            change.status = PlacementStatus::InOutreach;
            change.paused |= !answered;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "transition_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "transition_properties_tests.rs"]
mod transition_properties_tests;

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod settlement_tests;
