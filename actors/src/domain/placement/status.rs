//! The nine statuses of a placement and their wire names.
//!
//! Owns the list. Never decides which status follows which: `transition` does.

use strum::{EnumString, IntoStaticStr, VariantArray};

use std::fmt;

use serde::Serialize;

/// The status of a placement.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumString,
    IntoStaticStr,
    VariantArray,
    Serialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlacementStatus {
    /// Accepted. The debtor's data is being completed.
    PendingEnrichment,
    /// Complete. Outreach has not started.
    Ready,
    /// The debtor is being contacted.
    InOutreach,
    /// The debtor disputes the debt. Outreach is stopped.
    Disputed,
    /// Recorded payments have reached the amount.
    Paid,
    /// Taken back by the creditor, who can undo this within 7 days.
    Recalled,
    /// Closed by operations, or by an upheld dispute.
    Resolved,
    /// Settled between creditor and debtor.
    ResolvedOutOfBand,
    /// Withdrawn by the creditor. Cannot be undone.
    WithdrawnByCreditor,
}

names!(PlacementStatus);

impl PlacementStatus {
    /// The open statuses.
    pub const OPEN: [Self; 4] = [
        Self::PendingEnrichment,
        Self::Ready,
        Self::InOutreach,
        Self::Disputed,
    ];

    /// Whether the placement is open, so that collection may continue.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::PendingEnrichment | Self::Ready | Self::InOutreach | Self::Disputed
        )
    }

    /// Whether the placement is closed. Only a recall can be undone.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !self.is_open()
    }
}

impl fmt::Display for PlacementStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_open_is_not_terminal() {
        for status in PlacementStatus::ALL {
            assert_eq!(PlacementStatus::parse(status.as_str()), Some(status));
            assert_eq!(status.is_open(), PlacementStatus::OPEN.contains(&status));
            assert_ne!(status.is_open(), status.is_terminal());
        }
        assert_eq!(PlacementStatus::parse("Paid"), None);
    }
}
