//! What the Node is told, and what comes back from its rounds.

use entities::DbErr;
use entities::queries::node::{CleanupResult, Heartbeat, Notification};
use ractor::RpcReplyPort;

/// Messages of the Node.
#[derive(Debug)]
pub(crate) enum NodeMsg {
    /// Renew the heartbeat, or join again.
    Heartbeat,
    /// It was, or not.
    HeartbeatDone {
        /// When it began.
        began_ms: i64,
        /// What the database said.
        result: Result<Heartbeat, TaskError>,
    },
    /// This process has joined again, or not.
    Rejoined {
        /// What the database said.
        result: Result<(), TaskError>,
    },
    /// Read the control feed.
    PollFeed,
    /// It was read and acted on, or not.
    FeedPolled {
        /// What the database said.
        result: Result<(), TaskError>,
    },
    /// Free what dead processes held.
    Rescue,
    /// So many rows are free again.
    Rescued {
        /// What the database said.
        result: Result<u64, TaskError>,
    },
    /// Remove what has had its time.
    Clean,
    /// It is gone.
    CleanedUp {
        /// What the database said.
        result: Result<CleanupResult, TaskError>,
    },
    /// Copy SQLite's log into the database.
    Checkpoint,
    /// It was, or not.
    Checkpointed {
        /// How long the log was, in pages.
        result: Result<i64, TaskError>,
    },
    /// Notification for the other processes, soon.
    Notification {
        /// What there is to look at.
        ring: Notification,
    },
    /// Notification out what has gathered. Sent to itself.
    SendNotification,
    /// That was done, or could not be.
    NotificationSent,
    /// Leave: give up the epoch and its lock.
    Drain {
        /// Answered when it is done, or cannot be.
        reply: RpcReplyPort<()>,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a round came to nothing; the next one tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The round died.
    #[error("the round died")]
    Died,
}
