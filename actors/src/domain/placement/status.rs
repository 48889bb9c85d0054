//! The nine statuses of a placement and their names on the wire.
//!
//! Owns the list. Which status follows which is `transition`'s.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where a placement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlacementStatus {
    /// Accepted; the debtor's data is being completed.
    PendingEnrichment,
    /// Complete; outreach has not begun.
    Ready,
    /// The debtor is being contacted.
    InOutreach,
    /// The debtor disputes the debt; outreach is stopped.
    Disputed,
    /// Recorded payments have reached the amount.
    Paid,
    /// Taken back by the creditor; can be undone within 7 days.
    Recalled,
    /// Closed by operations, or by a dispute that was upheld.
    Resolved,
    /// Settled between creditor and debtor.
    ResolvedOutOfBand,
    /// Withdrawn for good.
    WithdrawnByCreditor,
}

impl PlacementStatus {
    /// Every status, in the order of a placement's life.
    pub const ALL: [Self; 9] = [
        Self::PendingEnrichment,
        Self::Ready,
        Self::InOutreach,
        Self::Disputed,
        Self::Paid,
        Self::Recalled,
        Self::Resolved,
        Self::ResolvedOutOfBand,
        Self::WithdrawnByCreditor,
    ];

    /// The open ones.
    pub const OPEN: [Self; 4] = [
        Self::PendingEnrichment,
        Self::Ready,
        Self::InOutreach,
        Self::Disputed,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingEnrichment => "pending_enrichment",
            Self::Ready => "ready",
            Self::InOutreach => "in_outreach",
            Self::Disputed => "disputed",
            Self::Paid => "paid",
            Self::Recalled => "recalled",
            Self::Resolved => "resolved",
            Self::ResolvedOutOfBand => "resolved_out_of_band",
            Self::WithdrawnByCreditor => "withdrawn_by_creditor",
        }
    }

    /// The status of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether work on it may still go on.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::PendingEnrichment | Self::Ready | Self::InOutreach | Self::Disputed
        )
    }

    /// Whether it is closed.
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

impl Serialize for PlacementStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
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
