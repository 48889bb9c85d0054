//! The messages of the Node.

use std::time::Duration;

use entities::queries::node::Notification;
use ractor::RpcReplyPort;
use strum::VariantArray;

/// A periodic task of the Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, VariantArray)]
pub(crate) enum NodeTask {
    /// Renew the heartbeat, or rejoin if this process is fenced.
    Heartbeat,
    /// Read the control feed.
    PollFeed,
    /// Release the leases of failed processes.
    Rescue,
    /// Remove rows whose retention has ended.
    Clean,
    /// Copy SQLite's write-ahead log into the database.
    Checkpoint,
    /// After a refused write, test whether the database accepts writes again.
    ProbeWrites,
}

/// Messages of the Node.
#[derive(Debug)]
pub(crate) enum NodeMsg {
    /// Start a run of the task, unless one is in progress.
    Run { task: NodeTask },
    /// The run has ended.
    RunEnded {
        task: NodeTask,
        /// The delay before the next run.
        pause: Duration,
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
}
