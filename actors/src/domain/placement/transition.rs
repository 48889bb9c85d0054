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
use super::payment;
pub use super::refusal::TransitionRejection;
use super::status::PlacementStatus;

/// How long a recall can be undone, in milliseconds: 7 days, inclusive.
pub const RECALL_WINDOW_MS: i64 = 7 * 86_400_000;

/// The state of a placement and its account, as input to a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacementState {
    /// The current status.
    pub status: PlacementStatus,
    /// Whether outreach is paused.
    pub paused: bool,
    /// The placed amount, after amendments.
    pub amount: Cents,
    /// The sum of recorded payments.
    pub paid: Cents,
    /// The status before the recall, while recalled.
    pub recalled_from: Option<PlacementStatus>,
    /// The instant of the recall, in Unix epoch milliseconds, while recalled.
    pub recalled_at_ms: Option<i64>,
    /// The status of the creditor's account.
    pub account: AccountStatus,
}

/// The complete state of a placement after an action, including the fields that did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The status after the action.
    pub status: PlacementStatus,
    /// Whether outreach is paused.
    pub paused: bool,
    /// The sum of recorded payments.
    pub paid: Cents,
    /// The status before the recall, while recalled.
    pub recalled_from: Option<PlacementStatus>,
    /// The instant of the recall, in Unix epoch milliseconds, while recalled.
    pub recalled_at_ms: Option<i64>,
    /// The placed amount, after amendments.
    pub amount: Cents,
}

impl Change {
    /// Creates a change that leaves `state` as it is.
    #[must_use]
    pub const fn none(state: &PlacementState) -> Self {
        let PlacementState {
            status,
            paused,
            amount,
            paid,
            recalled_from,
            recalled_at_ms,
            account: _,
        } = *state;
        Self {
            status,
            paused,
            paid,
            recalled_from,
            recalled_at_ms,
            amount,
        }
    }

    /// Returns the state after the change.
    #[must_use]
    pub const fn applied_to(&self, account: AccountStatus) -> PlacementState {
        let Self {
            status,
            paused,
            paid,
            recalled_from,
            recalled_at_ms,
            amount,
        } = *self;
        PlacementState {
            status,
            paused,
            amount,
            paid,
            recalled_from,
            recalled_at_ms,
            account,
        }
    }

    /// Sets the status to paid if the placement is open and the paid sum covers the amount. Applies
    /// after every action.
    fn settled(mut self) -> Self {
        if self.status.is_open() && payment::settles(self.amount, self.paid) {
            self.status = PlacementStatus::Paid;
        }
        self
    }
}

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
        Action::Recall => {
            change.status = PlacementStatus::Recalled;
            change.recalled_from = Some(state.status);
            change.recalled_at_ms = Some(now_ms);
        }
        Action::Unrecall { by_creditor } => unrecall(&mut change, by_creditor, now_ms)?,
        Action::Pause => change.paused = true,
        Action::Resume => change.paused = false,
        Action::RecordPayment { cents } => {
            change.paid = payment::record(state.amount, state.paid, cents)?;
        }
        Action::AmendAmount { amount } if amount <= Cents::ZERO => {
            return Err(TransitionRejection::NotPositive);
        }
        Action::AmendAmount { amount } => change.amount = amount,
        Action::EditDetails => {}
    }
    Ok(change.settled())
}

/// Reports from operations and the debtor describe facts, so every account status permits them. The
/// account status limits only the creditor's own actions.
const fn account_permits(
    account: AccountStatus,
    action: &Action,
) -> Result<(), TransitionRejection> {
    match (account, action) {
        (AccountStatus::Suspended, Action::Unrecall { .. } | Action::Resume) => {
            Err(TransitionRejection::AccountSuspended)
        }
        (
            AccountStatus::Rejected,
            Action::ResolveDispute { .. }
            | Action::Unrecall { .. }
            | Action::Pause
            | Action::Resume
            | Action::AmendAmount { .. }
            | Action::EditDetails,
        ) => Err(TransitionRejection::AccountRejected),
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

fn unrecall(
    change: &mut Change,
    by_creditor: bool,
    now_ms: i64,
) -> Result<(), TransitionRejection> {
    let origin = change.recalled_from.filter(|status| status.is_open());
    let (true, Some(origin), Some(recalled_at_ms)) = (by_creditor, origin, change.recalled_at_ms)
    else {
        return Err(TransitionRejection::NotOwnRecall);
    };
    if now_ms.saturating_sub(recalled_at_ms) > RECALL_WINDOW_MS {
        return Err(TransitionRejection::RecallWindowExpired);
    }
    change.status = origin;
    change.recalled_from = None;
    change.recalled_at_ms = None;
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
