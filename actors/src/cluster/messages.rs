//! What the Node is told, and what comes back from its rounds.

use entities::DbErr;
use entities::queries::node::{Beat, Cleaned, Ring};
use ractor::RpcReplyPort;

/// Messages of the Node.
#[derive(Debug)]
pub(crate) enum NodeMsg {
    /// Renew the heartbeat, or join again.
    Beat,
    /// It was, or not.
    Beaten {
        /// When it began.
        began_ms: i64,
        /// What the database said.
        result: Result<Beat, RoundError>,
    },
    /// This process has joined again, or not.
    Rejoined {
        /// What the database said.
        result: Result<(), RoundError>,
    },
    /// Read the control feed.
    PollFeed,
    /// It was read and acted on, or not.
    FeedPolled {
        /// What the database said.
        result: Result<(), RoundError>,
    },
    /// Free what dead processes held.
    Rescue,
    /// So many rows are free again.
    Rescued {
        /// What the database said.
        result: Result<u64, RoundError>,
    },
    /// Remove what has had its time.
    Clean,
    /// It is gone.
    CleanedUp {
        /// What the database said.
        result: Result<Cleaned, RoundError>,
    },
    /// Copy SQLite's log into the database.
    Checkpoint,
    /// It was, or not.
    Checkpointed {
        /// How long the log was, in pages.
        result: Result<i64, RoundError>,
    },
    /// Ring for the other processes, soon.
    Ring {
        /// What there is to look at.
        ring: Ring,
    },
    /// Ring out what has gathered. Sent to itself.
    RingOut,
    /// That was done, or could not be.
    RungOut,
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
pub(crate) enum RoundError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The round died.
    #[error("the round died")]
    Died,
}
