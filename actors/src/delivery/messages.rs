//! What the actors of delivery tell each other.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use entities::DbErr;
use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{Fence, Waiting};
use ractor::RpcReplyPort;

use super::completed_lease::CompletedLease;
use super::health_reporter::HealthChanges;
use crate::leases::LeasedDelivery;
use crate::outbox::DeliveryWork;

/// Messages of the Dispatcher.
#[derive(Debug)]
pub(crate) enum DispatcherMsg {
    /// These endpoints have fresh rows.
    Wake {
        /// Whose.
        endpoints: Vec<EndpointId>,
        /// Whether any of the rows may stand in a line.
        in_order: bool,
    },
    /// Rows that were born leased, and are committed.
    Preleased {
        /// Of any endpoints.
        rows: Vec<LeasedDelivery>,
    },
    /// An endpoint was stopped.
    EndpointChanged {
        /// Which.
        endpoint: EndpointId,
    },
    /// Some endpoint of this creditor changed, here or on another node.
    CreditorEndpointsChanged {
        /// Whose.
        creditor: CreditorId,
        /// Their owner did: what is known of how they did is out of date.
        by_owner: bool,
    },
    /// Any endpoint may have changed: what was told about it was missed.
    EveryEndpointChanged,
    /// Leases of these endpoints have ended.
    CapacityFreed {
        /// Whose.
        endpoints: Vec<EndpointId>,
        /// When the first of those that failed is due again.
        next_due_ms: Option<i64>,
    },
    /// Claim, now that the pause is over.
    Claim,
    /// A claim is back.
    Claimed {
        /// Whom it was for, and with how much credit.
        asked: Vec<ClaimRequest>,
        /// The rows; their leases are entered.
        result: Result<Claim, ClaimError>,
    },
    /// Another process has rows that it does not send at once: look soon.
    PeerNotified,
    /// Look who has rows waiting.
    Poll,
    /// Who has.
    Polled {
        /// When the look began.
        began_ms: i64,
        /// How long it took.
        took: Duration,
        /// What was seen.
        result: Result<Vec<Waiting>, ClaimError>,
    },
    /// Look for leases that nobody holds, and for actors that nobody needs.
    Sweep,
    /// What the database ascribes to this process.
    Swept {
        /// Leases.
        result: Result<Vec<Fence>, ClaimError>,
    },
    /// Claim no more, give back what has not been sent, and answer when everything is written.
    Drain {
        /// Answered when no lease is left.
        reply: RpcReplyPort<()>,
    },
    /// Look whether a lease is left.
    DrainLook,
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
    /// Makes the actor of an endpoint panic.
    #[cfg(feature = "fault-injection")]
    PanicEndpoint {
        /// Which.
        endpoint: EndpointId,
    },
}

/// Why the queue could not be read or claimed from; the next poll tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The task died.
    #[error("the task died")]
    Died,
}

impl From<DeliveryWork> for DispatcherMsg {
    fn from(work: DeliveryWork) -> Self {
        match work {
            DeliveryWork::Leased { rows } => Self::Preleased { rows },
            DeliveryWork::Pending {
                endpoints,
                in_order,
            } => Self::Wake {
                endpoints,
                in_order,
            },
        }
    }
}

/// For whom a claim is, and with how much credit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaimRequest {
    pub(super) endpoint: EndpointId,
    pub(super) credit: u32,
}

/// What a claim brought.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    /// Their leases are entered.
    pub(super) rows: Vec<LeasedDelivery>,
    /// Endpoints with rows that stand in a line.
    pub(super) have_lines: HashSet<EndpointId>,
    /// Endpoints whose lines are longer than one claim looks.
    pub(super) have_more: HashSet<EndpointId>,
}

/// Messages of the Completer.
#[derive(Debug)]
pub(crate) enum CompleterMsg {
    /// Leases that have ended.
    Complete {
        /// At least one.
        ended: Vec<CompletedLease>,
    },
    /// Write what has been collected.
    Flush,
    /// A batch has been written, or not.
    Flushed {
        /// The batch; empty if its writer died, whose leases are then lost.
        batch: Vec<CompletedLease>,
        /// What there was to say of endpoints and was said, or what the database said.
        result: Result<HealthChanges, FlushError>,
    },
    /// Write an outcome that stops its endpoint.
    DisableReason {
        /// It is one.
        ended: Box<CompletedLease>,
        /// So often it could not be written.
        failures: u32,
    },
    /// It has been written, or not.
    Stopped {
        /// Whose.
        endpoint: EndpointId,
        /// The outcome; none if its writer died, whose lease is then lost.
        ended: Option<Box<CompletedLease>>,
        /// So often it could not be written, this time included.
        failures: u32,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlushError {
    /// Try again.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The writer died with the batch.
    #[error("the writing of a batch died")]
    Died,
}

/// Messages of the Replayer.
#[derive(Debug)]
pub(crate) enum ReplayerMsg {
    /// There may be something to recover.
    Work,
    /// A page is done: the endpoints that have rows due, or `None` when there is no recovery.
    PageDone {
        /// What the database said.
        result: Result<Option<BTreeSet<EndpointId>>, StepError>,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a page was not done; it is done again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The task died.
    #[error("the task died")]
    Died,
}
