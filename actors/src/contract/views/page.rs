//! What every list and every repeatable answer is wrapped in.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The page size that was asked for.
    pub limit: u64,
    /// Rows skipped.
    pub offset: u64,
    /// Every row that matches; null where a search matches more than 10,000.
    pub total: Option<u64>,
}

/// A value, and whether it was answered from a stored idempotency record.
#[derive(Debug, Clone)]
pub struct Replayable<T> {
    /// The answer.
    pub value: T,
    /// True when nothing was done because it had been done before.
    pub replayed: bool,
}

/// Keyset pagination.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pagination {
    /// Whether older rows exist.
    pub has_more: bool,
    /// Send it back as `cursor`.
    pub next_cursor: Option<String>,
}
