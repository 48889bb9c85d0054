//! The wrappers of lists and of results that can be replayed.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The requested page size.
    pub limit: u64,
    /// The number of rows before this page.
    pub offset: u64,
    /// The number of matching rows. Null if a search matches more than 10,000.
    pub total: Option<u64>,
}

/// A result, and whether it comes from a stored idempotency record.
#[derive(Debug, Clone)]
pub struct Replayable<T> {
    /// The result.
    pub value: T,
    /// Whether an earlier request with the same idempotency key did the work.
    pub replayed: bool,
}

/// Keyset pagination.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pagination {
    /// Whether older rows exist.
    pub has_more: bool,
    /// The value of `cursor` for the next page. Null on the last page.
    pub next_cursor: Option<String>,
}
