//! Conversion between the enums of the domain and the enums of their columns.
//!
//! The domain does not depend on the database, so both exist. The compiler reports a value that only one of them has.
//! A process cannot read a row with a value that only a newer version knows; see docs/operations.md.

use entities::placement::{StoredPosture, StoredStatus};

use crate::domain::placement::PlacementStatus;
use crate::domain::placement::draft::Posture;

macro_rules! stored {
    ($domain:ty = $stored:ty { $($value:ident),+ $(,)? }) => {
        impl From<$domain> for $stored {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$value => Self::$value,)+ }
            }
        }

        impl From<$stored> for $domain {
            fn from(value: $stored) -> Self {
                match value { $(<$stored>::$value => Self::$value,)+ }
            }
        }
    };
}

stored!(
    PlacementStatus = StoredStatus {
        PendingEnrichment,
        Ready,
        InOutreach,
        Disputed,
        Paid,
        Recalled,
        Resolved,
        ResolvedOutOfBand,
        WithdrawnByCreditor,
    }
);

stored!(Posture = StoredPosture { Preserve, Escalate });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_equal_wire_names() {
        for status in PlacementStatus::ALL {
            assert_eq!(StoredStatus::from(status).as_str(), status.as_str());
        }
        for posture in Posture::ALL {
            assert_eq!(StoredPosture::from(posture).as_str(), posture.as_str());
        }
    }
}
