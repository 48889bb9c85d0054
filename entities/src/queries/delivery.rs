//! The hot queue: claim, complete, give back; and what people are shown of it.
//!
//! Every statement here is short and bounded. The hot ones are raw, one per backend side by side; a
//! batch goes in as a list of few lengths (`queries::bulk`) or as one parameter, so that plans are kept.
//!
//! A lease is (`owner`, `claim_no`) of a row. Whoever writes to a leased row proves its lease with
//! a [`Fence`]; a row that has been rescued and claimed again does not match any more.

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

use uuid::Uuid;

use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};

pub use cancel::{cancel_disabled, cancel_statements};
pub use claim::{SQLITE_CLAIM, claim, claim_one};
pub use claim_in_order::{OrderedClaim, claim_in_order};
pub use complete::Completions;
pub use due_endpoints::due_endpoints;
pub use endpoint::{disable_endpoint, endpoint, endpoint_ids};
pub use health::{Failing, mark_failing, mark_healthy};
pub use list::{DeliveryRow, ListFilter, attempts, detail, list};
pub use queue_depth::depth;
pub use redeliver::{is_erased, requeue};
pub use release_leases::{leased_by, release};

/// How many rows of one endpoint may be leased next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimWant {
    /// Whose rows.
    pub endpoint: EndpointId,
    /// At most so many.
    pub max_rows: u32,
    /// Nothing is due before this: spares the index scan what has been deleted there.
    pub scan_floor_ms: i64,
}

/// The earliest waiting row of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    /// Whose rows wait.
    pub endpoint: EndpointId,
    /// When the first of them is due.
    pub due_ms: i64,
    /// Whether they stand in a line.
    pub in_order: bool,
}

/// What identifies one lease: a write to the row counts only while all three still match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The row.
    pub delivery: DeliveryId,
    /// Its claim.
    pub claim_no: i64,
    /// The epoch that claimed it.
    pub owner: i64,
}

/// A leased row with what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// The lease.
    pub fence: Fence,
    /// What.
    pub message: MessageId,
    /// Where to.
    pub endpoint: EndpointId,
    /// Whose.
    pub creditor: CreditorId,
    /// Outcomes so far.
    pub attempt: i32,
    /// When it was due.
    pub due_ms: i64,
    /// Whether it stands in a line, and others wait behind it.
    pub in_order: bool,
    /// Event type.
    pub event_type: String,
    /// The exact body.
    pub payload: String,
    /// When the event happened.
    pub created_ms: i64,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

/// What becomes of a leased row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionOutcome {
    /// It leaves the hot table.
    Delivered,
    /// It is tried again.
    Failed {
        /// Not before.
        due_ms: i64,
    },
    /// No attempts left.
    Exhausted,
    /// Its endpoint gets nothing more.
    Cancelled,
    /// Given back untouched: it was not sent.
    Released,
}

/// One finished attempt, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the row in the history.
    pub id: Uuid,
    /// When it ended.
    pub at_ms: i64,
    /// How long it took.
    pub latency_ms: i64,
    /// HTTP status, if there was an answer.
    pub response_status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response_excerpt: Option<String>,
}

/// The end of one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which lease.
    pub fence: Fence,
    /// What becomes of the row.
    pub outcome: CompletionOutcome,
    /// What was tried, if anything.
    pub attempt: Option<Attempt>,
}
