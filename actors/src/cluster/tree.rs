//! This process among others that share the database.
//!
//! Owns the epoch under which this process leases, the proof that it lives (a session lock and a
//! heartbeat, both on a connection of its own), the rescue of what dead processes held, the
//! control feed, the removal of what has had its time, and SQLite's checkpoints. Never sends and never
//! claims: it only says, through [`Standing`], whether this process may.

use std::sync::Arc;

use super::node::{Node, NodeArgs};
use crate::app::House;
use crate::supervision::ChildSpec;

/// The Node's place in the tree.
pub(crate) fn node_spec(house: &Arc<House>) -> ChildSpec {
    let args = Arc::clone(house);
    let (lane, me) = (&house.writing, &house.addresses.node);
    ChildSpec::worker_on(lane, "Node", "Node", me, move || {
        (
            Node,
            NodeArgs {
                house: Arc::clone(&args),
            },
        )
    })
}
