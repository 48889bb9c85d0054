//! This process among others: membership, heartbeat, control feed, notifications, rescue, and the janitor.

mod control_feed;
mod membership;
mod node;
mod notifier;
mod periodic_tasks;
mod rescue;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use membership::Standing;
pub(crate) use node::NodeMsg;
pub(crate) use notifier::ring;
pub(crate) use tree::node_spec;
