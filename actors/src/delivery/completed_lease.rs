//! The end of a lease: the completion to write for its delivery, and the consequence for its endpoint.
//!
//! Never writes to the database; that is the Completer's task.

use entities::ids::{CreditorId, DeliveryId, EndpointId};
use entities::queries::delivery::{Attempt, Completion, CompletionOutcome};
use entities::webhook_endpoint::EndpointState;

use crate::leases::{AttemptResult, Lease, LeasedDelivery};

/// A lease that has ended but whose completion is not committed yet.
#[derive(Debug)]
pub(crate) struct CompletedLease {
    pub(super) lease: Lease,
    pub(super) creditor: CreditorId,
    pub(super) completion: Completion,
    /// Set if the endpoint is to be paused or disabled.
    pub(super) stop: Option<DisableReason>,
    /// The delivery has an ordering key, so later deliveries wait for it.
    pub(super) in_order: bool,
}

impl CompletedLease {
    pub(super) fn endpoint(&self) -> EndpointId {
        self.lease.endpoint()
    }

    pub(super) fn delivery(&self) -> DeliveryId {
        self.completion.fence.delivery
    }

    /// When the next attempt is due, in milliseconds since the epoch; `None` if there is none.
    pub(super) fn due_ms(&self) -> Option<i64> {
        match self.completion.outcome {
            CompletionOutcome::Failed { due_ms } => Some(due_ms),
            CompletionOutcome::Delivered
            | CompletionOutcome::Exhausted
            | CompletionOutcome::Cancelled
            | CompletionOutcome::Released => None,
        }
    }

    pub(super) fn new(
        leased: LeasedDelivery,
        outcome: CompletionOutcome,
        attempt: Option<Attempt>,
    ) -> Self {
        let completion = Completion {
            fence: leased.lease.fence(),
            outcome,
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

    /// The row was not sent and returns to the queue unchanged.
    pub(super) fn released(leased: LeasedDelivery) -> Self {
        Self::new(leased, CompletionOutcome::Released, None)
    }

    /// The row was not sent and never will be.
    pub(super) fn cancelled(leased: LeasedDelivery) -> Self {
        Self::new(leased, CompletionOutcome::Cancelled, None)
    }
}

/// The result of an attempt to send a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The row was sent.
    Sent(AttemptResult),
    /// The payload has been erased, so nothing was sent.
    PayloadErased,
    /// The row was not sent for a reason on our side.
    Unsent,
}

/// Why delivery pauses or disables an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DisableReason {
    /// The receiver responded 410 Gone.
    ReceiverGone,
    /// Every delivery has failed for days.
    FailingForDays,
    /// The first delivery of an ordering key is exhausted, and no later one may overtake it.
    HeadExhausted,
}

impl DisableReason {
    /// The reason as the owner of the endpoint sees it.
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
