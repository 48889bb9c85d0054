//! How a lease ends: what is written about its delivery, and what follows for its endpoint.

use entities::ids::{CreditorId, DeliveryId, EndpointId};
use entities::queries::delivery::{Attempt, Completion, Ending};
use entities::webhook_endpoint::EndpointState;

use crate::leases::{Attempted, Lease, LeasedDelivery};

/// A lease that has ended, until its completion is committed.
#[derive(Debug)]
pub(crate) struct CompletedLease {
    pub(super) lease: Lease,
    pub(super) creditor: CreditorId,
    pub(super) completion: Completion,
    /// Its endpoint is to get nothing more.
    pub(super) stop: Option<DisableReason>,
    /// Others wait behind it.
    pub(super) in_order: bool,
}

impl CompletedLease {
    pub(super) fn endpoint(&self) -> EndpointId {
        self.lease.endpoint()
    }

    pub(super) fn delivery(&self) -> DeliveryId {
        self.completion.fence.delivery
    }

    /// When it is tried again, if it is.
    pub(super) fn due_ms(&self) -> Option<i64> {
        match self.completion.ending {
            Ending::Failed { due_ms } => Some(due_ms),
            Ending::Delivered | Ending::Exhausted | Ending::Cancelled | Ending::Released => None,
        }
    }

    pub(super) fn new(leased: LeasedDelivery, ending: Ending, attempt: Option<Attempt>) -> Self {
        let completion = Completion {
            fence: leased.lease.fence(),
            ending,
            attempt,
        };
        Self {
            lease: leased.lease,
            creditor: leased.row.creditor,
            completion,
            stop: None,
            in_order: leased.row.in_order,
        }
    }

    /// Not sent: back to the queue as it was.
    pub(super) fn released(leased: LeasedDelivery) -> Self {
        Self::new(leased, Ending::Released, None)
    }

    /// Not sent, and never will be: its endpoint gets nothing more.
    pub(super) fn cancelled(leased: LeasedDelivery) -> Self {
        Self::new(leased, Ending::Cancelled, None)
    }
}

/// What became of a row that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// It was, and this came of it.
    Sent(Attempted),
    /// There is nothing left to send.
    Unneeded,
    /// It could not be, through no fault of the receiver.
    Unsent,
}

/// Why an endpoint gets nothing more, for now or for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DisableReason {
    /// Its receiver answered 410.
    ReceiverGone,
    /// It has failed everything for days.
    FailingForDays,
    /// The first in a line is out of attempts, and nothing may overtake it.
    HeadExhausted,
}

impl DisableReason {
    /// Shown to the endpoint's owner.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::ReceiverGone => "its server answered 410 Gone",
            Self::FailingForDays => "every delivery to it has failed for 5 days",
            Self::HeadExhausted => {
                "a delivery that others wait behind is out of attempts; redeliver it, then set paused to false"
            }
        }
    }

    pub(super) fn state(self) -> EndpointState {
        match self {
            Self::ReceiverGone | Self::FailingForDays => EndpointState::Disabled,
            Self::HeadExhausted => EndpointState::Paused,
        }
    }

    pub(super) fn action(self) -> &'static str {
        match self {
            Self::ReceiverGone | Self::FailingForDays => "webhook.endpoint_disabled",
            Self::HeadExhausted => "webhook.endpoint_paused",
        }
    }
}
