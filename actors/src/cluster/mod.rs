//! This process among others that share the database.
//!
//! Owns the epoch under which this process leases, the proof that it lives (a session lock and a heartbeat, both on a
//! connection of its own), the rescue of what dead processes held, the control feed, the removal of what has had its time, and
//! SQLite's checkpoints. Never sends and never claims: it only says, through its membership, whether this process may.

mod change;
mod control_feed;
mod handle;
mod janitor;
mod listener;
mod membership;
mod messages;
mod node;
mod notifier;
mod periodic_tasks;
mod rescue;
mod state;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use change::{ChangeKind, ClusterEvent};
pub(crate) use handle::Cluster;
pub(crate) use membership::Membership;
pub(crate) use messages::NodeMsg;
pub(crate) use tree::node_spec;
