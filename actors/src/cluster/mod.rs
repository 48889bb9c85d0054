//! The cluster: this process and the other processes that share the database.
//!
//! Owns the epoch that holds the leases of this process, its session lock and its heartbeat (both on a dedicated
//! connection), the rescue of leases of failed processes, the control feed, notifications, the janitor and SQLite's
//! checkpoints. Never claims or sends a delivery. Its membership only says whether this process may.

mod change;
mod control_feed;
mod handle;
mod janitor;
mod listener;
mod membership;
mod messages;
mod node;
mod node_count;
mod notifier;
mod periodic_tasks;
mod rescue;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use change::{ChangeKind, ClusterEvent};
pub(crate) use handle::Cluster;
pub(crate) use membership::Membership;
pub(crate) use messages::NodeMsg;
pub(crate) use node_count::NodeCount;
pub(crate) use tree::node_spec;
