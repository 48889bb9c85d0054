//! What can be asked of a placement, and in which statuses.
//!
//! Owns the left and right columns of the transition table: who asks for what, and from where. Where it
//! leads is `transition`'s.

use super::super::money::Cents;
use super::status::PlacementStatus;

/// How the creditor resolves a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// The debt stands; needs an answer to the debtor on record.
    Denied,
    /// The debtor is right; ends the placement.
    Upheld,
    /// The dispute is dropped.
    Withdrawn,
}

impl Resolution {
    /// Every resolution.
    pub const ALL: [Self; 3] = [Self::Denied, Self::Upheld, Self::Withdrawn];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Upheld => "upheld",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The resolution of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|resolution| resolution.as_str() == name)
    }
}

/// What somebody wants to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Operations report a status.
    OperationsMove {
        /// The status they report.
        to: PlacementStatus,
    },
    /// The debtor disputes the debt.
    OpenDispute,
    /// The creditor resolves the dispute.
    ResolveDispute {
        /// How.
        resolution: Resolution,
        /// Whether an answer to the debtor is on record.
        answered: bool,
    },
    /// The creditor takes the placement back.
    Recall,
    /// The creditor undoes its recall; from where and since when is in the [`super::transition::PlacementState`].
    Unrecall {
        /// Whether the recall on record is the creditor's own.
        by_creditor: bool,
    },
    /// The creditor pauses outreach; pausing what is paused changes nothing.
    Pause,
    /// The creditor resumes outreach; resuming what is not paused changes nothing.
    Resume,
    /// Money arrived.
    RecordPayment {
        /// How much; positive.
        cents: Cents,
    },
    /// The creditor corrects the amount.
    AmendAmount {
        /// The new amount; positive.
        amount: Cents,
    },
    /// The creditor edits what changes neither money nor status: notes, contract metadata, posture,
    /// the debtor's contact.
    EditDetails,
}

impl Action {
    /// What it is called in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OperationsMove { .. } => "move",
            Self::OpenDispute => "dispute",
            Self::ResolveDispute { .. } => "resolve the dispute of",
            Self::Recall => "recall",
            Self::Unrecall { .. } => "unrecall",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::RecordPayment { .. } => "record a payment on",
            Self::AmendAmount { .. } => "amend the amount of",
            Self::EditDetails => "edit",
        }
    }

    /// The statuses in which it is possible.
    #[must_use]
    pub const fn possible_from(&self) -> &'static [PlacementStatus] {
        match self {
            Self::OperationsMove { to } => move_sources(*to),
            Self::OpenDispute => &[PlacementStatus::InOutreach],
            Self::ResolveDispute { .. } => &[PlacementStatus::Disputed],
            Self::Recall | Self::Pause | Self::Resume | Self::AmendAmount { .. } => {
                &PlacementStatus::OPEN
            }
            Self::Unrecall { .. } => &[PlacementStatus::Recalled],
            Self::RecordPayment { .. } | Self::EditDetails => &PlacementStatus::ALL,
        }
    }
}

/// The statuses from which operations may move a placement to `to`. Paid and recalled are not
/// theirs to report.
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

/// Where operations may move a placement from `from`; empty for a closed one.
#[must_use]
pub fn operations_targets(from: PlacementStatus) -> Vec<PlacementStatus> {
    PlacementStatus::ALL
        .into_iter()
        .filter(|to| move_sources(*to).contains(&from))
        .collect()
}
