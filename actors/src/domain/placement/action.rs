//! The actions on a placement and the statuses in which each is possible.
//!
//! Owns the actions and their source statuses. Never decides the resulting status: `transition` does.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::super::money::Cents;
use super::creditor_action::CreditorAction;
use super::status::PlacementStatus;

/// How the creditor resolves a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Resolution {
    /// The debt stands. Requires an answer to the debtor on record.
    Denied,
    /// The debtor is right, which closes the placement.
    Upheld,
    /// The dispute is withdrawn.
    Withdrawn,
}

names!(Resolution);

/// An action on a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Operations report a status.
    OperationsMove {
        /// The reported status.
        to: PlacementStatus,
    },
    /// The debtor disputes the debt.
    OpenDispute,
    /// The creditor resolves the dispute.
    ResolveDispute {
        /// The resolution.
        resolution: Resolution,
        /// Whether an answer to the debtor is on record.
        answered: bool,
    },
    /// The creditor acts without further input.
    Creditor(CreditorAction),
    /// A payment is recorded.
    RecordPayment {
        /// The payment, greater than zero.
        cents: Cents,
    },
    /// The creditor corrects the amount.
    AmendAmount {
        /// The new amount, greater than zero.
        amount: Cents,
    },
    /// The creditor edits fields that affect neither money nor status: notes, contract metadata,
    /// posture and the debtor's contact.
    EditDetails,
}

impl Action {
    /// The verb for error messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OperationsMove { .. } => "move",
            Self::OpenDispute => "dispute",
            Self::ResolveDispute { .. } => "resolve the dispute of",
            Self::Creditor(action) => action.rule().name,
            Self::RecordPayment { .. } => "record a payment on",
            Self::AmendAmount { .. } => "amend the amount of",
            Self::EditDetails => "edit",
        }
    }

    /// The statuses in which the action is possible.
    #[must_use]
    pub const fn possible_from(&self) -> &'static [PlacementStatus] {
        match self {
            Self::OperationsMove { to } => move_sources(*to),
            Self::OpenDispute => &[PlacementStatus::InOutreach],
            Self::ResolveDispute { .. } => &[PlacementStatus::Disputed],
            Self::Creditor(action) => action.rule().possible_from,
            Self::AmendAmount { .. } => &PlacementStatus::OPEN,
            Self::RecordPayment { .. } | Self::EditDetails => &PlacementStatus::ALL,
        }
    }
}

/// The statuses from which operations may move a placement to `to`. Operations may not report paid
/// or recalled.
const fn move_sources(to: PlacementStatus) -> &'static [PlacementStatus] {
    use PlacementStatus::{
        Disputed, InOutreach, Paid, PendingEnrichment, Ready, Recalled, Resolved,
        ResolvedOutOfBand, WithdrawnByCreditor,
    };
    match to {
        Ready => &[PendingEnrichment],
        InOutreach => &[Ready],
        Disputed => &[InOutreach],
        Resolved | ResolvedOutOfBand | WithdrawnByCreditor => &PlacementStatus::OPEN,
        PendingEnrichment | Paid | Recalled => &[],
    }
}

/// The statuses to which operations may move a placement from `from`. Empty for a closed placement.
#[must_use]
pub fn operations_targets(from: PlacementStatus) -> Vec<PlacementStatus> {
    PlacementStatus::ALL
        .into_iter()
        .filter(|to| move_sources(*to).contains(&from))
        .collect()
}
