//! What one process tells the others, and this one itself, to look at again.

use entities::ids::CreditorId;

/// What has changed about a creditor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChangeKind {
    /// Keys, their states, and the account's status.
    Keys,
    /// Tier and override.
    Limits,
    /// Webhook endpoints, changed by their owner.
    Endpoints,
    /// A webhook endpoint, disabled by delivery.
    DisabledEndpoint,
}

impl ChangeKind {
    const ALL: [Self; 4] = [
        Self::Keys,
        Self::Limits,
        Self::Endpoints,
        Self::DisabledEndpoint,
    ];

    /// As it stands in the control feed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Limits => "limits",
            Self::Endpoints => "endpoints",
            Self::DisabledEndpoint => "disabled_endpoint",
        }
    }

    /// `None` for a kind that a newer program has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What the cluster reports to the modules above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterEvent {
    /// A creditor's data changed, here or on another node.
    Changed {
        creditor: CreditorId,
        kind: ChangeKind,
    },
    /// Entries of the control feed were missed: whatever is in memory may be out of date.
    FeedGap,
    /// Another node has inserted deliveries.
    PeerNotified,
    /// Deliveries that a dead process held are pending again.
    DeliveriesFreed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_survive_the_feed() {
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangeKind::parse("something newer"), None);
    }
}
