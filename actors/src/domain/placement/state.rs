//! The state of a placement before an action, and the change that an action makes.
//!
//! Owns the two values. Never decides a change: `creditor_action` and `transition` do.

use super::super::account::AccountStatus;
use super::super::money::Cents;
use super::status::PlacementStatus;

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
    /// Whether the creditor itself recalled the placement.
    pub recalled_by_creditor: bool,
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
    /// Whether the creditor itself recalled the placement.
    pub recalled_by_creditor: bool,
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
            recalled_by_creditor,
            account: _,
        } = *state;
        Self {
            status,
            paused,
            paid,
            recalled_from,
            recalled_at_ms,
            recalled_by_creditor,
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
            recalled_by_creditor,
            amount,
        } = *self;
        PlacementState {
            status,
            paused,
            amount,
            paid,
            recalled_from,
            recalled_at_ms,
            recalled_by_creditor,
            account,
        }
    }
}
