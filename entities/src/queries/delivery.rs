//! The hot queue: claim, complete, give back; and what people are shown of it.
//!
//! Every statement here is short and bounded. The hot ones are raw, one per backend side by side:
//! Postgres takes a whole batch as one JSON parameter, so that the text of the statement, and with
//! it the prepared plan, is always the same; SQLite reads the same JSON with `json_each`.
//!
//! A lease is (`owner`, `claim_no`) of a row. Whoever writes to a leased row proves its lease with
//! a [`Fence`]; a row that has been rescued and claimed again does not match any more.

mod claim;
mod complete;
mod endpoint;
mod list;
mod release;
mod requeue;

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::Transaction;
use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};

pub use claim::{claim, waiting};
pub use complete::complete;
pub use endpoint::{cancel_disabled, disable, endpoint, endpoint_ids};
pub use list::{DeliveryRow, ListFilter, attempts, detail, list};
pub use release::{held_by, release};
pub use requeue::requeue;

/// How many rows of one endpoint may be leased next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Whose rows.
    pub endpoint: EndpointId,
    /// At most so many.
    pub credit: u32,
    /// Nothing is due before this: spares the index scan what has been deleted there.
    pub floor_ms: i64,
}

/// The earliest waiting row of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose rows wait.
    pub endpoint: EndpointId,
    /// When the first of them is due.
    pub due_ms: i64,
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
    /// Event type.
    pub event_type: String,
    /// The exact body.
    pub payload: String,
    /// When the event happened.
    pub created_ms: i64,
}

/// What becomes of a leased row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
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
    pub ending: Ending,
    /// What was tried, if anything.
    pub attempt: Option<Attempt>,
}

/// The hot statements walk indexes from a few rows that they are given. A plan is kept for many
/// executions: made while a table is small it might read that table whole, and go on to when it
/// is not. So only the one plan that is right at every size is left to choose.
const POSTGRES_PLAN: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL jit = off";

async fn fix_plan(transaction: &Transaction, more: &str) -> Result<(), DbErr> {
    transaction
        .execute_unprepared(&format!("{POSTGRES_PLAN}{more}"))
        .await
        .map(|_| ())
}
