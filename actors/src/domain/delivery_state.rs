//! The delivery states that the API shows and filters by.
//!
//! Owns their wire names. Never decides which state follows.

/// Every state, as named on the wire.
pub const ALL: [&str; 6] = [
    "pending",
    "delivering",
    "delivered",
    "failed",
    "exhausted",
    "cancelled",
];

/// The states whose deliveries have a row in the queue: all except `delivered`.
pub const QUEUED: [&str; 5] = ["pending", "delivering", "failed", "exhausted", "cancelled"];
