//! Webhook deliveries, from the queue to the POST request: dispatcher, endpoint actors, sender, completer, replay, log
//! and metrics.
//!
//! Owns the tables `delivery` and `delivery_attempt` after the insertion of a delivery. Never creates an event;
//! `outbox` does.

mod attempt;
mod claim_queue;
mod completed_lease;
mod completer;
pub(crate) mod delivery_log;
mod disable;
mod dispatcher;
mod endpoint;
mod endpoint_actors;
mod endpoint_config;
pub(crate) mod erasure;
mod handle;
mod health_reporter;
mod messages;
mod metrics;
mod orphans;
mod queue_depth;
mod release;
pub(crate) mod replay;
mod sender;
mod test_event;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

pub(crate) use handle::Delivery;
pub(crate) use messages::DispatcherMsg;
pub(crate) use metrics::{GaugeValues, Metrics};
pub(crate) use queue_depth::QueueDepth;
pub(crate) use sender::Sender;
pub(crate) use test_event::send_test;
pub(crate) use tree::delivery_tree;
