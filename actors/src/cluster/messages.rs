//! The messages of the Node: requests, and the results of its periodic tasks.

use entities::DbErr;
use entities::queries::node::{CleanupResult, Heartbeat, Notification};
use ractor::RpcReplyPort;

/// Messages of the Node.
#[derive(Debug)]
pub(crate) enum NodeMsg {
    /// Renew the heartbeat, or rejoin if this process is fenced.
    Heartbeat,
    /// The heartbeat has ended.
    HeartbeatDone {
        /// When the heartbeat started, in milliseconds since the Unix epoch.
        began_ms: i64,
        result: Result<Heartbeat, TaskError>,
    },
    /// The attempt to rejoin has ended.
    Rejoined { result: Result<(), TaskError> },
    /// Read the control feed.
    PollFeed,
    /// The poll of the control feed has ended.
    FeedPolled { result: Result<(), TaskError> },
    /// Release the leases of failed processes.
    Rescue,
    /// The rescue has ended.
    Rescued {
        /// The number of released leases.
        result: Result<u64, TaskError>,
    },
    /// Remove rows whose retention has ended.
    Clean,
    /// The removal has ended.
    CleanedUp {
        result: Result<CleanupResult, TaskError>,
    },
    /// Copy SQLite's write-ahead log into the database.
    Checkpoint,
    /// The checkpoint has ended.
    Checkpointed {
        /// The length of the log, in pages.
        result: Result<i64, TaskError>,
    },
    /// Notify the other processes soon. Notifications are merged for a short time.
    Notification {
        /// What the other processes should read.
        notification: Notification,
    },
    /// Send the merged notification. The Node sends this to itself.
    SendNotification,
    /// The notification was sent, or sending it failed.
    NotificationSent,
    /// Leave the cluster: give up the epoch and its lock.
    Drain {
        /// Replies when the Node has left, or could not leave.
        reply: RpcReplyPort<()>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a run of a periodic task failed. The next run tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The task panicked or was cancelled.
    #[error("the task panicked or was cancelled")]
    Died,
}
