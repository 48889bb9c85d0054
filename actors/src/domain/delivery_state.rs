//! The states of a delivery, as people are told and as they may ask for.

/// Every state.
pub const ALL: [&str; 6] = [
    "pending",
    "delivering",
    "delivered",
    "failed",
    "exhausted",
    "cancelled",
];

/// Those in which a row is in the queue.
pub const QUEUED: [&str; 5] = ["pending", "delivering", "failed", "exhausted", "cancelled"];
