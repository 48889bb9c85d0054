//! The hot queue: claims, completions, releases, and the views of the queue.
//!
//! Every statement is short and bounded. Hot statements are raw SQL, one for each backend. A batch is passed as a list
//! of one of few lengths (`queries::bulk`) or as one parameter, so that the database can reuse plans.
//!
//! A lease is the pair (`owner`, `claim_no`) of a row. Every write to a leased row proves the lease with a [`Fence`].
//! The fence no longer matches once the row has been rescued and claimed again.

mod cancel;
mod claim;
mod claim_in_order;
mod complete;
mod due_endpoints;
mod endpoint;
mod health;
mod list;
mod queue_depth;
mod redeliver;
mod release_leases;

use sea_orm::FromQueryResult;

use crate::ids::{AttemptId, CreditorId, DeliveryId, EndpointId, MessageId};

pub use cancel::{cancel_disabled, cancel_statements};
pub use claim::{SQLITE_CLAIM, claim, claim_one};
pub use claim_in_order::{OrderedClaim, claim_in_order};
pub use complete::Completions;
pub use due_endpoints::due_endpoints;
pub use endpoint::{disable_endpoint, endpoint};
pub use health::{Failing, mark_failing, mark_healthy};
pub use list::{DeliveryRow, ListFilter, attempts, detail, list};
pub use queue_depth::depth;
pub use redeliver::{is_erased, requeue};
pub use release_leases::{leased_by, release};

/// How many rows of an endpoint a claim may lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Maximum number of rows.
    pub max_rows: u32,
    /// No row is due before this time (epoch milliseconds), so the index scan skips deleted entries before it.
    pub scan_floor_ms: i64,
}

/// An endpoint with waiting rows, and when the first of them is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// When the first row is due, epoch milliseconds.
    pub due_ms: i64,
    /// Whether the rows have an ordering key.
    pub in_order: bool,
}

/// Identifies a lease. A write to the row takes effect only if all three fields still match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromQueryResult)]
pub struct Fence {
    /// The leased row.
    #[sea_orm(from_alias = "id")]
    pub delivery: DeliveryId,
    /// Number of the claim.
    pub claim_no: i64,
    /// Epoch of the node that claimed the row.
    pub owner: i64,
}

/// A leased row with the content to send.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ClaimedDelivery {
    /// Fence of the lease.
    #[sea_orm(nested)]
    pub fence: Fence,
    /// The message.
    #[sea_orm(from_alias = "message_id")]
    pub message: MessageId,
    /// The endpoint to send it to.
    #[sea_orm(from_alias = "endpoint_id")]
    pub endpoint: EndpointId,
    /// Owning creditor.
    #[sea_orm(from_alias = "creditor_id")]
    pub creditor: CreditorId,
    /// Number of finished attempts.
    pub attempt: i32,
    /// When the row was due, epoch milliseconds.
    pub due_ms: i64,
    /// Whether the row has an ordering key, so that other rows wait for it.
    pub in_order: bool,
    /// Event type.
    pub event_type: String,
    /// The exact body to send.
    pub payload: String,
    /// When the event happened, epoch milliseconds.
    pub created_ms: i64,
    /// Trace of the request that caused the event, in W3C Trace Context format.
    pub traceparent: Option<String>,
}

/// What happens to a leased row when its lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionOutcome {
    /// The row is deleted from the queue.
    Delivered,
    /// The row is attempted again.
    Failed {
        /// Earliest time of the next attempt, epoch milliseconds.
        due_ms: i64,
    },
    /// The row is out of attempts.
    Exhausted,
    /// The row is not attempted again, because its endpoint was disabled.
    Cancelled,
    /// The row was not sent and returns to the queue unchanged.
    Released,
}

/// A finished attempt, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// UUID v7 of the row in the history.
    pub id: AttemptId,
    /// When the attempt ended, epoch milliseconds.
    pub at_ms: i64,
    /// Duration in milliseconds.
    pub latency_ms: i64,
    /// HTTP status, if there was a response.
    pub response_status: Option<u16>,
    /// Why the attempt failed.
    pub error: Option<String>,
    /// Beginning of the response body.
    pub response_excerpt: Option<String>,
}

/// The end of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Fence of the lease.
    pub fence: Fence,
    /// What happens to the row.
    pub outcome: CompletionOutcome,
    /// The attempt, if one was made.
    pub attempt: Option<Attempt>,
}
