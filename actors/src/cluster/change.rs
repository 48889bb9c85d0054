//! The kinds of changes that processes announce to each other, and the events that the cluster reports to other
//! modules.

use entities::ids::CreditorId;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The part of a creditor's data that changed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ChangeKind {
    /// API keys, their states and the account's status.
    Keys,
    /// The rate-limit tier and its override.
    Limits,
    /// Webhook endpoints, changed by their owner.
    Endpoints,
    /// A webhook endpoint that the platform disabled.
    DisabledEndpoint,
}

impl ChangeKind {
    /// The name in the control feed.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Parses a name. `None` for a kind that only a newer version of the program knows.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An event that the cluster reports to the modules above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterEvent {
    /// A creditor's data changed, here or on another node.
    Changed {
        creditor: CreditorId,
        kind: ChangeKind,
    },
    /// Entries of the control feed were missed, so all cached state may be stale.
    FeedGap,
    /// Another node has inserted deliveries.
    PeerNotified,
    /// Leases of a failed process were released, so its deliveries are pending again.
    DeliveriesFreed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_kind_round_trips_through_its_name() {
        for kind in <ChangeKind as strum::VariantArray>::VARIANTS
            .iter()
            .copied()
        {
            assert_eq!(ChangeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangeKind::parse("unknown_kind"), None);
    }
}
