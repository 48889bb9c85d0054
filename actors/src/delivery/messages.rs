//! The messages of the Dispatcher, the Completer and the Replayer.

use std::collections::HashSet;
use std::time::Duration;

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{ClaimRequest, DueEndpoint, Fence};
use ractor::RpcReplyPort;

use super::completed_lease::CompletedLease;
use super::health_reporter::HealthChanges;
use crate::leases::LeasedDelivery;
use crate::outbox::DeliveryWork;

/// Messages of the Dispatcher.
#[derive(Debug)]
pub(crate) enum DispatcherMsg {
    /// These endpoints may have due rows.
    Wake {
        endpoints: Vec<EndpointId>,
        /// Whether any of the rows may have an ordering key.
        in_order: bool,
    },
    /// Committed rows that were inserted pre-leased.
    Preleased {
        /// Rows of any number of endpoints.
        rows: Vec<LeasedDelivery>,
    },
    /// Delivery paused or disabled this endpoint.
    EndpointChanged { endpoint: EndpointId },
    /// An endpoint of this creditor changed, on this node or another.
    CreditorEndpointsChanged {
        creditor: CreditorId,
        /// The owner changed it, so its recorded health is out of date.
        by_owner: bool,
    },
    /// Any endpoint may have changed, because notifications were missed.
    EveryEndpointChanged,
    /// Leases of these endpoints have ended.
    CapacityFreed {
        endpoints: Vec<EndpointId>,
        /// Earliest retry of the failed deliveries, in milliseconds since the epoch.
        next_due_ms: Option<i64>,
    },
    /// Claim now; the pause between claims is over.
    Claim,
    /// A claim has finished.
    Claimed {
        /// The endpoints of the claim, with the number of rows that each may take.
        requests: Vec<ClaimRequest>,
        /// The rows, whose leases are already in the lease table. Empty if the claim failed.
        claim: Claim,
    },
    /// Another process has rows that it does not send immediately; poll soon.
    PeerNotified,
    /// Look for endpoints with waiting rows.
    Poll,
    /// A poll has finished.
    Polled {
        /// Start of the poll, in milliseconds since the epoch.
        began_ms: i64,
        /// Duration of the query.
        took: Duration,
        /// The endpoints that have waiting rows. `None` if the query failed.
        waiting: Option<Vec<DueEndpoint>>,
    },
    /// Look for orphaned leases and idle endpoint actors.
    Sweep,
    /// A sweep has read the leases of this process from the database.
    Swept {
        /// The leases that the database records for this process. `None` if the query failed.
        fences: Option<Vec<Fence>>,
    },
    /// Stop claiming and release unsent rows. Sends in flight go on.
    StopSending,
    /// Stop sending, and reply when all outcomes are written.
    Drain {
        /// Gets a reply when no lease is left.
        reply: RpcReplyPort<()>,
    },
    /// Check whether a lease is left.
    DrainCheck,
    /// Make the actor of this endpoint panic.
    #[cfg(feature = "fault-injection")]
    PanicEndpoint { endpoint: EndpointId },
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

/// The result of a claim.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    /// Claimed rows, whose leases are in the lease table.
    pub(super) rows: Vec<LeasedDelivery>,
    /// Endpoints that have rows with an ordering key.
    pub(super) have_ordered: HashSet<EndpointId>,
    /// Endpoints that have more ordered rows than one claim reads.
    pub(super) have_more: HashSet<EndpointId>,
}

/// Messages of the Completer.
#[derive(Debug)]
pub(crate) enum CompleterMsg {
    /// Leases that have ended.
    Complete {
        /// At least one lease.
        ended: Vec<CompletedLease>,
    },
    /// Write the collected outcomes.
    Flush,
    /// The write of a batch has succeeded or failed.
    Flushed {
        /// The batch. It is empty if the writing task panicked; its leases are then lost.
        batch: Vec<CompletedLease>,
        /// The health changes that were written. `None` if the write failed.
        written: Option<HealthChanges>,
    },
    /// Write an outcome that pauses or disables its endpoint.
    Disable {
        /// A lease whose `stop` is set.
        ended: Box<CompletedLease>,
        /// Number of failed writes so far.
        failures: u32,
    },
    /// The write of such an outcome has succeeded or failed.
    DisableDone {
        endpoint: EndpointId,
        /// The outcome. `None` if the writing task panicked; its lease is then lost.
        ended: Option<Box<CompletedLease>>,
        /// Number of failed writes, including this one; 0 after a success.
        failures: u32,
    },
}

/// Messages of the Replayer.
#[derive(Debug)]
pub(crate) enum ReplayerMsg {
    /// Look for a replay and process one page of it.
    Work,
    /// A page has succeeded or failed.
    PageDone {
        /// The pause before the next page.
        pause: Duration,
    },
}
